"""Addresses that a caller gave. Those that are not public are refused when the connection is made,
after the name has been resolved, so neither redirects nor names that change their address lead
inside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpcore

from polyvox.domain.errors import InvalidInput

_SCHEMES = ("http", "https")
_LONGEST = 2000
"""Characters of a URL."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def check_url(url: str, param: str) -> None:
    """Raises InvalidInput for what is no plain http(s) address."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or len(url) > _LONGEST or not url.isprintable() or not url.isascii():
        raise InvalidInput("Only http:// and https:// URLs are fetched.", param=param)


class PublicNetwork(httpcore.AnyIOBackend):
    """Connects to public addresses only, and to the very address that was checked."""

    def __init__(self, private: bool) -> None:
        self._private = private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address for '{host:.80}'") from error
        addresses = [str(each[4][0]) for each in found]
        if not self._private and not all(map(is_public, addresses)):
            raise InvalidInput("The URL leads to a private address, which is refused.")
        return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address that is inside it, is a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside:
            return is_public(str(inside))
    return ip.is_global and not ip.is_multicast

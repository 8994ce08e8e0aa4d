"""Recordings that a caller names by URL. Addresses that are not public are refused when the
connection is made, after the name has been resolved, so neither redirects nor names that change
their address lead inside."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore

from polyvox.domain.errors import InvalidInput, TimedOut, TooLarge

_SCHEMES = ("http", "https")
_REDIRECTS = 5
_LONGEST = 2000
"""Characters of a URL."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Bounds:
    """Of what is fetched."""

    bytes: int
    seconds: float
    """For the whole of it, redirects included."""
    private: bool
    """Whether private and loopback addresses are allowed."""


@contextlib.asynccontextmanager
async def fetched(url: str, bounds: Bounds) -> AsyncIterator[Path]:
    """A file with what is at `url`, until the block is left.

    Raises InvalidInput for an address that is refused or gives no file, TooLarge, and TimedOut.
    """
    with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
        target = Path(folder) / "fetched"
        try:
            async with asyncio.timeout(bounds.seconds):
                await _fetch(url, target, bounds)
        except TimeoutError as error:
            late = f"The recording did not come from its URL within {bounds.seconds:g} s."
            raise TimedOut(late, param="audio") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise InvalidInput(
                f"Nothing can be fetched from the URL: {error}", param="audio"
            ) from (error)
        yield target


async def _fetch(url: str, target: Path, bounds: Bounds) -> None:
    network = _PublicNetwork(bounds.private)
    async with httpcore.AsyncConnectionPool(network_backend=network) as pool:
        for _ in range(_REDIRECTS + 1):
            _check(url)
            async with pool.stream("GET", url, headers={"User-Agent": "Polyvox"}) as answer:
                if answer.status in _MOVED:
                    url = urljoin(url, _header(answer, b"location"))
                    continue
                if answer.status != 200:
                    raise InvalidInput(f"The URL answers {answer.status}.", param="audio")
                await _write(answer, target, bounds.bytes)
                return
    raise InvalidInput("The URL leads from redirect to redirect.", param="audio")


async def _write(answer: httpcore.Response, target: Path, most: int) -> None:
    too_large = TooLarge(f"What the URL gives is over {most / 1e6:g} MB.", param="audio")
    announced = _header(answer, b"content-length")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    size = 0
    with target.open("wb") as written:
        async for piece in answer.aiter_stream():
            size += len(piece)
            if size > most:
                raise too_large
            written.write(piece)


def _check(url: str) -> None:
    """Raises InvalidInput for what is no plain http(s) address."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or len(url) > _LONGEST or not url.isprintable() or not url.isascii():
        raise InvalidInput("Only http:// and https:// URLs are fetched.", param="audio")


def _header(answer: httpcore.Response, name: bytes) -> str:
    values: Iterable[bytes] = (value for key, value in answer.headers if key.lower() == name)
    return next(iter(values), b"").decode("latin-1")


class _PublicNetwork(httpcore.AnyIOBackend):
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
        if not self._private and not all(map(_public, addresses)):
            raise InvalidInput(
                "The URL leads to a private address, which is refused.", param="audio"
            )
        return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


def _public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address that is inside it, is a public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside:
            return _public(str(inside))
    return ip.is_global and not ip.is_multicast

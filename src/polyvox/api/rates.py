"""Who asks too often, or when too many are being answered, is refused before its body is read."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address, ip_network
from time import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from polyvox.api import pages
from polyvox.api.errors import as_answer
from polyvox.api.limits import Limits, Rates, Refused
from polyvox.domain.errors import RateLimited

if TYPE_CHECKING:
    from polyvox.api.counts import Counts

_FREE = ("/health", "/metrics", "/version", "/docs", "/redoc", "/openapi.json")
_FREE_BELOW = ("/health/", "/static/", "/static-offline-docs/", "/docs/")


class Turnstile:
    """ASGI middleware. Addresses are those of the peers, whatever headers say."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self._at_once, self._under_way = limits.rates.at_once, 0
        self._counts = _counts(limits.rates)
        self._pages = {route.path for route in pages.router.routes}  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                if self._counts:
                    await self._counts.close()
        elif self._is_free(scope):
            await self._app(scope, receive, send)
        elif self._at_once is not None and self._under_way >= self._at_once and _works(scope):
            many = f"{self._at_once} requests are being answered already; try again soon."
            too_many = Refused(many, self._at_once, time() + 1)
            await _answer(scope["path"], too_many)(scope, receive, send)
        else:
            self._under_way += _works(scope)
            try:
                refused = await self._counts.refused(_address(scope)) if self._counts else None
                app = _answer(scope["path"], refused) if refused else self._app
                await app(scope, receive, send)
            finally:
                self._under_way -= _works(scope)

    def _is_free(self, scope: Scope) -> bool:
        """Whether it is one of those that are not counted: who looks after the server, pages and
        their files, and nodes."""
        path: str = scope["path"]
        if path in _FREE or path.startswith(_FREE_BELOW):
            return True
        method = scope.get("method")
        if method in ("GET", "HEAD") and path in self._pages:
            return True
        if not path.startswith("/api/nodes/"):
            return False
        posted = path == "/api/nodes/register" or path.endswith("/heartbeat")
        of_nodes = method == "DELETE" or (method == "POST" and posted)
        said = Headers(scope=scope).get("authorization", "")
        return of_nodes and self._limits.is_node(said, _peer(scope))


def _counts(rates: Rates) -> Counts | None:
    """None where nothing is counted, which then needs no library."""
    if not (rates.per_minute or rates.per_address):
        return None
    from polyvox.api.counts import Counts

    return Counts(rates)


def _works(scope: Scope) -> bool:
    """Whether it takes one of the places: who only listens to what others do takes none."""
    return scope["type"] == "http" and not scope["path"].endswith("/events")


def _peer(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


def _address(scope: Scope) -> str:
    """Who asks: an IPv4 address, or the network of an IPv6 one, of which each client has many."""
    peer = _peer(scope)
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def _answer(path: str, refused: Refused) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """429, in the voice-clone gateway's shape where its clients ask, else in the house's."""
    wait = max(1, math.ceil(refused.reset - time()))
    error = RateLimited(f"{refused.why} Try again in {wait} s.", retry_after=wait)
    answer = as_answer(error)
    if path == "/ws" or (path.startswith("/api/") and not path.startswith("/api/v1/")):
        told = {"error": error.message, "code": "RATE_LIMIT_EXCEEDED"}
        answer = JSONResponse(told, 429, {"Retry-After": str(wait)})
    answer.headers["X-RateLimit-Limit"] = str(refused.limit)
    answer.headers["X-RateLimit-Remaining"] = "0"
    answer.headers["X-RateLimit-Reset"] = str(math.ceil(refused.reset))
    return answer

"""Who asks, and whether that is enough: before anything of a request is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from polyvox.api.errors import as_answer, status_of
from polyvox.api.limits import Limits
from polyvox.api.permissions import LISTS, NODES, PUBLIC, needed
from polyvox.domain.account import ANYBODY, EVERYTHING, Caller
from polyvox.domain.errors import Forbidden, InvalidInput, PolyvoxError, Unauthorized

COOKIE = "polyvox_key"
_HEADERS = ("xi-api-key", "x-api-key")
_SAFE = ("GET", "HEAD")
_NO_KEY = (
    "This needs a key: send it as Authorization: Bearer KEY. Keys are made with "
    "`polyvox keys create`."
)


class Door:
    """ASGI middleware around the application, whose services know the keys."""

    def __init__(self, app: FastAPI, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._let_in(scope)
        except PolyvoxError as error:
            await _refusal(scope, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope) -> Caller:
        """Who asks. Raises Unauthorized, or Forbidden for one who may not do this."""
        if not self._limits.keys_needed:
            return EVERYTHING
        method, headers = scope.get("method", "GET"), Headers(scope=scope)
        wanted = needed(method, scope["path"])
        if wanted in (PUBLIC, LISTS) and (wanted == PUBLIC or self._limits.open_lists):
            return ANYBODY
        if method in _SAFE and scope["path"] == "/voices" and _is_page(headers):
            return ANYBODY
        if wanted == NODES and self._limits.is_node(headers.get("authorization", ""), _peer(scope)):
            return ANYBODY
        written = _written(headers, method)
        if not written:
            raise Unauthorized(_NO_KEY)
        caller: Caller = await self._app.state.services.keys.caller(written)
        if wanted not in (PUBLIC, LISTS) and not caller.may(wanted):
            raise Forbidden(f"This key is not good for it: it needs the scope '{wanted}'.")
        return caller


def _written(headers: Headers, method: str) -> str:
    """The key of a request, however it is sent; an empty one is none. A browser's cookie counts
    only where a page of ours asks."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    for name in _HEADERS:
        if given := headers.get(name, "").strip():
            return given
    cookie = _cookie(headers)
    if cookie and method not in _SAFE and not is_own_page(headers):
        raise Forbidden("A page of another site has asked in your name.")
    return cookie


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def is_own_page(headers: Headers) -> bool:
    """Whether the page that asks, where one says so, comes from here."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _is_page(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "")


def _peer(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


def _refusal(
    scope: Scope, error: PolyvoxError
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """In the shape of the route's own errors; a browser is led to where it can sign in."""
    path, headers = scope["path"], Headers(scope=scope)
    if scope["type"] == "websocket":
        return _closed
    unknown = isinstance(error, Unauthorized)
    if unknown and scope["method"] in _SAFE and _is_page(headers):
        query = scope.get("query_string", b"").decode("ascii", "replace")
        wanted = f"{path}?{query}" if query else path
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='/')}", 303)
    answer: Response = as_answer(error)
    if not path.startswith(("/v1/", "/api/v1/audio/", "/api/v1/models")):
        assert isinstance(error, InvalidInput)
        answer = JSONResponse({"detail": error.message}, status_of(error))
    if unknown:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})

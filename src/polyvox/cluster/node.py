"""Answers HTTP for engines on this machine: wire messages in, wire messages out. It knows nothing
of the gateway, or of the cloud, that asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from polyvox import __version__
from polyvox.cluster.access import Token
from polyvox.cluster.desk import Desk
from polyvox.cluster.launches import Launches, LaunchOf
from polyvox.cluster.stream import Stream
from polyvox.cluster.works import Answers, Held, StateMissing, Work, work_in
from polyvox.domain.errors import (
    Busy,
    InvalidInput,
    NotFound,
    PolyvoxError,
    TooLarge,
    TooSlow,
    Unavailable,
    to_message,
)
from polyvox.domain.trace import HEADER, begin
from polyvox.runtime.pool import Limits, Pool
from polyvox.runtime.wire import Message

_LARGEST_BODY = 32 * 1024 * 1024
_BODY_WITHIN = 60.0
"""Seconds in which a request must have come."""
_MOST_HELD = 256 * 1024 * 1024
"""Bytes of voice states that are kept for the next request."""
_STATUSES = {NotFound: 404, TooSlow: 408, TooLarge: 413, Busy: 503}
LIMITS = Limits(waiting=64, wait=120.0, load=600.0, keep=None)


class Routes:
    """What a node answers to whoever has the token."""

    def __init__(self, token: Token | None, launches: Launches, desk: Desk) -> None:
        self._token, self._launches, self._desk = token, launches, desk
        self._held = Held(_MOST_HELD)

    async def health(self, request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    async def host(self, request: Request) -> JSONResponse | Stream:
        """Refuses with a status what it can see at once; what goes wrong later, an engine that
        is busy or cannot load among it, is a message in the answer."""
        begin(request.headers.get(HEADER, ""))
        model = request.query_params.get("model", "")
        try:
            self._let_in(request)
            self._desk.let_in()
            self._launches.check(model)
            work = work_in(await _body(request), self._held)
        except _Unknown:
            return _refused(401, "unauthorized", "The token is missing or wrong.")
        except StateMissing:
            return _refused(409, "state_needed", "Send the state of the voice too.")
        except (InvalidInput, Busy) as error:
            return _refused(_STATUSES.get(type(error), 400), error.code, error.message)
        except ClientDisconnect:
            return _refused(400, "gone", "The request broke off.")
        return Stream(self._answers(work, model))

    async def command(self, request: Request) -> JSONResponse:
        """{"command": activate | standby | load_model | unload_model | stop, "params": {}}"""
        begin(request.headers.get(HEADER, ""))
        try:
            self._let_in(request)
            asked = await request.json()
            state = await self._desk.command(str(asked["command"]), asked.get("params") or {})
        except _Unknown:
            return _refused(401, "unauthorized", "The token is missing or wrong.")
        except (KeyError, TypeError, ValueError, AttributeError):
            return _refused(400, "invalid_input", "The command cannot be read.")
        except PolyvoxError as error:
            return _refused(_STATUSES.get(type(error), 400), error.code, error.message)
        return JSONResponse({"success": True, "status": state})

    def _let_in(self, request: Request) -> None:
        if self._token and not self._token.opens(request.headers.get("Authorization", "")):
            raise _Unknown

    async def _answers(self, work: Work, model: str) -> Answers:
        with self._desk.served():
            try:
                await self._launches.prepare(model)
                async with contextlib.aclosing(work(self._desk.pool, model)) as answers:
                    async for answer in answers:
                        yield answer
            except PolyvoxError as error:
                self._desk.failed(error)
                yield Message("error", 0, to_message(error))
            except OSError as error:
                reason = f"The node cannot run '{model}': {error.strerror or error}."
                self._desk.failed(failure := Unavailable(reason))
                yield Message("error", 0, to_message(failure))


class _Unknown(Exception):
    """Whoever asks has not the token."""


def node(
    token: str, models: Collection[str], launch_of: LaunchOf, limits: Limits = LIMITS
) -> Starlette:
    """The application that serves `models`. Raises Unavailable without a token."""
    launches = Launches(models, launch_of)
    return application(Token(token), launches, Desk(launches, Pool(launches, limits)))


def application(token: Token | None, launches: Launches, desk: Desk) -> Starlette:
    """The application; without a token everybody may ask."""
    answering = Routes(token, launches, desk)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await desk.close()

    routes = [
        Route("/health", answering.health, methods=["GET"]),
        Route("/host", answering.host, methods=["POST"]),
        Route("/command", answering.command, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _refused(status: int, code: str, message: str) -> JSONResponse:
    said: dict[str, Any] = {"error": {"code": code, "message": message}}
    return JSONResponse(said, status, {"Connection": "close"} if status != 409 else None)


async def _body(request: Request) -> bytes:
    """Raises TooLarge, or TooSlow for one that does not come."""
    too_large = TooLarge(f"The request is larger than {_LARGEST_BODY >> 20} MiB.")
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) > _LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            async for piece in request.stream():
                body += piece
                if len(body) > _LARGEST_BODY:
                    raise too_large
    except TimeoutError as error:
        raise TooSlow(f"The request did not come within {_BODY_WITHIN:.0f} s.") from error
    return bytes(body)

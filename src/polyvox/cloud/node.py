"""Answers HTTP for engines on this machine: wire messages in, wire messages out.

    POLYVOX_TOKEN=... python -m polyvox.cloud.node --engine qwen3 --weights FOLDER

It knows nothing of the cloud it may run in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from polyvox import __version__
from polyvox.cloud.access import VARIABLE, Token
from polyvox.cloud.launches import Launches, LaunchOf, local_launch
from polyvox.cloud.stream import Stream
from polyvox.cloud.works import Answers, Work, work_in
from polyvox.domain.errors import (
    InvalidInput,
    NotFound,
    PolyvoxError,
    TooLarge,
    TooSlow,
    Unavailable,
    to_message,
)
from polyvox.runtime.pool import Limits, Pool
from polyvox.runtime.wire import Message

_LARGEST_BODY = 32 * 1024 * 1024
_BODY_WITHIN = 60.0
"""Seconds in which a request must have come."""
_LEAVE_WITHIN = 10
"""Seconds in which what is being spoken may end when the node is stopped."""
_STATUSES = {NotFound: 404, TooSlow: 408, TooLarge: 413}
LIMITS = Limits(waiting=64, wait=120.0, load=600.0, keep=None)


class Node:
    """Speaks for whoever has the token, through hosts of this machine."""

    def __init__(self, token: Token, launches: Launches, pool: Pool) -> None:
        self._token, self._launches, self._pool = token, launches, pool

    async def health(self, request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    async def host(self, request: Request) -> JSONResponse | Stream:
        """Refuses with a status what it can see at once; what goes wrong later, an engine that
        is busy or cannot load among it, is a message in the answer."""
        if not self._token.opens(request.headers.get("Authorization", "")):
            return _refused(401, "unauthorized", "The token is missing or wrong.")
        model = request.query_params.get("model", "")
        try:
            self._launches.check(model)
            work = work_in(await _body(request))
        except InvalidInput as error:
            return _refused(_STATUSES.get(type(error), 400), error.code, error.message)
        except ClientDisconnect:
            return _refused(400, "gone", "The request broke off.")
        return Stream(self._answers(work, model))

    async def _answers(self, work: Work, model: str) -> Answers:
        try:
            await self._launches.prepare(model)
            async with contextlib.aclosing(work(self._pool, model)) as answers:
                async for answer in answers:
                    yield answer
        except PolyvoxError as error:
            yield Message("error", 0, to_message(error))
        except OSError as error:
            failure = Unavailable(f"The node cannot run '{model}': {error.strerror or error}.")
            yield Message("error", 0, to_message(failure))


def node(
    token: str, models: Collection[str], launch_of: LaunchOf, limits: Limits = LIMITS
) -> Starlette:
    """The application that serves `models`. Raises Unavailable without a token."""
    launches = Launches(models, launch_of)
    pool = Pool(launches, limits)
    serving = Node(Token(token), launches, pool)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await pool.close()

    routes = [
        Route("/health", serving.health, methods=["GET"]),
        Route("/host", serving.host, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _refused(status: int, code: str, message: str) -> JSONResponse:
    said: dict[str, Any] = {"error": {"code": code, "message": message}}
    return JSONResponse(said, status, {"Connection": "close"})


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


def main(arguments: list[str] | None = None) -> None:
    import uvicorn

    parser = argparse.ArgumentParser(
        prog="python -m polyvox.cloud.node",
        description=f"Let this machine's engine speak for a server elsewhere ({VARIABLE}).",
    )
    parser.add_argument("--engine", default="qwen3")
    parser.add_argument("--model", action="append", help="only this one; may be repeated")
    parser.add_argument("--weights", type=Path, help="folder with a folder for each model")
    parser.add_argument("--environments", type=Path, help="folder of the engines' environments")
    parser.add_argument("--engines", type=Path, help="folder of drop-in engines")
    parser.add_argument("--device", default="auto", help="cpu, cuda or cuda:1")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--waiting", type=int, default=LIMITS.waiting, help="requests in a queue")
    given = parser.parse_args(arguments)
    limits = Limits(given.waiting, LIMITS.wait, LIMITS.load, keep=None)
    try:
        models, launch_of = local_launch(
            given.engine, given.device, given.weights, given.environments, given.engines
        )
        app = node(os.environ.get(VARIABLE, ""), given.model or models, launch_of, limits)
    except PolyvoxError as error:
        sys.exit(error.message)
    uvicorn.run(
        app,
        host=given.host,
        port=given.port,
        access_log=False,
        timeout_graceful_shutdown=_LEAVE_WITHIN,
    )


if __name__ == "__main__":
    main()

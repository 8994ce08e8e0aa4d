"""Around every request: an id, and limits on its body in size and time."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polyvox.api.errors import Refusal, as_answer
from polyvox.domain.errors import InvalidInput, PolyvoxError, TooLarge, TooSlow

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class BodyLimits:
    """How much a client may send."""

    max_bytes: int
    seconds: float
    """Time in which the whole body must have come."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid4().hex

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        body = _Body(receive, self._limits)
        try:
            body.check_declared(headers.get("content-length"))
        except PolyvoxError as error:
            await as_answer(error)(scope, receive, sending)
        else:
            await self._app(scope, body.receive, sending)


class _Body:
    """A request's body, counted and timed while it comes."""

    def __init__(self, receive: Receive, limits: BodyLimits) -> None:
        self._receive, self._limits = receive, limits
        self._came = 0
        self._complete = False
        self._until = asyncio.get_running_loop().time() + limits.seconds

    def check_declared(self, length: str | None) -> None:
        if length is not None and not length.isdecimal():
            raise InvalidInput("Content-Length is not a number.")
        if length is not None and int(length) > self._limits.max_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            late = f"The request's body did not come within {self._limits.seconds:g} seconds."
            raise Refusal(TooSlow(late)) from error
        if message["type"] == "http.request":
            self._came += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._came > self._limits.max_bytes:
                raise Refusal(self._too_large())
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is over the limit of {self._limits.max_bytes / 1e6:g} MB.")

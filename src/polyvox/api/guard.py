"""Around every request: an id, and limits on its body. The framework counts the bytes that come;
here those are refused that announce too many, and those that come too slowly."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polyvox.api.errors import Refusal, as_answer
from polyvox.api.limits import Limits
from polyvox.domain.errors import TooLarge, TooSlow
from polyvox.domain.trace import HEADER, begin


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = begin(headers.get(HEADER, ""))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        most, seconds = self._limits.of(scope["path"], headers.get("content-type", ""))
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > most:
            refusal = TooLarge(f"The body is over the limit of {most / 1e6:g} MB.")
            await as_answer(refusal)(scope, receive, sending)
        else:
            await self._app(scope, _in_time(receive, seconds), sending)


def _in_time(receive: Receive, seconds: float) -> Receive:
    """`receive`, refusing a body that is not complete in time."""
    until = asyncio.get_running_loop().time() + seconds
    complete = False

    async def receiving() -> Message:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError as error:
            late = f"The request's body did not come within {seconds:g} seconds."
            raise Refusal(TooSlow(late)) from error
        complete = not message.get("more_body", False)
        return message

    return receiving

"""An answer that is sent while it is made, and that says every second that it still is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from starlette.types import Receive, Scope, Send

from polyvox.runtime.wire import Message, pack

MEDIA_TYPE = "application/x-polyvox-wire"
_EVERY = 1.0
"""Seconds."""
_WAITING = pack(Message("waiting", body=bytes(1024)))
"""Long enough that what lies between does not hold it back."""


class Stream:
    """Messages as the body of an answer. A client that goes away ends them."""

    def __init__(self, messages: AsyncGenerator[Message, None]) -> None:
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
        leaving = asyncio.create_task(_left(receive))
        try:
            async with contextlib.aclosing(self._messages):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._send(send, leaving)
        except _Gone:
            pass
        finally:
            leaving.cancel()

    async def _send(self, send: Send, leaving: asyncio.Task[None]) -> None:
        coming = asyncio.create_task(self._next())
        try:
            while not leaving.done():
                await asyncio.wait(
                    (coming, leaving), timeout=_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                if not coming.done():
                    await _piece(send, _WAITING)
                    continue
                message = coming.result()
                if message is None:
                    await _piece(send, b"", more=False)
                    return
                await _piece(send, pack(message))
                coming = asyncio.create_task(self._next())
        finally:
            coming.cancel()
            await asyncio.wait((coming,))

    async def _next(self) -> Message | None:
        return await anext(self._messages, None)


class _Gone(Exception):
    """There is nobody to answer any more."""


async def _piece(send: Send, data: bytes, more: bool = True) -> None:
    try:
        await send({"type": "http.response.body", "body": data, "more_body": more})
    except OSError as error:
        raise _Gone from error


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

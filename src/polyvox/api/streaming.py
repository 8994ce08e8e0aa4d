"""Speech on its way to a client: streamed while it is spoken, stopped when the client leaves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import asdict
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from polyvox.api.errors import as_problem
from polyvox.audio.encode import Format
from polyvox.domain.errors import Cancelled, PolyvoxError
from polyvox.domain.speech import Utterance
from polyvox.services import Services
from polyvox.services.synthesis import Speech

T = TypeVar("T")
_PLAIN = " !\"#$&'()*+,-./:;<=>?@[]^_`{|}~"
"""What a header may hold as it is; the rest is percent-encoded."""
_log = logging.getLogger(__name__)


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client leaves. Raises Cancelled then."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Cancelled("The client has left.")
        return working.result()
    finally:
        for task in (working, gone):
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, PolyvoxError):
                    await task


async def spoken(
    request: Request,
    served: Services,
    asked: Utterance,
    fmt: Format,
    sample_rate: int | None = None,
    longest: int | None = None,
) -> Response:
    """Speech as the bytes of an answer: whole when it is known, else while it is spoken.
    `longest` is the longest text, where the settings do not say it."""
    speaking = served.synthesis.speak(asked, fmt, sample_rate, longest=longest)
    speech = await unless_gone(request, speaking)
    if speech.cached:
        recording = await speech.collect()
        return Response(recording.data, 200, speech_headers(speech), fmt.media_type)
    stall: float = request.app.state.limits.stall_seconds
    return StreamedSpeech(speech, as_bytes(speech), fmt.media_type, stall)


def speech_headers(speech: Speech) -> dict[str, str]:
    """What every speech answer says about itself; X-Node-Id only where a node has spoken."""
    headers = {
        "X-Engine": speech.engine,
        "X-Model": speech.model,
        "X-Voice": speech.voice.id,
        "X-Sample-Rate": str(speech.sample_rate),
        "X-Cache": "hit" if speech.cached else "miss",
        "Cache-Control": "no-store",
    }
    if speech.node:
        headers["X-Node-Id"] = quote(speech.node, safe=_PLAIN)
    if speech.fallback_reason:
        headers["X-Fallback-Reason"] = quote(speech.fallback_reason, safe=_PLAIN)
    if speech.recording:
        headers["X-Audio-Duration"] = f"{speech.recording.duration:.3f}"
    return headers


class Streamed(Response):
    """Sends pieces while they come, to a client that reads.

    A failure after the first byte breaks the transfer, so that a short file never looks whole.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        media_type: str,
        stall_seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self._pieces, self._stall_seconds = pieces, stall_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            await self._pieces.aclose()

    async def _send(self, send: Send) -> None:
        """Sends everything. What goes wrong on the way ends it without an end of the body: the
        server then closes the connection."""
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)
        try:
            async for piece in self._pieces:
                async with asyncio.timeout(self._stall_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except PolyvoxError as error:
            _log.warning("an answer broke off: %s", error.message)
        except TimeoutError:
            _log.warning("a client stopped reading for %g s", self._stall_seconds)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class StreamedSpeech(Streamed):
    """Sends a speech's bytes, or events."""

    def __init__(
        self,
        speech: Speech,
        pieces: AsyncGenerator[bytes, None],
        media_type: str,
        stall_seconds: float,
    ) -> None:
        super().__init__(pieces, media_type, stall_seconds, speech_headers(speech))
        self._speech = speech

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._speech.aclose()


async def as_bytes(speech: Speech) -> AsyncGenerator[bytes, None]:
    async for part in speech:
        yield part.data


async def as_events(speech: Speech, *, with_words: bool) -> AsyncGenerator[bytes, None]:
    """OpenAI's server-sent events; the fragments concatenate to one valid stream.

    `usage` counts characters of the text and milliseconds of audio. A failure is an event too.
    """
    duration = 0.0
    try:
        async for part in speech:
            duration = part.time
            event: dict[str, Any] = {
                "type": "speech.audio.delta",
                "audio": base64.b64encode(part.data).decode(),
            }
            if with_words:
                event |= {"words": [asdict(word) for word in part.words], "time": part.time}
            yield _event(event)
    except PolyvoxError as error:
        yield _event({"type": "speech.audio.error", "error": as_problem(error)})
        return
    asked, given = len(speech.text), round(duration * 1000)
    usage = {"input_tokens": asked, "output_tokens": given, "total_tokens": asked + given}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Many texts in one answer, which is written while they are spoken: neither side ever holds all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, Field

from polyvox.audio.encode import format_named
from polyvox.domain.audio import Recording
from polyvox.domain.errors import InvalidInput, PolyvoxError
from polyvox.domain.speech import Utterance
from polyvox.services import Services
from polyvox.services.synthesis import Speech

_PIECE = 256 * 1024
"""Bytes that are sent in one go; a client that reads slowly still reads."""
Pieces = AsyncGenerator[bytes, None]
Given = TypeVar("Given")
Made = TypeVar("Made")


class BatchResult(BaseModel):
    index: int
    success: bool
    audio: str | None = Field(None, description="A WAV file in base64.")
    error: str | None = None


class BatchAnswer(BaseModel):
    success: bool
    results: list[BatchResult]
    total: int
    succeeded: int
    failed: int


async def results(
    served: Services, said: Sequence[Utterance], at_once: int, longest: int
) -> Pieces:
    """The answer, of which the first text has begun, or has failed by itself: it waits its turn
    for all of them. Raises what keeps all from being spoken."""
    fmt = format_named("wav")
    first: Speech | InvalidInput
    try:
        first = await served.synthesis.speak(said[0], fmt, whole=True, longest=longest)
    except InvalidInput as error:
        first = error

    async def spoken(index: int) -> Recording | PolyvoxError:
        try:
            if not index:
                return first if isinstance(first, PolyvoxError) else await first.collect()
            speech = await served.synthesis.speak(
                said[index], fmt, whole=True, promised=True, longest=longest
            )
            return await speech.collect()
        except PolyvoxError as error:
            return error

    return _written(in_order(range(len(said)), spoken, at_once))


async def _written(made: AsyncGenerator[Recording | PolyvoxError, None]) -> Pieces:
    succeeded = total = 0
    yield b'{"results":['
    async with contextlib.aclosing(made):
        async for each in made:
            text = b"," if total else b""
            if isinstance(each, PolyvoxError):
                shown = {"index": total, "success": False, "error": each.message}
                text += json.dumps(shown).encode()
            else:
                succeeded += 1
                text += b'{"index":%d,"success":true,"audio":"' % total
                text += base64.b64encode(each.data) + b'"}'
            total += 1
            for start in range(0, len(text), _PIECE):
                yield text[start : start + _PIECE]
    failed = total - succeeded
    summed = {"success": not failed, "total": total, "succeeded": succeeded, "failed": failed}
    yield b"]," + json.dumps(summed).encode()[1:]


async def in_order(
    items: Iterable[Given], make: Callable[[Given], Awaitable[Made]], at_once: int
) -> AsyncGenerator[Made, None]:
    """What is made of each item, in their order; twice `at_once` are being made or wait to be
    taken, so that a long one does not let the others idle."""
    rest, tasks = iter(items), deque[asyncio.Future[Made]]()
    try:
        while True:
            for item in islice(rest, 2 * at_once - len(tasks)):
                tasks.append(asyncio.ensure_future(make(item)))
            if not tasks:
                return
            yield await tasks[0]
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

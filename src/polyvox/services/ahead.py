"""Segments of an utterance that are spoken before their turn: each by a task of its own, as fast
as it can, as long as not too much lies ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from polyvox.domain.audio import AudioChunk

_LONGEST_TAKE = 2.0
"""Seconds of sound that are handed on in one go."""
_SOME, _ENOUGH = 5.0, 20.0
"""Seconds of sound that lie ready for a slow listener: then no more than one segment is spoken
ahead, then none."""
_MOST = 120.0
"""Seconds of sound that lie ready or are being spoken at most, as far as can be foreseen."""
_USUAL = 10.0
"""Seconds of a segment, while none has been spoken."""
Chunks = AsyncGenerator[AudioChunk, None]


class Ahead:
    """The segments of one utterance, in order."""

    def __init__(self, segments: Sequence[Chunks], least: int, free: Callable[[], int]) -> None:
        """`least` segments are spoken ahead at any rate, unless it is 0, and more as there are
        `free` seats."""
        self._streams = [_Stream(chunks, self._begin) for chunks in segments]
        self._least, self._free = least, free
        self._turn = 0
        """Number of the segment that is listened to."""

    async def takes(self) -> AsyncGenerator[tuple[int, list[AudioChunk], bool], None]:
        """A segment's number, its next chunks, as many as are there, and whether it ends with
        them."""
        try:
            for turn, stream in enumerate(self._streams):
                self._turn = turn
                stream.start()
                ended = False
                while not ended:
                    self._begin()
                    chunks, ended = await stream.take()
                    yield turn, chunks, ended
        finally:
            tasks = [stream.task for stream in self._streams if stream.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self) -> None:
        """Begin what may be begun now: asked whenever something was heard, or is spoken."""
        later = self._streams[self._turn + 1 :]
        waiting = [stream for stream in later if stream.task is None]
        ready = sum(stream.ready for stream in self._streams[self._turn :])
        if not (waiting and self._least) or ready >= _ENOUGH:
            return
        under_way = sum(stream.speaking for stream in later)
        more = max(self._least - under_way, self._free()) if ready < _SOME else 1 - under_way
        foreseen = int((_MOST - ready) / self._usual()) - under_way
        for stream in waiting[: max(0, min(more, foreseen))]:
            stream.start()

    def _usual(self) -> float:
        """Seconds that a segment of this utterance takes to say."""
        said = [stream.seconds for stream in self._streams if stream.task and stream.task.done()]
        return max(sum(said) / len(said), 0.1) if said else _USUAL


class _Stream:
    """A segment that is spoken as far ahead of its listener as it gets."""

    def __init__(self, chunks: Chunks, ended: Callable[[], None]) -> None:
        """`ended` is told when all of it is spoken."""
        self._chunks, self._ended = chunks, ended
        self._spoken: asyncio.Queue[AudioChunk | BaseException | None] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        self.seconds = 0.0
        """That are spoken."""
        self.ready = 0.0
        """Of those, the ones that are not taken."""

    @property
    def speaking(self) -> bool:
        return self.task is not None and not self.task.done()

    def start(self) -> None:
        if self.task is None:
            self.task = asyncio.create_task(self._speak())

    async def take(self) -> tuple[list[AudioChunk], bool]:
        """What has been spoken since the last time, or is next, and whether it is the end."""
        taken, duration = list[AudioChunk](), 0.0
        came = await self._spoken.get()
        while came is not None:
            if isinstance(came, BaseException):
                raise came
            taken.append(came)
            duration += came.duration
            self.ready -= came.duration
            if duration >= _LONGEST_TAKE or self._spoken.empty():
                return taken, False
            came = self._spoken.get_nowait()
        return taken, True

    async def _speak(self) -> None:
        end: BaseException | None = None
        try:
            async with contextlib.aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    self.seconds += chunk.duration
                    self.ready += chunk.duration
                    self._spoken.put_nowait(chunk)
        except Exception as error:
            end = error
        self._spoken.put_nowait(end)
        self._ended()

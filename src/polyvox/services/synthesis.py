"""From an utterance to audio: finds the voice, divides the text, speaks the segments (several
ahead, in order), joins and encodes them while they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from polyvox.audio.encode import Format, completed
from polyvox.audio.render import Renderer
from polyvox.domain.audio import AudioChunk, Recording
from polyvox.domain.errors import NothingToSpeak
from polyvox.domain.speech import Segment, Utterance, Word
from polyvox.domain.voice import Voice
from polyvox.runtime.breaker import FAILURES
from polyvox.runtime.speakers import Speakers
from polyvox.services.ahead import Ahead
from polyvox.services.plan import Plan, Planner
from polyvox.text.segment import Piece

if TYPE_CHECKING:
    from polyvox.storage.cache import Cache

_Given = TypeVarTuple("_Given")
_Made = TypeVar("_Made")
_LARGEST_CACHED = 16 * 1024 * 1024


@dataclass(frozen=True)
class Part:
    """Some of the encoded speech, in order."""

    data: bytes
    words: tuple[Word, ...]
    """Words known by now; times count from the start, positions are those of the text."""
    time: float
    """Seconds of speech so far."""
    progress: float
    """How much of the text has been spoken, 0 to 1."""
    origin: str = ""
    """Id of the node that spoke first; empty for hosts of this machine."""


class Speech:
    """Speech that is being spoken: iterate for its parts. Close it when leaving early."""

    def __init__(
        self,
        plan: Plan,
        parts: AsyncGenerator[Part, None],
        recording: Recording | None = None,
        node: str = "",
    ) -> None:
        self.voice, self.engine, self.model = plan.voice, plan.engine.name, plan.model.id
        self.fallback_reason = plan.fallback_reason
        """Why another engine speaks than was asked for."""
        self.format, self.sample_rate = plan.format, plan.sample_rate
        self.text = plan.utterance.text
        self.recording = recording
        """The whole of it, when it was spoken before or has been collected."""
        self.cached = recording is not None
        self.node = node
        """Id of the node that spoke its beginning; empty where none did."""
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[Part]:
        return self._parts

    async def aclose(self) -> None:
        await self._parts.aclose()

    async def collect(self) -> Recording:
        """The whole speech; a WAV in it has exact sizes."""
        if self.recording is None:
            async with contextlib.aclosing(self._parts) as parts:
                self.recording = _recording([part async for part in parts], self.format)
        return self.recording


class Synthesis:
    """Speaks utterances."""

    def __init__(
        self,
        planner: Planner,
        pool: Speakers,
        cache: Cache | None,
        encoders: Executor,
        *,
        look_ahead: int,
    ) -> None:
        """`encoders` are the threads that encode; `look_ahead` segments of an utterance are
        spoken before they are needed, more where nodes are free."""
        self.planner, self._pool, self._cache = planner, pool, cache
        self._encoders, self._look_ahead = encoders, look_ahead

    @property
    def max_characters(self) -> int:
        """Of the longest text of one utterance."""
        return self.planner.max_characters

    async def speak(
        self,
        utterance: Utterance,
        fmt: Format,
        sample_rate: int | None = None,
        voice: Voice | None = None,
        *,
        whole: bool = False,
        promised: bool = False,
        longest: int | None = None,
    ) -> Speech:
        """Speech whose first bytes exist: what is wrong with the request, or with the engine
        before it gives a sound, is raised here. `voice` is one that is not kept; with `whole`
        nobody listens before all is there, which lets a profile set its loudness exactly. What is
        `promised` belongs to work that was accepted: it waits its turn however long. `longest`
        is the longest text, where it is not `max_characters`."""
        plan = await self.planner.plan(utterance, fmt, sample_rate, voice, longest)
        plan = replace(plan, whole=whole, promised=promised)
        try:
            return await self._begun(plan)
        except FAILURES as error:
            async for other in self.planner.instead(plan, error):
                with contextlib.suppress(*FAILURES):
                    return await self._begun(other)
            raise

    def capacity(self, model: str) -> int:
        """Segments that can be spoken at once. Raises Unavailable where nobody has the model."""
        return self._pool.capacity(model)

    def segment(self, plan: Plan, segment: Segment) -> AsyncGenerator[AudioChunk, None]:
        """The bare sound of one segment of an utterance that has been accepted, as the engine
        speaks it: neither joined nor encoded."""
        return self._spoken(plan, segment, promised=True)

    async def _begun(self, plan: Plan) -> Speech:
        key = plan.key if self._cache and plan.repeatable else None
        if self._cache and key and (found := await self._cache.get(key)):
            return Speech(plan, _once(found), found)
        parts = self._parts(plan)
        first = await anext(parts)
        rest = self._kept(key, plan.format, _after(first, parts))
        return Speech(plan, rest, node=first.origin)

    async def _parts(self, plan: Plan) -> AsyncGenerator[Part, None]:
        """Parts that carry data, from the first sound on; the last one may be empty."""
        source_rate, fmt, rate = plan.engine.sample_rate, plan.format, plan.sample_rate
        pace, pitch = plan.stretch, plan.utterance.pitch
        making = self._inside(Renderer, source_rate, fmt, rate, pace, plan.chain, pitch)
        whole = sum(len(piece.text) for piece in plan.pieces) or 1
        silent = all(piece.silent for piece in plan.pieces)
        spoken, data, words, origin = 0, b"", list[Word](), ""
        segments = [self._segment(plan, index) for index in range(len(plan.pieces))]
        ahead = Ahead(segments, self._look_ahead, partial(self._pool.free, plan.model.loaded))
        async with contextlib.aclosing(ahead.takes()) as takes:
            async for index, chunks, ended in takes:
                piece, renderer = plan.pieces[index], await making
                last = ended and index + 1 == len(plan.pieces)
                origin = origin or next((chunk.origin for chunk in chunks), "")
                spoken += len(piece.text) if ended else 0
                pause = piece.pause if ended else None
                sound = await self._inside(renderer.render, chunks, pause, last)
                words += (in_text(word, piece, plan.utterance.text) for word in sound.words)
                data += sound.data
                if (data or last) and (renderer.sounded or silent):
                    yield Part(data, tuple(words), renderer.time, spoken / whole, origin)
                    data, words = b"", []
        if not (await making).sounded and not silent:
            raise NothingToSpeak("The engine found nothing to speak in the text.", param="input")

    def _inside(self, step: Callable[[*_Given], _Made], *given: *_Given) -> asyncio.Future[_Made]:
        """What `step` makes of `given`, in an encoding thread, begun at once."""
        return asyncio.get_running_loop().run_in_executor(self._encoders, step, *given)

    async def _segment(self, plan: Plan, index: int) -> AsyncGenerator[AudioChunk, None]:
        piece, utterance = plan.pieces[index], plan.utterance
        if piece.silent:
            return
        segment = Segment(piece.text, piece.language, utterance.seed or 0, utterance.instructions)
        async with contextlib.aclosing(
            self._spoken(plan, segment, plan.promised or index > 0)
        ) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _spoken(
        self, plan: Plan, segment: Segment, promised: bool
    ) -> AsyncGenerator[AudioChunk, None]:
        """The segment's audio; a converting engine is given what its source has spoken."""
        if plan.source is None:
            chunks = self._pool.speak(
                plan.model.loaded, segment, plan.voice, plan.options, promised=promised
            )
        else:
            spoken = [chunk async for chunk in self._spoken(plan.source, segment, promised)]
            chunks = self._pool.convert(plan.model.loaded, spoken, plan.voice, plan.options)
        async with contextlib.aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def _kept(
        self, key: str | None, fmt: Format, parts: AsyncGenerator[Part, None]
    ) -> AsyncGenerator[Part, None]:
        """The same parts, remembered in the cache when all have come and are not too many."""
        seen, size = list[Part](), 0
        async with contextlib.aclosing(parts):
            async for part in parts:
                size += len(part.data)
                if key and size <= _LARGEST_CACHED:
                    seen.append(part)
                yield part
        if self._cache and key and size <= _LARGEST_CACHED:
            self._cache.put(key, _recording(seen, fmt))


def in_text(word: Word, piece: Piece, text: str) -> Word:
    """The word with its positions in the text that was asked for."""
    first, last = piece.positions[word.first], piece.positions[word.last]
    written = text[first:last].rstrip()
    return replace(word, text=written, first=first, last=first + len(written))


def _recording(parts: Sequence[Part], fmt: Format) -> Recording:
    data = completed(fmt, b"".join(part.data for part in parts))
    return Recording(data, parts[-1].time, tuple(word for part in parts for word in part.words))


async def _once(recording: Recording) -> AsyncGenerator[Part, None]:
    yield Part(recording.data, recording.words, recording.duration, 1.0)


async def _after(first: Part, rest: AsyncGenerator[Part, None]) -> AsyncGenerator[Part, None]:
    async with contextlib.aclosing(rest):
        yield first
        async for part in rest:
            yield part

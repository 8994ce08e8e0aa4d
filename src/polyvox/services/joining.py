"""Joins the units of a narration to one file, in order: each as soon as it is spoken, or all at
once when they are kept."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from polyvox.audio.encode import Format, completed_head, output_rate
from polyvox.audio.render import Renderer, Sound
from polyvox.audio.takes import unpacked
from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import Unavailable
from polyvox.domain.speech import Word
from polyvox.services.script import Script, Unit
from polyvox.services.synthesis import in_text

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs

_HEAD = 64
"""Bytes of a file among which its sizes may stand."""
_READ_AHEAD = 4
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
Words = tuple[Word, ...]


@dataclass(frozen=True)
class Narrated:
    """A finished narration, as a file."""

    seconds: float
    words: Words
    chapters: tuple[tuple[float, str], ...]
    """When each begins, in seconds, and its title."""


class Spoken:
    """Which units are kept, with their words; each is asked for once."""

    def __init__(self, kept: Mapping[int, Words], *, growing: bool) -> None:
        """Where it is `growing`, those that are missing are waited for."""
        self._kept, self._growing = dict(kept), growing
        self._awaited: dict[int, asyncio.Event] = {}

    def add(self, number: int, words: Words) -> None:
        self._kept[number] = words
        if number in self._awaited:
            self._awaited[number].set()

    async def words(self, number: int) -> Words | None:
        """None for a unit that will not come."""
        if self._growing and number not in self._kept:
            await self._awaited.setdefault(number, asyncio.Event()).wait()
        self._awaited.pop(number, None)
        return self._kept.pop(number, None)


class Joining:
    """Writes narrations to where they are kept."""

    def __init__(self, blobs: Blobs, encoders: Executor) -> None:
        self._blobs, self._encoders = blobs, encoders

    async def join(self, id: str, script: Script, fmt: Format, spoken: Spoken) -> Narrated:
        """The narration of job `id` in a format. Raises Unavailable where a unit is missing."""
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            path = Path(folder) / f"audio.{fmt.name}"
            with path.open("w+b") as file:
                narrated = await self._written(id, script, fmt, spoken, file)
                size = file.seek(0, 2)
                file.seek(0)
                head = completed_head(fmt, file.read(_HEAD), size)
                file.seek(0)
                file.write(head)
            await self._blobs.put(audio_name(id, fmt), path)
        return narrated

    async def _written(
        self, id: str, script: Script, fmt: Format, spoken: Spoken, file: IO[bytes]
    ) -> Narrated:
        plan, words = script.plan, list[Word]()
        starts: list[float] = []
        wanted = plan.sample_rate if fmt == plan.format else output_rate(fmt, None)
        source = plan.engine.sample_rate
        chain = replace(plan, whole=True).chain
        renderer = await self._inside(Renderer, source, fmt, wanted, plan.stretch, chain)
        async with contextlib.aclosing(self._takes(id, script, spoken)) as takes:
            async for unit, take in takes:
                if unit.number in script.first_units:
                    starts.append(renderer.time)
                last = unit.number + 1 == len(script.units)
                sound: Sound = await self._inside(
                    renderer.render, [take] if take else [], unit.pause, last
                )
                words += (_placed(word, unit, script) for word in sound.words)
                await self._inside(file.write, sound.data)
        titles = [chapter.title for chapter in script.chapters]
        return Narrated(renderer.time, tuple(words), tuple(zip(starts, titles, strict=True)))

    async def _takes(
        self, id: str, script: Script, spoken: Spoken
    ) -> AsyncGenerator[tuple[Unit, AudioChunk | None], None]:
        """Every unit with its sound, in order, read a little ahead."""

        async def read(unit: Unit) -> AudioChunk | None:
            if unit.piece.silent:
                return None
            words = await spoken.words(unit.number)
            data = await self._blobs.get(unit_name(id, unit.number))
            if data is None or words is None:
                raise Unavailable(f"Segment {unit.number} of job '{id}' is missing in storage.")
            return unpacked(data, unit.plan.engine.sample_rate, words)

        async for unit, sound in _ahead(script.units, read, _READ_AHEAD):
            yield unit, sound

    async def _inside(self, step: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._encoders, partial(step, *given)
        )


def audio_name(id: str, fmt: Format) -> str:
    """Where a job's result is kept."""
    return f"jobs/{id}/audio.{fmt.name}"


def unit_name(id: str, number: int) -> str:
    """Where a unit's sound is kept."""
    return f"jobs/{id}/units/{number:06}.pcm"


def _placed(word: Word, unit: Unit, script: Script) -> Word:
    """A word with its position in the whole text."""
    placed = in_text(word, unit.piece, unit.plan.utterance.text)
    at = unit.position
    return Word(placed.text, word.start, word.end, placed.first + at, placed.last + at)


async def _ahead(
    items: Sequence[_Given], make: Callable[[_Given], Awaitable[_Made]], count: int
) -> AsyncIterator[tuple[_Given, _Made]]:
    """Every item with what is made of it, in order; the next few are being made meanwhile."""
    tasks = [asyncio.ensure_future(make(item)) for item in items[:count]]
    try:
        for index, item in enumerate(items):
            if index + count < len(items):
                tasks.append(asyncio.ensure_future(make(items[index + count])))
            yield item, await tasks.pop(0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""Joins the units of a narration to one file, in order: each as soon as it is spoken, or all at
once when they are kept. Sound and words go through files, so that length costs no memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from polyvox.audio.encode import Format, completed_head, output_rate
from polyvox.audio.render import Renderer
from polyvox.audio.takes import unpacked_in_steps
from polyvox.domain.audio import AudioChunk
from polyvox.domain.speech import Word
from polyvox.services.script import Script, Unit
from polyvox.services.spoken import Spoken, Take, unit_name
from polyvox.services.synthesis import in_text

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs

__all__ = ["Joining", "Narrated", "audio_name", "unit_name"]

_HEAD = 64
"""Bytes of a file among which its sizes may stand."""
_READ_AHEAD = 4
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Narrated:
    """A finished narration, as a file."""

    seconds: float
    chapters: tuple[tuple[float, str], ...]
    """When each begins, in seconds, and its title."""


class Joining:
    """Writes narrations to where they are kept."""

    def __init__(self, blobs: Blobs, encoders: Executor) -> None:
        self._blobs, self._encoders = blobs, encoders

    async def join(
        self, id: str, script: Script, fmt: Format, spoken: Spoken, words_name: str | None = None
    ) -> Narrated:
        """The narration of job `id` in a format, and its words as `words_name`. Raises
        Unavailable where a unit is missing."""
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            files: _Files = await self._inside(_Files, Path(folder), script, fmt)
            with files:
                async with contextlib.aclosing(_takes(script, spoken)) as takes:
                    async for unit, take in takes:
                        await self._inside(files.add, unit, take)
                files.finish()
            await self._blobs.put(audio_name(id, fmt), files.sound)
            if words_name:
                await self._blobs.put(words_name, files.words)
        return files.narrated

    async def _inside(self, step: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._encoders, partial(step, *given)
        )


class _Files:
    """A narration's sound and words in the making. Runs in threads, one call at a time."""

    def __init__(self, folder: Path, script: Script, fmt: Format) -> None:
        plan = script.plan
        wanted = plan.sample_rate if fmt == plan.format else output_rate(fmt, None)
        source, chain = plan.engine.sample_rate, replace(plan, whole=True).chain
        pitch, fmt = plan.utterance.pitch, replace(fmt, marked=plan.format.marked)
        self._renderer = Renderer(source, fmt, wanted, plan.stretch, chain, pitch)
        self._script, self._format, self._source = script, fmt, source
        self._starts: list[float] = []
        self._separator = "["
        self.sound, self.words = folder / "audio", folder / "words.json"
        self._sound, self._words = self.sound.open("w+b"), self.words.open("w")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sound.close()
        self._words.close()

    @property
    def narrated(self) -> Narrated:
        titles = [chapter.title for chapter in self._script.chapters]
        chapters = tuple(zip(self._starts, titles, strict=True))
        return Narrated(self._renderer.time, chapters)

    def add(self, unit: Unit, take: Take | None) -> None:
        """The next unit; None for one that is silent."""
        if unit.number in self._script.first_units:
            self._starts.append(self._renderer.time)
        if take:
            for chunk in unpacked_in_steps(take.data, self._source, take.words):
                self._render(unit, [chunk], None)
        self._render(unit, [], unit.pause)

    def finish(self) -> None:
        """Ends both files, and writes down the sizes that are known only now."""
        self._words.write("]" if self._separator != "[" else "[]")
        size = self._sound.seek(0, 2)
        self._sound.seek(0)
        head = completed_head(self._format, self._sound.read(_HEAD), size)
        self._sound.seek(0)
        self._sound.write(head)

    def _render(self, unit: Unit, chunks: Sequence[AudioChunk], pause: float | None) -> None:
        last = pause is not None and unit.number + 1 == len(self._script.units)
        rendered = self._renderer.render(chunks, pause, last)
        self._sound.write(rendered.data)
        for word in rendered.words:
            self._words.write(self._separator + json.dumps(_placed(word, unit)))
            self._separator = ",\n"


async def _takes(script: Script, spoken: Spoken) -> AsyncGenerator[tuple[Unit, Take | None], None]:
    """Every unit with its sound, in order, read a little ahead."""

    async def read(unit: Unit) -> Take | None:
        return None if unit.piece.silent else await spoken.take(unit.number)

    async for unit, take in _ahead(script.units, read, _READ_AHEAD):
        yield unit, take


def audio_name(id: str, fmt: Format) -> str:
    """Where a job's result is kept."""
    return f"jobs/{id}/audio.{fmt.name}"


def _placed(word: Word, unit: Unit) -> list[Any]:
    """A word with its position in the whole text."""
    placed = in_text(word, unit.piece, unit.plan.utterance.text)
    at = unit.position
    return [placed.text, word.start, word.end, placed.first + at, placed.last + at]


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

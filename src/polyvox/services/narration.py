"""Speaks long texts as jobs: unit by unit, several at once, each kept as soon as it is spoken, and
joined in order at the end. What was spoken before is not spoken again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from polyvox.audio.encode import Format, completed_head, output_rate
from polyvox.audio.render import Renderer, Sound
from polyvox.audio.takes import packed, unpacked
from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineCrashed, NothingToSpeak, Unavailable
from polyvox.domain.job import Job, Part
from polyvox.domain.speech import Word
from polyvox.runtime.breaker import FAILURES
from polyvox.services.plan import Planner
from polyvox.services.script import Script, Unit, format_of, text_of, written
from polyvox.services.synthesis import Synthesis, in_text

if TYPE_CHECKING:
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.parts import PartRows

_TRIES = 3
"""How often a unit is begun whose engine crashes."""
_HEAD = 64
"""Bytes of a file among which its sizes may stand."""
_READ_AHEAD = 4
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Narrated:
    """A finished narration, as a file."""

    seconds: float
    words: tuple[Word, ...]
    chapters: tuple[tuple[float, str], ...]
    """When each begins, in seconds, and its title."""


class Narration:
    """Speaks scripts."""

    kind = "narration"

    def __init__(
        self,
        synthesis: Synthesis,
        planner: Planner,
        parts: PartRows,
        blobs: Blobs,
        encoders: Executor,
        at_once: Callable[[str], int],
    ) -> None:
        """`planner` takes texts of any length; `at_once` says how many units a model should be
        speaking."""
        self._synthesis, self._planner = synthesis, planner
        self._parts, self._blobs, self._encoders = parts, blobs, encoders
        self._at_once = at_once

    async def script(self, asked: Mapping[str, Any]) -> Script:
        """What a request is to speak; every refusal is here."""
        return await written(self._planner, asked)

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine that speaks. Raises what is wrong with the request."""
        return (await self.script(asked)).plan.engine.name

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Speak what is not spoken yet, and join it; what is known of the result."""
        script = await self.script(asked)
        reason = script.plan.fallback_reason
        try:
            await self._speak(job, script, report)
        except FAILURES as error:
            async for other in self._planner.instead(script.plan, error):
                reason = other.fallback_reason
                model = other.model.id
                script = await written(self._planner, asked, model=model, voice=other.voice)
                await self._speak(job, script, report)
                break
            else:
                raise
        fmt = format_of(asked)
        done = await self.join(job.id, script, fmt)
        words = json.dumps([list(asdict(word).values()) for word in done.words])
        await self._blobs.put(words_name(job.id), words.encode())
        plan = script.plan
        return {
            "format": fmt.name,
            "seconds": round(done.seconds, 3),
            "characters": len(text_of(script.chapters)),
            "engine": plan.engine.name,
            "model": plan.model.id,
            "voice": plan.voice.id,
            "fallback_reason": reason,
            "chapters": [{"start": round(at, 3), "title": title} for at, title in done.chapters],
        }

    async def join(self, id: str, script: Script, fmt: Format) -> Narrated:
        """Write the narration in a format to where it is kept; all units must be spoken."""
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            path = Path(folder) / f"audio.{fmt.name}"
            with path.open("w+b") as file:
                narrated = await self._written(id, script, fmt, file)
                size = file.seek(0, 2)
                file.seek(0)
                head = completed_head(fmt, file.read(_HEAD), size)
                file.seek(0)
                file.write(head)
            await self._blobs.put(audio_name(id, fmt), path)
        return narrated

    async def _speak(self, job: Job, script: Script, report: Report) -> None:
        kept = await self._parts.all(job.id)
        left = [
            unit
            for unit in script.units
            if unit.number not in kept or kept[unit.number].digest != unit.digest
        ]
        done, total = len(script.units) - len(left), len(script.units)
        await report(done, total)

        async def one(unit: Unit) -> None:
            nonlocal done
            await self._keep(job.id, unit, await self._spoken(unit))
            done += 1
            await report(done, total)

        await _each(left, one, self._at_once(script.plan.model.loaded))

    async def _spoken(self, unit: Unit) -> list[AudioChunk]:
        """A unit's sound; an engine that crashes is tried again."""
        if unit.piece.silent:
            return []
        for left in range(_TRIES - 1, -1, -1):
            with contextlib.suppress(*(EngineCrashed,) if left else ()):
                chunks = self._synthesis.segment(unit.plan, unit.segment)
                try:
                    return [chunk async for chunk in chunks]
                except NothingToSpeak:
                    return []
        raise AssertionError("the last try returns or raises")

    async def _keep(self, id: str, unit: Unit, chunks: Sequence[AudioChunk]) -> None:
        data = await self._inside(packed, chunks)
        rate = unit.plan.engine.sample_rate
        words = tuple(word for chunk in chunks for word in chunk.words)
        await self._blobs.put(_unit_name(id, unit.number), data)
        await self._parts.put(id, Part(unit.number, unit.digest, len(data) / 2 / rate, words))

    async def _written(self, id: str, script: Script, fmt: Format, file: IO[bytes]) -> Narrated:
        plan, words = script.plan, list[Word]()
        starts: list[float] = []
        wanted = plan.sample_rate if fmt == plan.format else output_rate(fmt, None)
        source = plan.engine.sample_rate
        renderer = await self._inside(Renderer, source, fmt, wanted, plan.stretch)
        async with contextlib.aclosing(self._takes(id, script)) as takes:
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
        self, id: str, script: Script
    ) -> AsyncGenerator[tuple[Unit, AudioChunk | None], None]:
        """Every unit with its sound, in order, read a little ahead."""
        kept = await self._parts.all(id)

        async def read(unit: Unit) -> AudioChunk | None:
            if unit.piece.silent:
                return None
            data = await self._blobs.get(_unit_name(id, unit.number))
            if data is None or unit.number not in kept:
                raise Unavailable(f"Segment {unit.number} of job '{id}' is missing in storage.")
            return unpacked(data, unit.plan.engine.sample_rate, kept[unit.number].words)

        async for unit, sound in _ahead(script.units, read, _READ_AHEAD):
            yield unit, sound

    async def _inside(self, step: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._encoders, partial(step, *given)
        )


def audio_name(id: str, fmt: Format) -> str:
    """Where a job's result is kept."""
    return f"jobs/{id}/audio.{fmt.name}"


def words_name(id: str) -> str:
    """Where its words and their times are kept."""
    return f"jobs/{id}/words.json"


def _unit_name(id: str, number: int) -> str:
    return f"jobs/{id}/units/{number:06}.pcm"


def _placed(word: Word, unit: Unit, script: Script) -> Word:
    """A word with its position in the whole text."""
    placed = in_text(word, unit.piece, unit.plan.utterance.text)
    at = unit.position
    return Word(placed.text, word.start, word.end, placed.first + at, placed.last + at)


async def _each(
    items: Iterable[_Given], work: Callable[[_Given], Awaitable[None]], at_once: int
) -> None:
    """`work` for every item, so many at once; the first error ends it all."""
    waiting = iter(items)

    async def some() -> None:
        for item in waiting:
            await work(item)

    tasks = [asyncio.ensure_future(some()) for _ in range(max(1, at_once))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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

"""Speaks long texts as jobs: unit by unit, several at once, each kept as soon as it is spoken, and
joined in order meanwhile. What was spoken before is not spoken again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

from polyvox.audio.encode import Format
from polyvox.audio.takes import packed
from polyvox.domain.errors import EngineCrashed, NothingToSpeak, PolyvoxError
from polyvox.domain.job import Job, Part
from polyvox.runtime.breaker import FAILURES
from polyvox.services.joining import Joining, Narrated, audio_name
from polyvox.services.plan import Planner
from polyvox.services.script import Script, Unit, format_of, text_of, written
from polyvox.services.spoken import Rows, Spoken, Take, unit_name
from polyvox.services.synthesis import Synthesis

if TYPE_CHECKING:
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.parts import PartRows

__all__ = ["Narrated", "Narration", "audio_name", "words_name"]

_TRIES = 3
"""How often a unit is begun whose engine crashes."""
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


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
        self._parts, self._blobs = parts, blobs
        self._at_once = at_once
        self._joining = Joining(blobs, encoders)

    async def script(self, asked: Mapping[str, Any]) -> Script:
        """What a request is to speak; every refusal is here."""
        return await written(self._planner, asked)

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine that speaks. Raises what is wrong with the request."""
        return (await self.script(asked)).plan.engine.name

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Speak what is not spoken yet, and join it; what is known of the result."""
        try:
            script, done, reason = await self._narrated(job, asked, report)
        except _Unspoken as failure:
            raise failure.error from None
        plan = script.plan
        return {
            "format": format_of(asked).name,
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
        spoken = Spoken(id, self._parts, self._blobs)
        return await self._joining.join(id, script, fmt, spoken)

    async def _narrated(
        self, job: Job, asked: Mapping[str, Any], report: Report
    ) -> tuple[Script, Narrated, str | None]:
        """What was spoken, by a fallback where the engine failed, and why by that."""
        script, fmt = await self.script(asked), format_of(asked)
        reason = script.plan.fallback_reason
        try:
            return script, await self._made(job, script, fmt, report), reason
        except _Unspoken as failure:
            async for other in self._planner.instead(script.plan, failure.error):
                model = other.model.id
                script = await written(self._planner, asked, model=model, voice=other.voice)
                done = await self._made(job, script, fmt, report)
                return script, done, other.fallback_reason
            raise

    async def _made(self, job: Job, script: Script, fmt: Format, report: Report) -> Narrated:
        """Speak what is left and join meanwhile, so that neither waits for the other."""
        left = await self._left(job.id, script)
        awaited = (unit.number for unit in left)
        spoken = Spoken(job.id, self._parts, self._blobs, awaited)
        speaking = asyncio.ensure_future(self._speak(job.id, script, left, spoken, report))
        joining = asyncio.ensure_future(
            self._joining.join(job.id, script, fmt, spoken, words_name(job.id))
        )
        try:
            _, narrated = await asyncio.gather(speaking, joining)
        finally:
            await _ended([speaking, joining])
        return narrated

    async def _left(self, id: str, script: Script) -> list[Unit]:
        """What is not spoken yet, or must sound otherwise by now."""
        kept = await self._parts.digests(id)
        left = [unit for unit in script.units if kept.get(unit.number) != unit.digest]
        await self._parts.drop(id, [unit.number for unit in left if unit.number in kept])
        return left

    async def _speak(
        self, id: str, script: Script, left: Sequence[Unit], spoken: Spoken, report: Report
    ) -> None:
        done, total = len(script.units) - len(left), len(script.units)
        await report(done, total)

        async def kept(numbers: Sequence[int]) -> None:
            nonlocal done
            spoken.kept(numbers)
            done += len(numbers)
            await report(done, total)

        async with Rows(id, self._parts, kept) as rows:

            async def keep(unit: Unit, take: Take) -> None:
                spoken.add(unit.number, take)
                await self._blobs.put(unit_name(id, unit.number), take.data)
                seconds = len(take.data) / 2 / unit.plan.engine.sample_rate
                await rows.add(Part(unit.number, unit.digest, seconds, take.words))

            await _each(left, self._spoken, keep, self._at_once(script.plan.model.loaded))

    async def _spoken(self, unit: Unit) -> Take:
        """A unit; an engine that crashes is tried again."""
        if unit.piece.silent:
            return Take(b"", ())
        for left in range(_TRIES - 1, -1, -1):
            try:
                chunks = [c async for c in self._synthesis.segment(unit.plan, unit.segment)]
            except NothingToSpeak:
                chunks = []
            except FAILURES as error:
                if left and isinstance(error, EngineCrashed):
                    continue
                raise _Unspoken(error) from error
            words = tuple(word for chunk in chunks for word in chunk.words)
            return Take(packed(chunks), words)
        raise AssertionError("the last try returns or raises")


class _Unspoken(Exception):
    """An engine could not speak; what storage cannot do is another matter."""

    def __init__(self, error: PolyvoxError) -> None:
        super().__init__(error.message)
        self.error = error


def words_name(id: str) -> str:
    """Where a narration's words and their times are kept."""
    return f"jobs/{id}/words.json"


async def _each(
    items: Iterable[_Given],
    make: Callable[[_Given], Awaitable[_Made]],
    keep: Callable[[_Given, _Made], Coroutine[Any, Any, None]],
    at_once: int,
) -> None:
    """Make something of every item, so many at once, and keep it while the next one is made; the
    first error ends it all."""
    waiting = iter(items)
    keeping: set[asyncio.Task[None]] = set()

    async def some() -> None:
        last: asyncio.Task[None] | None = None
        for item in waiting:
            made = await make(item)
            if last:
                await last
            last = asyncio.create_task(keep(item, made))
            keeping.add(last)
            last.add_done_callback(keeping.discard)
        if last:
            await last

    tasks = [asyncio.ensure_future(some()) for _ in range(max(1, at_once))]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _ended([*tasks, *keeping])


async def _ended(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel what still runs, and wait for it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""Many texts as one job, each a file of its own. What is spoken is kept row by row, so that one
that is begun again speaks nothing twice; a row that cannot be spoken fails alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from polyvox.audio.encode import Format, format_named
from polyvox.domain.blob import Blob
from polyvox.domain.errors import InvalidInput, NotFound, PolyvoxError, TooLarge
from polyvox.domain.job import Job, Part
from polyvox.services.engines import Engines
from polyvox.services.generations import uttered
from polyvox.services.jobs import Jobs
from polyvox.services.plan import Planner
from polyvox.services.results import part_name
from polyvox.services.synthesis import Synthesis

if TYPE_CHECKING:
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.parts import PartRows

MOST_ROWS = 10_000
_TRIED = 50
"""Rows that are looked at for one that can be spoken, before the job is taken."""
_LAST_ATTEMPT = 3
"""Of the job without getting on; then what might have succeeded later has failed."""


@dataclass(frozen=True)
class BatchRow:
    """One text of a batch, and what became of it."""

    number: int
    """From 0."""
    asked: Mapping[str, Any]
    part: Part | None
    """None while it is not spoken."""

    @property
    def format(self) -> Format:
        return format_named(self.asked.get("format") or "mp3")

    @property
    def spoken(self) -> bool:
        return self.part is not None and self.part.error is None

    @property
    def status(self) -> str:
        if self.part is None:
            return "waiting"
        return "success" if self.spoken else "error"


class Batches:
    """Speaks lists of texts."""

    kind = "batch"

    def __init__(
        self,
        synthesis: Synthesis,
        planner: Planner,
        engines: Engines,
        parts: PartRows,
        blobs: Blobs,
        at_once: Callable[[str], int],
        most_characters: int,
    ) -> None:
        """`at_once` says how many texts a model should be speaking; `most_characters` is the
        longest that all texts may be together."""
        self._synthesis, self._planner, self._engines = synthesis, planner, engines
        self._parts, self._blobs = parts, blobs
        self._at_once, self._most_characters = at_once, most_characters

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine of the first row that can be spoken. Raises what is wrong with the list;
        what is wrong with a row is not told here."""
        rows = asked["items"]
        if not 1 <= len(rows) <= MOST_ROWS:
            raise InvalidInput(f"A batch has 1 to {MOST_ROWS} texts.", param="items")
        length = sum(len(row.get("text") or "") for row in rows)
        if length > self._most_characters:
            raise TooLarge(
                f"The texts have {length} characters; a job takes {self._most_characters} "
                "(setting jobs.max_characters).",
                param="items",
            )
        for row in islice(rows, _TRIED):
            try:
                _refuse(row)
                fmt = format_named(row.get("format") or "mp3")
                plan = await self._planner.plan(uttered(row), fmt, row.get("sample_rate"))
            except PolyvoxError:
                continue
            return plan.engine.name
        return self._engines.default.engine

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Speak what is not spoken yet; how many could be."""
        kept = await self._parts.all(job.id)
        rows: Sequence[Mapping[str, Any]] = asked["items"]
        left = [
            (number, row)
            for number, row in enumerate(rows)
            if number not in kept or kept[number].digest != _digest(row)
        ]
        done = len(rows) - len(left)
        await report(done, len(rows))
        waiting = iter(left)
        later: list[PolyvoxError] = []

        async def some() -> None:
            nonlocal done
            for number, row in waiting:
                try:
                    part = await self._spoken(job.id, number, row)
                except PolyvoxError as error:
                    if error.retry and job.attempts < _LAST_ATTEMPT:
                        later.append(error)
                        continue
                    part = Part(number, _digest(row), error=error.message)
                await self._parts.put(job.id, part)
                done += 1
                await report(done, len(rows))

        at_once = self._at_once(self._engines.model_of(job.engine).loaded)
        await _together([some() for _ in range(max(1, min(at_once, len(left))))])
        if later:
            raise later[0]
        parts = (await self._parts.all(job.id)).values()
        failed = sum(part.error is not None for part in parts)
        return {
            "engine": job.engine,
            "seconds": round(sum(part.seconds for part in parts), 3),
            "succeeded": len(rows) - failed,
            "failed": failed,
        }

    async def rows(self, jobs: Jobs, id: str) -> list[BatchRow]:
        """Every row of such a job, as far as it is. Raises NotFound, or InvalidInput for a job
        that is no batch."""
        job = await jobs.get(id)
        if job.kind != self.kind:
            raise InvalidInput(f"Job '{id}' is no batch but a {job.kind}.", param="job")
        asked, parts = await jobs.asked(job), await self._parts.all(id)
        return [BatchRow(n, row, parts.get(n)) for n, row in enumerate(asked["items"])]

    async def open(self, id: str, row: BatchRow) -> Blob:
        """A row's file. Raises NotFound while there is none."""
        opened = (
            await self._blobs.open(row_name(id, row.number, row.format)) if row.spoken else None
        )
        if opened is None:
            raise NotFound(f"Row {row.number} of job '{id}' has no file.", param="number")
        return opened

    async def _spoken(self, id: str, number: int, row: Mapping[str, Any]) -> Part:
        """The row, spoken and kept."""
        _refuse(row)
        fmt = format_named(row.get("format") or "mp3")
        rate = row.get("sample_rate")
        speech = await self._synthesis.speak(uttered(row), fmt, rate, whole=True, promised=True)
        recording = await speech.collect()
        await self._blobs.put(row_name(id, number, fmt), recording.data)
        return Part(number, _digest(row), recording.duration)


def row_name(id: str, number: int, fmt: Format) -> str:
    """Where a row's file is kept."""
    return part_name(id, f"rows/{number:05}{fmt.suffix}")


def _refuse(row: Mapping[str, Any]) -> None:
    """Raises what was found wrong with the row when it came."""
    if row.get("problem"):
        raise InvalidInput(str(row["problem"]))


def _digest(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


async def _together(works: Sequence[Any]) -> None:
    """All of them at once; the first error ends them all."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""What jobs have done so far, part by part, so that nothing is done twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.job import Part
from polyvox.domain.speech import Word
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import job_segments as table

_AT_ONCE = 500
"""Parts that one statement names."""


class PartRows:
    """Parts of jobs in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def put(self, job: str, *parts: Part) -> None:
        """Keep parts, in place of those with their numbers: all of them or none."""
        values = [_values(job, part) for part in parts]
        async with writing(self._database) as connection:
            await connection.execute(delete(table).where(_of(job, [each.number for each in parts])))
            await connection.execute(insert(table), values)

    async def all(self, job: str) -> dict[int, Part]:
        """The parts of a job, by number."""
        return await self._found(table.c.job_id == job)

    async def some(self, job: str, first: int, count: int) -> dict[int, Part]:
        """Those that are numbered from `first` on, so many numbers."""
        among = table.c.number.between(first, first + count - 1)
        return await self._found((table.c.job_id == job) & among)

    async def digests(self, job: str) -> dict[int, str]:
        """What was asked of each part, by number."""
        own = select(table.c.number, table.c.digest).where(table.c.job_id == job)
        async with reading(self._database) as connection:
            return {number: digest for number, digest in await connection.execute(own)}

    async def drop(self, job: str, numbers: Sequence[int]) -> None:
        """Forget parts, which are done again then."""
        async with writing(self._database) as connection:
            for first in range(0, len(numbers), _AT_ONCE):
                some = _of(job, numbers[first : first + _AT_ONCE])
                await connection.execute(delete(table).where(some))

    async def _found(self, which: ColumnElement[bool]) -> dict[int, Part]:
        chosen = select(table).where(which).order_by(table.c.number)
        async with reading(self._database) as connection:
            return {row.number: _part(row) for row in await connection.execute(chosen)}


def _of(job: str, numbers: Sequence[int]) -> ColumnElement[bool]:
    return (table.c.job_id == job) & table.c.number.in_(numbers)


def _values(job: str, part: Part) -> dict[str, Any]:
    return {
        "job_id": job,
        "number": part.number,
        "digest": part.digest,
        "seconds": part.seconds,
        "words": [[w.text, w.start, w.end, w.first, w.last] for w in part.words],
        "error": part.error,
    }


def _part(row: Row[Any]) -> Part:
    words = tuple(Word(*word) for word in row.words)
    return Part(row.number, row.digest, row.seconds, words, row.error)

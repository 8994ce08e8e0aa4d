"""What jobs have done so far, part by part, so that nothing is done twice."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.job import Part
from polyvox.domain.speech import Word
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import job_segments as table


class PartRows:
    """Parts of jobs in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def put(self, job: str, part: Part) -> None:
        """Keep a part, in place of the one with its number."""
        words = [[w.text, w.start, w.end, w.first, w.last] for w in part.words]
        values = {
            "job_id": job,
            "number": part.number,
            "digest": part.digest,
            "seconds": part.seconds,
            "words": words,
            "error": part.error,
        }
        async with writing(self._database) as connection:
            own = (table.c.job_id == job) & (table.c.number == part.number)
            await connection.execute(delete(table).where(own))
            await connection.execute(insert(table).values(values))

    async def all(self, job: str) -> dict[int, Part]:
        """The parts of a job, by number."""
        own = select(table).where(table.c.job_id == job).order_by(table.c.number)
        async with reading(self._database) as connection:
            return {
                row.number: Part(
                    row.number,
                    row.digest,
                    row.seconds,
                    tuple(Word(*word) for word in row.words),
                    row.error,
                )
                for row in await connection.execute(own)
            }

    async def drop(self, job: str, number: int) -> None:
        """Forget a part, which is done again then."""
        own = (table.c.job_id == job) & (table.c.number == number)
        async with writing(self._database) as connection:
            await connection.execute(delete(table).where(own))

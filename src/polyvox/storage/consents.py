"""Rows of recorded consents. The recordings are blobs."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.voice import Consent
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import voice_consents as table


class ConsentRows:
    """Consents in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, consent: Consent) -> None:
        async with writing(self._database) as connection:
            await connection.execute(insert(table).values(asdict(consent)))

    async def get(self, id: str) -> Consent | None:
        async with reading(self._database) as connection:
            row = (await connection.execute(select(table).where(table.c.id == id))).one_or_none()
        return Consent(**row._mapping) if row else None

    async def list(self, count: int, after: str | None) -> list[Consent]:
        """The newest first, from behind the one with the id `after`."""
        page = select(table).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(count)
        last = await self.get(after) if after else None
        if last:
            older = table.c.created_at < last.created_at
            beside = (table.c.created_at == last.created_at) & (table.c.id < last.id)
            page = page.where(older | beside)
        async with reading(self._database) as connection:
            return [Consent(**row._mapping) for row in await connection.execute(page)]

    async def rename(self, id: str, name: str) -> None:
        async with writing(self._database) as connection:
            await connection.execute(update(table).where(table.c.id == id).values(name=name))

    async def delete(self, id: str) -> None:
        async with writing(self._database) as connection:
            await connection.execute(delete(table).where(table.c.id == id))

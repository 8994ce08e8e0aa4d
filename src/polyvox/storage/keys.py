"""Rows of keys. Of a key's secret only a hash is here."""

from __future__ import annotations

from time import time
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.account import Key
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import access_keys as table


class KeyRows:
    """Keys in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, key: Key, digest: str) -> None:
        values = {
            "id": key.id,
            "digest": digest,
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        async with writing(self._database) as connection:
            await connection.execute(insert(table).values(values))

    async def get(self, id: str) -> tuple[Key, str] | None:
        """The key with that id, and the hash of its secret."""
        async with reading(self._database) as connection:
            row = (await connection.execute(select(table).where(table.c.id == id))).one_or_none()
        return (_key(row), row.digest) if row else None

    async def all(self) -> list[Key]:
        """Every key, those that no longer work too, the newest first."""
        ordered = select(table).order_by(table.c.created_at.desc(), table.c.id)
        async with reading(self._database) as connection:
            return [_key(row) for row in await connection.execute(ordered)]

    async def working(self, scope: str) -> int:
        """How many keys with that scope open something now."""
        alive = table.c.expires_at.is_(None) | (table.c.expires_at > time())
        chosen = select(table.c.scopes).where(table.c.revoked_at.is_(None), alive)
        async with reading(self._database) as connection:
            found = (await connection.execute(chosen)).scalars()
            return sum(scope in scopes for scopes in found)

    async def revoke(self, id: str) -> bool:
        """Whether there is such a key; one that was revoked stays as it is."""
        own = update(table).where(table.c.id == id)
        first = func.coalesce(table.c.revoked_at, time())
        async with writing(self._database) as connection:
            return bool((await connection.execute(own.values(revoked_at=first))).rowcount)

    async def used(self, id: str, at: float) -> None:
        async with writing(self._database) as connection:
            await connection.execute(update(table).where(table.c.id == id).values(used_at=at))


def _key(row: Row[Any]) -> Key:
    return Key(
        row.id,
        row.name,
        tuple(row.scopes),
        row.created_at,
        row.expires_at,
        row.used_at,
        row.revoked_at,
    )

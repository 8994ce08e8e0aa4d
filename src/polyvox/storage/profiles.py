"""Rows of the quality profiles that were made, and of what engines use when none is named."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from polyvox.domain.errors import Conflict
from polyvox.domain.profile import Profile
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import default_profiles as defaults
from polyvox.storage.tables import quality_profiles as table
from polyvox.storage.voices import name_key

_IS_DEFAULT = exists().where(defaults.c.profile_id == table.c.id)


class ProfileRows:
    """Profiles in the database. One that was not used for its lifetime is gone, unless it is an
    engine's default."""

    def __init__(self, database: AsyncEngine, lifetime: float | None) -> None:
        """`lifetime` in seconds; None keeps profiles."""
        self._database, self.lifetime = database, lifetime

    async def add(self, made: Profile) -> None:
        """Raises Conflict when its engine has one of that name."""
        values = {
            "id": made.id,
            "name": made.name,
            "name_key": name_key(made.name),
            "engine": made.engine,
            "options": dict(made.options),
            "effects": dict(made.effects),
            "description": made.description,
            "created_at": made.created_at,
            "used_at": made.used_at,
        }
        try:
            async with writing(self._database) as connection:
                await self._forget(connection)
                await connection.execute(insert(table).values(values))
        except IntegrityError as error:
            raise _taken(made.name, made.engine) from error

    async def get(self, id: str) -> Profile | None:
        found = await self._found(table.c.id == id)
        return found[0] if found else None

    async def named(self, name: str) -> list[Profile]:
        """Those of any engine with that name, as people compare names."""
        return await self._found(table.c.name_key == name_key(name))

    async def of(self, engines: Sequence[str]) -> list[Profile]:
        """Those of `engines`, the newest first."""
        return await self._found(table.c.engine.in_(list(engines)))

    async def change(self, profile: Profile, **values: Any) -> bool:
        """Set columns of a profile; whether it is there. Raises Conflict for the name of
        another of its engine."""
        if "name" in values:
            values["name_key"] = name_key(values["name"])
        try:
            async with writing(self._database) as connection:
                await self._forget(connection)
                changed = update(table).where(table.c.id == profile.id).values(values)
                return bool((await connection.execute(changed)).rowcount)
        except IntegrityError as error:
            raise _taken(values.get("name", ""), profile.engine) from error

    async def touch(self, id: str, when: float) -> None:
        """Say that it was used."""
        async with writing(self._database) as connection:
            await connection.execute(update(table).where(table.c.id == id).values(used_at=when))

    async def delete(self, id: str) -> bool:
        """Whether there was one that is no engine's default."""
        async with writing(self._database) as connection:
            gone = await connection.execute(delete(table).where(table.c.id == id, ~_IS_DEFAULT))
        return bool(gone.rowcount)

    async def defaults(self) -> dict[str, str]:
        """Ids of the profiles that were set, by engine."""
        async with reading(self._database) as connection:
            return {
                row.engine: row.profile_id for row in await connection.execute(select(defaults))
            }

    async def set_default(self, engine: str, id: str) -> None:
        same = defaults.c.engine == engine
        for _ in range(2):
            try:
                async with writing(self._database) as connection:
                    changed = update(defaults).where(same).values(profile_id=id)
                    if not (await connection.execute(changed)).rowcount:
                        await connection.execute(
                            insert(defaults).values(engine=engine, profile_id=id)
                        )
                return
            except IntegrityError:
                continue  # somebody else has just set the engine's first one

    async def purge(self) -> int:
        """Remove those whose time is over."""
        async with writing(self._database) as connection:
            return await self._forget(connection)

    async def _found(self, which: ColumnElement[bool]) -> list[Profile]:
        page = (
            select(table, _IS_DEFAULT.label("in_use"))
            .where(which, self._alive())
            .order_by(table.c.created_at.desc(), table.c.id.desc())
        )
        async with reading(self._database) as connection:
            return [self._made(row) for row in await connection.execute(page)]

    def _alive(self) -> ColumnElement[bool]:
        since = 0.0 if self.lifetime is None else time() - self.lifetime
        return or_(table.c.used_at >= since, _IS_DEFAULT)

    async def _forget(self, connection: AsyncConnection) -> int:
        return (await connection.execute(delete(table).where(~self._alive()))).rowcount

    def _made(self, row: Row[Any]) -> Profile:
        stays = self.lifetime is None or row.in_use
        return Profile(
            id=row.id,
            name=row.name,
            engine=row.engine,
            options=row.options,
            effects=row.effects,
            description=row.description,
            created_at=row.created_at,
            used_at=row.used_at,
            expires_at=None if stays else row.used_at + self.lifetime,
        )


def _taken(name: str, engine: str) -> Conflict:
    return Conflict(f"Engine '{engine}' already has a profile called '{name:.100}'.", param="name")

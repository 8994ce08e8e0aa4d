"""Rows of the voices that were made."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from time import time
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.errors import Conflict
from polyvox.domain.voice import Voice, VoiceRecord
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import voices as table


def name_key(name: str) -> str:
    """Equal for names that people take for the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:200]


class VoiceRows:
    """Voices in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, made: VoiceRecord) -> None:
        """Raises Conflict when there is a voice of that name."""
        try:
            async with writing(self._database) as connection:
                await connection.execute(_forget_expired(time()))
                await connection.execute(insert(table).values(_values(made)))
        except IntegrityError as error:
            raise _taken(made.voice.name) from error

    async def get(self, id: str) -> VoiceRecord | None:
        return await self._one(table.c.id == id)

    async def is_kept(self, id: str) -> bool:
        """Whether there is a voice with that id, deleted ones that can be restored among them."""
        async with reading(self._database) as connection:
            found = await connection.execute(select(table.c.id).where(table.c.id == id))
            return found.first() is not None

    async def named(self, name: str) -> VoiceRecord | None:
        """By id, or by name as people compare names."""
        return await self._one(or_(table.c.id == name, table.c.name_key == name_key(name)))

    async def search(
        self,
        engines: Sequence[str],
        *,
        kind: str | None = None,
        text: str | None = None,
        first: int = 0,
        count: int = 100,
    ) -> tuple[list[VoiceRecord], int]:
        """Some of the voices of `engines`, the newest first, and how many there are in all;
        `text` is in name, description, gender or language."""
        chosen = _alive(time()) & table.c.engine.in_(list(engines))
        if kind is not None:
            chosen &= table.c.kind == kind
        if text:
            about = (table.c.name, table.c.description, table.c.gender, table.c.language)
            chosen &= or_(*(column.icontains(text, autoescape=True) for column in about))
        page = select(table).where(chosen).order_by(table.c.created_at.desc(), table.c.id.desc())
        async with reading(self._database) as connection:
            counted = select(func.count()).select_from(table).where(chosen)
            total = (await connection.execute(counted)).scalar_one()
            rows = await connection.execute(page.offset(first).limit(count))
            return [_made(row) for row in rows], total

    async def change(self, id: str, **values: Any) -> None:
        """Set columns of a voice. Raises Conflict for the name of another."""
        if "name" in values:
            values["name_key"] = name_key(values["name"])
        try:
            async with writing(self._database) as connection:
                await connection.execute(_forget_expired(time()))
                await connection.execute(update(table).where(table.c.id == id).values(values))
        except IntegrityError as error:
            raise _taken(values.get("name", "")) from error

    async def delete(self, id: str) -> bool:
        """Hide a voice until it is purged or restored; whether there was one."""
        now = time()
        hidden = update(table).where(_alive(now), table.c.id == id)
        async with writing(self._database) as connection:
            done = await connection.execute(hidden.values(deleted_at=now, name_key=None))
        return bool(done.rowcount)

    async def restore(self, id: str) -> VoiceRecord | None:
        """Undo `delete`; None when there is nothing to restore. Raises Conflict when the name
        has been given away."""
        gone = table.c.id == id, table.c.deleted_at.is_not(None)
        async with reading(self._database) as connection:
            row = (await connection.execute(select(table).where(*gone))).one_or_none()
        if row is None:
            return None
        await self.change(id, name=row.name, deleted_at=None)
        return _made(row)

    async def gone(self, deleted_before: float) -> list[str]:
        """Ids of voices that were deleted before that moment, or whose time is over."""
        over = or_(table.c.deleted_at < deleted_before, table.c.expires_at < time())
        async with reading(self._database) as connection:
            return list((await connection.execute(select(table.c.id).where(over))).scalars())

    async def purge(self, ids: Sequence[str]) -> None:
        """Remove rows for good."""
        async with writing(self._database) as connection:
            for id in ids:
                await connection.execute(delete(table).where(table.c.id == id))

    async def _one(self, which: ColumnElement[bool]) -> VoiceRecord | None:
        async with reading(self._database) as connection:
            row = (await connection.execute(select(table).where(which, _alive(time())))).first()
        return _made(row) if row else None


def _alive(now: float) -> ColumnElement[bool]:
    return table.c.deleted_at.is_(None) & or_(
        table.c.expires_at.is_(None), table.c.expires_at >= now
    )


def _forget_expired(now: float) -> Any:
    """Names of voices whose time is over are free again, before clean-up comes round."""
    return update(table).where(table.c.expires_at < now).values(name_key=None)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a voice called '{name:.100}'.", param="name")


def _values(made: VoiceRecord) -> dict[str, Any]:
    voice = made.voice
    return {
        "id": voice.id,
        "name": voice.name,
        "name_key": name_key(voice.name),
        "engine": voice.engine,
        "model": voice.model,
        "kind": voice.kind,
        "gender": voice.gender,
        "language": voice.language,
        "description": voice.description,
        "digest": voice.digest,
        "likeness": made.likeness,
        "transcript": made.transcript,
        "consent": made.consent,
        "origin": dict(made.origin),
        "seconds": made.seconds,
        "created_at": made.created_at,
        "expires_at": made.expires_at,
    }


def _made(row: Row[Any]) -> VoiceRecord:
    voice = Voice(
        id=row.id,
        name=row.name,
        engine=row.engine,
        model=row.model,
        kind=row.kind,
        gender=row.gender,
        language=row.language,
        description=row.description,
        digest=row.digest,
    )
    return VoiceRecord(
        voice=voice,
        created_at=row.created_at,
        expires_at=row.expires_at,
        likeness=row.likeness,
        transcript=row.transcript,
        consent=row.consent,
        origin=row.origin,
        seconds=row.seconds,
    )

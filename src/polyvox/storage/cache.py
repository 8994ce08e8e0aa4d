"""Speech that was spoken before, kept until room is needed: rows in the database say what
there is, blobs hold the audio. Writing happens behind the answer, many at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import astuple
from time import time
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from polyvox.domain.audio import Recording
from polyvox.domain.errors import Unavailable
from polyvox.domain.speech import Word
from polyvox.storage.blobs import Blobs
from polyvox.storage.database import reading
from polyvox.storage.tables import cached_speech as table

_GATHER = 0.5
"""Seconds for which writes are gathered."""
_BACKLOG = 256
_KEEP_WHEN_FULL = 0.9


class Cache:
    """Recordings by key, the least recently used leaving first."""

    def __init__(self, database: AsyncEngine, blobs: Blobs, max_bytes: int) -> None:
        self._database, self._blobs, self._max_bytes = database, blobs, max_bytes
        self._new: dict[str, Recording] = {}
        self._used: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write_behind())

    async def get(self, key: str) -> Recording | None:
        if key in self._new:
            return self._new[key]
        found = select(table.c.duration, table.c.words).where(table.c.key == key)
        try:
            async with reading(self._database) as connection:
                row = (await connection.execute(found)).one_or_none()
            data = row and await self._blobs.get(_name(key))
        except Unavailable:  # a cache may fail, speech may not
            return None
        if not row or not data:
            return None
        self._used[key] = time()
        self._wake.set()
        return Recording(data, row.duration, tuple(Word(*values) for values in row.words))

    def put(self, key: str, recording: Recording) -> None:
        """Keep `recording`; written soon, or dropped when more comes than can be written."""
        if len(self._new) < _BACKLOG and len(recording.data) <= self._max_bytes:
            self._new[key] = recording
            self._wake.set()

    async def clear(self) -> None:
        """Forget everything that has been written."""
        async with self._database.begin() as connection:
            keys = (await connection.execute(select(table.c.key))).scalars().all()
            await self._forget(connection, keys)

    async def close(self) -> None:
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer
        await self._flush()

    async def _write_behind(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER)
            self._wake.clear()
            with contextlib.suppress(DBAPIError, OSError, Unavailable):
                await self._flush()

    async def _flush(self) -> None:
        new, used = dict(self._new), self._used
        self._used = {}
        for key, recording in new.items():
            await self._blobs.put(_name(key), recording.data)
        try:
            async with self._database.begin() as connection:
                if new:
                    await connection.execute(delete(table).where(table.c.key.in_(list(new))))
                    await connection.execute(insert(table), [_row(*each) for each in new.items()])
                for key, when in used.items():
                    changed = update(table).where(table.c.key == key).values(used_at=when)
                    await connection.execute(changed)
                await self._make_room(connection)
        finally:
            for key in new:
                self._new.pop(key, None)

    async def _make_room(self, connection: AsyncConnection) -> None:
        size = (await connection.execute(select(func.sum(table.c.size)))).scalar() or 0
        if size <= self._max_bytes:
            return
        oldest = await connection.execute(
            select(table.c.key, table.c.size).order_by(table.c.used_at)
        )
        leaving = []
        for row in oldest:
            if size <= self._max_bytes * _KEEP_WHEN_FULL:
                break
            leaving.append(row.key)
            size -= row.size
        await self._forget(connection, leaving)

    async def _forget(self, connection: AsyncConnection, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), 500):
            some = keys[first : first + 500]
            await connection.execute(delete(table).where(table.c.key.in_(some)))
        await self._blobs.delete([_name(key) for key in keys])


def _name(key: str) -> str:
    return f"cache/{key[:2]}/{key}"


def _row(key: str, recording: Recording) -> dict[str, Any]:
    return {
        "key": key,
        "size": len(recording.data),
        "duration": recording.duration,
        "words": [list(astuple(word)) for word in recording.words],
        "used_at": time(),
    }

"""Rows of jobs. Whoever works at a job is the only one who may say what became of it, and only as
long as it beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from time import time
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from polyvox.domain.job import CANCELLED, FAILED, OVER, QUEUED, RUNNING, Job
from polyvox.storage.database import reading, writing
from polyvox.storage.tables import jobs as table

_CLAIMING = 7102
"""Number of the lock that makes claims of several processes wait for each other."""
_LOST = "Whoever worked at it was lost."


class JobRows:
    """Jobs in the database."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, job: Job) -> Job:
        """The job, or the one there already is with the same key."""
        try:
            async with writing(self._database) as connection:
                await connection.execute(insert(table).values(_values(job)))
        except IntegrityError:
            async with reading(self._database) as connection:
                found = await connection.execute(select(table).where(table.c.key == job.key))
                row = found.first()
            if row is None:
                raise
            return _job(row)
        return job

    async def get(self, id: str) -> Job | None:
        async with reading(self._database) as connection:
            row = (await connection.execute(select(table).where(table.c.id == id))).first()
        return _job(row) if row else None

    async def search(
        self,
        *,
        statuses: Sequence[str] = (),
        kinds: Sequence[str] = (),
        asked: Mapping[str, str] | None = None,
        first: int = 0,
        count: int = 50,
    ) -> tuple[list[Job], int]:
        """Some of the jobs, the newest first, and how many there are in all; `asked` are values
        that their requests must have."""
        chosen: ColumnElement[bool] = table.c.id.is_not(None)
        if statuses:
            chosen &= table.c.status.in_(statuses)
        if kinds:
            chosen &= table.c.kind.in_(kinds)
        for name, value in (asked or {}).items():
            chosen &= table.c.asked[name].as_string() == value
        page = select(table).where(chosen).order_by(table.c.id.desc()).offset(first).limit(count)
        async with reading(self._database) as connection:
            counted = select(func.count()).select_from(table).where(chosen)
            total = (await connection.execute(counted)).scalar_one()
            return [_job(row) for row in await connection.execute(page)], total

    async def counts(self) -> dict[str, int]:
        """How many there are, by status."""
        counted = select(table.c.status, func.count()).group_by(table.c.status)
        async with reading(self._database) as connection:
            return {status: count for status, count in await connection.execute(counted)}

    async def claim(
        self,
        worker: str,
        per_engine: int,
        id: str | None = None,
        waiting_since: float | None = None,
    ) -> Job | None:
        """The next job, which is now the worker's; None when there is none, or when as many of
        its engine's run as may. Only the one with that `id`, or those that wait since then."""
        now = time()
        running = (
            select(table.c.engine)
            .where(table.c.status == RUNNING)
            .group_by(table.c.engine)
            .having(func.count() >= per_engine)
        )
        chosen = (
            (table.c.status == QUEUED) & (table.c.ready_at <= now) & table.c.engine.not_in(running)
        )
        if id is not None:
            chosen &= table.c.id == id
        if waiting_since is not None:
            chosen &= table.c.ready_at <= waiting_since
        order = (table.c.priority.desc(), table.c.id)
        first = select(table.c.id).where(chosen).order_by(*order).limit(1).scalar_subquery()
        taken = (
            update(table)
            .where(table.c.id == first, table.c.status == QUEUED)
            .values(
                status=RUNNING,
                worker=worker,
                beat_at=now,
                started_at=now,
                done_before=table.c.done,
                attempts=table.c.attempts + 1,
            )
            .returning(table)
        )
        async with writing(self._database) as connection:
            await _lock(connection)
            row = (await connection.execute(taken)).first()
        return _job(row) if row else None

    async def beat(self, worker: str, ids: Sequence[str]) -> dict[str, bool]:
        """Says that the worker lives; its jobs, with whether they are to be cancelled. A job that
        is missing in the answer is not its own any more."""
        own = table.c.id.in_(ids) & (table.c.worker == worker) & (table.c.status == RUNNING)
        beaten = update(table).where(own).values(beat_at=time())
        async with writing(self._database) as connection:
            rows = await connection.execute(beaten.returning(table.c.id, table.c.stopping))
            return {row.id: row.stopping for row in rows}

    async def report(self, worker: str, id: str, done: int, total: int) -> None:
        """How far the job is. One that gets on is a job that can be done."""
        attempts = case((table.c.done < done, 1), else_=table.c.attempts)
        values = {"done": done, "total": total, "attempts": attempts, "beat_at": time()}
        await self._own(worker, id, values)

    async def finish(
        self,
        worker: str,
        id: str,
        status: str,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        code: str | None = None,
        keep: float | None = None,
    ) -> bool:
        """The job is over; it and its results are kept for so many seconds. False when it was
        not the worker's any more, and nothing has changed."""
        now = time()
        values = {
            "status": status,
            "result": dict(result or {}),
            "error": error,
            "error_code": code,
            "ended_at": now,
            "telling_at": _told_now(now),
            "expires_at": None if keep is None else now + keep,
        }
        return await self._own(worker, id, values)

    async def release(
        self, worker: str, id: str, ready_at: float, error: str | None = None
    ) -> None:
        """Back into the queue, to be begun again from `ready_at` on."""
        values = {"status": QUEUED, "worker": None, "ready_at": ready_at, "error": error}
        await self._own(worker, id, values)

    async def give_back(self, worker: str, id: str) -> None:
        """Back into the queue, as if it had not been begun this time."""
        attempts = table.c.attempts - 1
        await self._own(worker, id, {"status": QUEUED, "worker": None, "attempts": attempts})

    async def recover(self, silent_since: float, most_attempts: int) -> list[str]:
        """Take jobs from workers that have not beaten since then: back into the queue, or failed
        when they have been begun too often without getting on. Ids of those that are queued."""
        lost = (table.c.status == RUNNING) & (table.c.beat_at < silent_since)
        again = update(table).where(lost, table.c.attempts < most_attempts, ~table.c.stopping)
        stopped = update(table).where(lost, table.c.stopping)
        now = time()
        async with writing(self._database) as connection:
            back = await connection.execute(
                again.values(status=QUEUED, worker=None, ready_at=now, error=_LOST).returning(
                    table.c.id
                )
            )
            ids = [row.id for row in back]
            over = {"ended_at": now, "telling_at": _told_now(now)}
            await connection.execute(stopped.values(status=CANCELLED, **over))
            failed = {"status": FAILED, "error": _LOST, "error_code": "lost", **over}
            await connection.execute(update(table).where(lost).values(failed))
        return ids

    async def cancel(self, id: str) -> Job | None:
        """What waits is over at once; what runs is to stop. The job, as it is now."""
        mine = table.c.id == id
        waits = update(table).where(mine, table.c.status == QUEUED)
        runs = update(table).where(mine, table.c.status == RUNNING)
        async with writing(self._database) as connection:
            now = time()
            over = {"status": CANCELLED, "ended_at": now, "telling_at": _told_now(now)}
            await connection.execute(waits.values(over))
            await connection.execute(runs.values(stopping=True))
        return await self.get(id)

    async def retry(self, id: str) -> bool:
        """Queue a job that is over again; what it has done is not done again. False when it is
        not over."""
        again = update(table).where(table.c.id == id, table.c.status.in_(OVER))
        values = {
            "telling_at": None,
            "tellings": 0,
            "status": QUEUED,
            "ready_at": time(),
            "attempts": 0,
            "stopping": False,
            "error": None,
            "error_code": None,
            "ended_at": None,
            "expires_at": None,
        }
        async with writing(self._database) as connection:
            return bool((await connection.execute(again.values(values))).rowcount)

    async def delete(self, ids: Sequence[str]) -> int:
        """Remove jobs that are over; how many."""
        gone = delete(table).where(table.c.id.in_(ids), table.c.status.in_(OVER))
        async with writing(self._database) as connection:
            return int((await connection.execute(gone)).rowcount)

    async def expired(self, ended_before: float | None = None) -> list[str]:
        """Ids of jobs whose time is over, or that ended before that moment."""
        over = table.c.expires_at < time()
        if ended_before is not None:
            over |= table.c.status.in_(OVER) & (table.c.ended_at < ended_before)
        async with reading(self._database) as connection:
            return list((await connection.execute(select(table.c.id).where(over))).scalars())

    async def tellings(self, count: int = 20) -> list[Job]:
        """Jobs whose webhooks are to be told by now."""
        due = select(table).where(table.c.telling_at <= time()).order_by(table.c.telling_at)
        async with reading(self._database) as connection:
            return [_job(row) for row in await connection.execute(due.limit(count))]

    async def claim_telling(self, id: str, until: float) -> Job | None:
        """Take it upon oneself to tell a webhook that is due; None when another has. Once `until`
        has come it is due again, for whoever took it may be lost."""
        due = (table.c.id == id) & (table.c.telling_at <= time())
        taken = update(table).where(due).values(telling_at=until).returning(table)
        async with writing(self._database) as connection:
            row = (await connection.execute(taken)).first()
        return _job(row) if row else None

    async def told(self, job: Job, at: float | None, *, tried: bool = True) -> None:
        """The webhook of a job that was claimed was tried; the next time is `at`, or never. What
        was claimed by another or has ended again meanwhile stays as it is."""
        own = (table.c.id == job.id) & (table.c.telling_at == job.telling_at)
        values = {"telling_at": at, "tellings": table.c.tellings + int(tried)}
        async with writing(self._database) as connection:
            await connection.execute(update(table).where(own).values(values))

    async def change(self, id: str, asked: Mapping[str, Any]) -> None:
        """Replace the request of a job that is over."""
        own = (table.c.id == id) & table.c.status.in_(OVER)
        async with writing(self._database) as connection:
            await connection.execute(update(table).where(own).values(asked=dict(asked)))

    async def _own(self, worker: str, id: str, values: Mapping[str, Any]) -> bool:
        """Change a job that the worker still has."""
        own = (table.c.id == id) & (table.c.worker == worker) & (table.c.status == RUNNING)
        async with writing(self._database) as connection:
            return bool(
                (await connection.execute(update(table).where(own).values(values))).rowcount
            )


def _told_now(now: float) -> Any:
    """When the webhook is to be told: now, where there is one."""
    return case((table.c.webhook.is_not(None), now), else_=None)


async def _lock(connection: AsyncConnection) -> None:
    """SQLite lets one write at a time as it is."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))


_COLUMNS = tuple(each.name for each in fields(Job))


def _values(job: Job) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in _COLUMNS}
    return {**values, "asked": dict(job.asked), "result": dict(job.result)}


def _job(row: Row[Any]) -> Job:
    return Job(**{name: getattr(row, name) for name in _COLUMNS})

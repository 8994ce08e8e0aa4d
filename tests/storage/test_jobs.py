"""Which of several servers tells a webhook: one, and another once the first seems lost. Each has
connections of its own to one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import time

import pytest

from polyvox.domain.identity import new_id
from polyvox.domain.job import COMPLETED, Job
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows

COUNT = 20
LONG = 60.0


@pytest.fixture
async def servers(database_url: str) -> AsyncIterator[tuple[JobRows, JobRows]]:
    first, second = await connect(database_url), await connect(database_url)
    yield JobRows(first), JobRows(second)
    await first.dispose()
    await second.dispose()


async def ended(rows: JobRows) -> Job:
    """A job whose webhook is due."""
    now = time()
    job = Job(new_id(), "t", {}, "tone", webhook="http://here/", created_at=now, ready_at=now)
    await rows.add(job)
    assert await rows.claim("w", 10_000, job.id)
    await rows.finish("w", job.id, COMPLETED)
    return job


async def due(rows: JobRows, job: Job) -> bool:
    return job.id in [each.id for each in await rows.tellings(10_000)]


async def test_each_is_told_by_one(servers: tuple[JobRows, JobRows]) -> None:
    jobs = [await ended(servers[0]) for _ in range(COUNT)]
    until = time() + LONG
    found = await asyncio.gather(
        *(rows.claim_telling(job.id, until) for job in jobs for rows in servers * 2)
    )
    claimed = [job for job in found if job]
    assert sorted(job.id for job in claimed) == sorted(job.id for job in jobs)
    for job in claimed:
        assert not await due(servers[1], job)
        await servers[0].told(job, None)
        after = await servers[1].get(job.id)
        assert after is not None
        assert (after.telling_at, after.tellings) == (None, 1)


async def test_who_is_lost_leaves_it_to_another(servers: tuple[JobRows, JobRows]) -> None:
    first, second = servers
    job = await ended(first)
    lost = await first.claim_telling(job.id, time() + 0.2)
    assert lost is not None
    assert await second.claim_telling(job.id, time() + LONG) is None
    await asyncio.sleep(0.25)
    taken = await second.claim_telling(job.id, time() + LONG)
    assert taken is not None
    await first.told(lost, None)
    still = await second.get(job.id)
    assert still is not None
    assert (still.telling_at, still.tellings) == (taken.telling_at, 0), "it is the other's now"


async def test_what_was_not_heard_is_due_again_when_it_is_to_be(
    servers: tuple[JobRows, JobRows],
) -> None:
    rows = servers[0]
    job = await ended(rows)
    for tried, count in ((False, 0), (True, 1)):
        claimed = await rows.claim_telling(job.id, time() + LONG)
        assert claimed is not None
        await rows.told(claimed, time() + 0.2, tried=tried)
        assert not await due(rows, job)
        await asyncio.sleep(0.25)
        assert await due(rows, job)
        after = await rows.get(job.id)
        assert after is not None
        assert after.tellings == count


async def test_what_ends_again_while_it_is_told_stays_due(
    servers: tuple[JobRows, JobRows],
) -> None:
    rows = servers[0]
    job = await ended(rows)
    claimed = await rows.claim_telling(job.id, time() + LONG)
    assert claimed is not None
    assert await rows.retry(job.id)
    await rows.claim("w", 10_000, job.id)
    await rows.finish("w", job.id, COMPLETED)
    await rows.told(claimed, None)
    assert await due(rows, job)

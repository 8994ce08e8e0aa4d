"""How the parts beside the engines are doing: the queue of jobs, what carries it, the GPUs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyvox.domain.errors import Unavailable
from polyvox.domain.job import QUEUED, RUNNING
from polyvox.jobs.queue import Embedded
from polyvox.runtime.gpu import Gpu, gpus

if TYPE_CHECKING:
    from polyvox.services import Services

OK, AWAY = "ok", "away"
_PATIENCE = 3.0
"""Seconds that counting the jobs may take."""


@dataclass(frozen=True)
class Broker:
    """What carries the ids of jobs to who works at them."""

    kind: str
    """embedded, where the server works at them itself, or celery; none where no jobs are kept."""
    status: str
    """ok, or away when it does not answer."""
    reason: str | None = None


@dataclass(frozen=True)
class JobQueue:
    """Jobs that are not over."""

    status: str
    """away when they cannot be counted, or nobody can be told of them."""
    reason: str | None = None
    waiting: int | None = None
    running: int | None = None


async def broker(served: Services) -> Broker:
    """Asks it, which takes seconds where it is away."""
    try:
        queue = served.jobs.queue
    except Unavailable as error:
        return Broker("none", AWAY, error.message)
    kind = "embedded" if isinstance(queue, Embedded) else "celery"
    try:
        await queue.ping()
    except Unavailable as error:
        return Broker(kind, AWAY, error.message)
    return Broker(kind, OK)


async def job_queue(served: Services, carried_by: Broker) -> JobQueue:
    """What waits and what runs."""
    try:
        async with asyncio.timeout(_PATIENCE):
            counts = await served.jobs.counts()
    except Unavailable as error:
        return JobQueue(AWAY, error.message)
    except TimeoutError:
        return JobQueue(AWAY, "The database does not answer in time.")
    return JobQueue(carried_by.status, carried_by.reason, counts[QUEUED], counts[RUNNING])


async def machine_gpus() -> tuple[Gpu, ...]:
    """Those of the machine that this process runs on."""
    return await asyncio.to_thread(gpus)

"""Jobs that somebody waits for: begun at once, beside the queue whose jobs may take hours. They
are jobs like all others, so one whose server is killed is taken up by whoever is there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from polyvox.domain.errors import PolyvoxError, from_message
from polyvox.domain.job import FAILED, INTERACTIVE, Job
from polyvox.services.jobs import Jobs

if TYPE_CHECKING:
    from polyvox.jobs.worker import Worker

_log = logging.getLogger(__name__)
_LOOKS = (0.01, 0.5)
"""Seconds between two looks at a job that is waited for, at first and later."""


class Prompt:
    """Does such jobs in this process."""

    def __init__(self, jobs: Jobs, worker: Worker) -> None:
        """`worker` is for these jobs only."""
        self._jobs, self._worker = jobs, worker
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Works while the block runs; what is not done then is left to others."""
        async with self._worker.living():
            try:
                yield
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, kind: str, asked: Mapping[str, Any], wait: float = 0) -> Job:
        """The job as it is after `wait` seconds, or as soon as it is over. Raises what is wrong
        with the request, and what it has failed of by then."""
        job, _ = await self._jobs.submit(kind, asked, priority=INTERACTIVE)
        task = asyncio.create_task(self._do(job.id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await self._over(job, wait)

    async def _do(self, id: str) -> None:
        try:
            await self._worker.take(id)
        except PolyvoxError as error:
            _log.warning("job %s waits: %s", id, error.message)

    async def _over(self, job: Job, wait: float) -> Job:
        until, (pause, longest) = monotonic() + wait, _LOOKS
        while not job.over and monotonic() < until:
            await asyncio.sleep(min(pause, max(0.0, until - monotonic())))
            pause = min(pause * 1.3, longest)
            job = await self._jobs.get(job.id)
        if job.status == FAILED:
            raise from_message({"code": job.error_code, "message": job.error or ""})
        return job

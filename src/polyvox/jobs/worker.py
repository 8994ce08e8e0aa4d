"""Works at jobs: takes them, beats while it does them, says what became of them. What a job is, it
does not know."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, TypeVar
from uuid import uuid4

from polyvox.domain.errors import PolyvoxError, TimedOut, Unavailable
from polyvox.domain.job import CANCELLED, COMPLETED, FAILED, Job
from polyvox.domain.trace import begin
from polyvox.jobs.queue import Embedded
from polyvox.storage.jobs import JobRows

_log = logging.getLogger(__name__)
_REPORT_EVERY = 0.5
"""Seconds between two reports of a job that gets on."""
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Rules:
    """How jobs are worked at."""

    slots: int = 2
    """Jobs that one worker does at once."""
    per_engine: int = 2
    """Jobs of one engine that run at once, all workers together."""
    attempts: int = 5
    """How often a job is begun that does not get on."""
    pause: float = 2.0
    """Seconds before the second attempt, twice as many before each that follows."""
    longest: float = 6 * 3600.0
    """Seconds that a job may take at one go."""
    beat: float = 3.0
    """Seconds between two signs of life."""
    silence: float = 20.0
    """Seconds without one after which another may take the job."""
    look: float = 5.0
    """Seconds between two looks for jobs that nobody was told of."""
    keep: float | None = 7 * 86400.0
    """Seconds that a job is kept once it is over."""


class Report:
    """By which a job's work says how far it is."""

    def __init__(self, rows: JobRows, worker: str, job: Job) -> None:
        self._rows, self._worker, self._id = rows, worker, job.id
        self._told, self._most = 0.0, -1
        self._telling = asyncio.Lock()
        self._watch: Callable[[], Awaitable[None]] | None = None

    def watch(self, watch: Callable[[], Awaitable[None]]) -> None:
        """What looks whether the job may go on, each time that progress is told; it raises why
        not."""
        self._watch = watch

    async def __call__(self, done: int, total: int) -> None:
        """May be called by several at once; what is told never goes back."""
        if done != total and monotonic() - self._told < _REPORT_EVERY:
            return
        self._told = monotonic()
        async with self._telling:
            if done > self._most:
                self._most = done
                await self._rows.report(self._worker, self._id, done, total)
        if self._watch:
            await self._watch()


Do = Callable[[Job, Report], Awaitable[Mapping[str, Any]]]
"""Does a job; what comes of it is JSON. It is cancelled when the job is."""


class Worker:
    """One of those who work at the jobs of a database."""

    def __init__(self, rows: JobRows, do: Do, rules: Rules) -> None:
        self.id = str(uuid4())
        self._rows, self._do, self.rules = rows, do, rules
        self._working: dict[str, asyncio.Task[Any]] = {}
        self._stopped: set[str] = set()
        """Jobs of ours that somebody has cancelled."""

    async def work(self, queue: Embedded) -> None:
        """Take whatever waits, again and again, until cancelled; then give back what is begun."""
        async with self.living(), asyncio.TaskGroup() as slots:
            for _ in range(self.rules.slots):
                slots.create_task(self._slot(queue))

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Beats, and takes back what others have lost, while the block runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    async def take(self, id: str | None = None, waiting_since: float | None = None) -> bool:
        """Claim a job and do it; False when there is none to claim."""
        job = await self._rows.claim(self.id, self.rules.per_engine, id, waiting_since)
        if job is None:
            return False
        await self._work_at(job)
        return True

    async def _slot(self, queue: Embedded) -> None:
        while True:
            try:
                if not await self.take():
                    await queue.rung(self.rules.look)
            except Exception as error:
                _warn("jobs wait", error)
                await asyncio.sleep(self.rules.look)

    async def _work_at(self, job: Job) -> None:
        task = asyncio.ensure_future(self._done(job))
        self._working[job.id] = task
        try:
            await task
        except asyncio.CancelledError:
            if job.id not in self._stopped:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                with contextlib.suppress(PolyvoxError):
                    await self._rows.give_back(self.id, job.id)
                raise
            await self._finish(job, CANCELLED)
        except PolyvoxError as error:
            await self._failed(job, error)
        except Exception as error:
            _log.exception("job %s failed", job.id)
            reason = f"{type(error).__name__}: {error}"
            await self._finish(job, FAILED, error=reason, code="internal")
        else:
            await self._finish(job, COMPLETED, result=task.result())
        finally:
            del self._working[job.id]
            self._stopped.discard(job.id)

    async def _done(self, job: Job) -> Mapping[str, Any]:
        begin(job.id)
        try:
            async with asyncio.timeout(self.rules.longest):
                return await self._do(job, Report(self._rows, self.id, job))
        except TimeoutError as error:
            raise TimedOut(f"It took longer than {self.rules.longest:.0f} seconds.") from error

    async def _failed(self, job: Job, error: PolyvoxError) -> None:
        now = await self._surely(lambda: self._rows.get(job.id))
        attempts = now.attempts if now else job.attempts
        if not error.retry or attempts >= self.rules.attempts:
            await self._finish(job, FAILED, error=error.message, code=error.code)
            return
        pause = self.rules.pause * 2 ** (attempts - 1) * random.uniform(0.8, 1.2)
        ready = time() + max(pause, error.retry_after or 0)
        await self._surely(lambda: self._rows.release(self.id, job.id, ready, error.message))

    async def _finish(self, job: Job, status: str, **what: Any) -> None:
        await self._surely(
            lambda: self._rows.finish(self.id, job.id, status, keep=self.rules.keep, **what)
        )

    async def _surely(self, said: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What became of a job is said again and again while the database is away."""
        while True:
            try:
                return await said()
            except Unavailable as error:
                _warn("a job's end waits", error)
                await asyncio.sleep(self.rules.beat)

    async def _beat(self) -> None:
        """A database that was away has heard of nobody; so none is taken for lost until all have
        had the time to say that they live."""
        recovers = 0.0
        while True:
            try:
                if working := list(self._working):
                    self._stop(working, await self._rows.beat(self.id, working))
                if monotonic() >= recovers:
                    recovers = monotonic() + self.rules.look
                    silent = time() - self.rules.silence
                    await self._rows.recover(silent, self.rules.attempts)
            except Exception as error:
                recovers = monotonic() + self.rules.silence
                _warn("jobs cannot be watched", error)
            await asyncio.sleep(self.rules.beat)

    def _stop(self, ids: Sequence[str], own: Mapping[str, bool]) -> None:
        """Stop what somebody has cancelled, and what another has taken because we seemed lost."""
        for id in ids:
            if own.get(id, True) and id in self._working:
                self._stopped.add(id)
                self._working[id].cancel()


def _warn(what: str, error: Exception) -> None:
    """Nothing that a database does may end a worker; what is no error of ours is told in full."""
    ours = isinstance(error, PolyvoxError)
    _log.warning("%s: %s", what, error, exc_info=None if ours else error)

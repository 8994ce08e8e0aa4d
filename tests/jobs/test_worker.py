"""Whoever works at jobs takes the right one, beats, gets on, gives back; nothing is done twice and
nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Any

import pytest

from polyvox.domain.errors import Busy, EngineFailed, InvalidInput
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job
from polyvox.jobs.queue import Embedded
from polyvox.jobs.worker import Report, Rules, Worker
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows

QUICK = Rules(slots=2, per_engine=9, attempts=3, pause=0.05, beat=0.1, silence=0.5, look=0.2)
Work = Callable[[Job, Report], Awaitable[Mapping[str, Any]]]


@pytest.fixture
async def rows(tmp_path: Path) -> AsyncIterator[JobRows]:
    database = await connect(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield JobRows(database)
    await database.dispose()


def job(name: str, **given: Any) -> Job:
    moment = time()
    more = {"engine": "tone", "created_at": moment, "ready_at": moment, **given}
    return Job(new_id(), "test", {"name": name}, **more)


@asynccontextmanager
async def working(rows: JobRows, do: Work, rules: Rules = QUICK) -> AsyncIterator[Embedded]:
    queue = Embedded()
    task = asyncio.create_task(Worker(rows, do, rules).work(queue))
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(rows: JobRows, id: str, within: float = 5) -> Job:
    async with asyncio.timeout(within):
        while True:
            found = await rows.get(id)
            assert found is not None
            if found.over:
                return found
            await asyncio.sleep(0.02)


async def test_what_is_asked_is_done_and_its_result_kept(rows: JobRows) -> None:
    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        await report(1, 2)
        return {"heard": job.asked["name"]}

    asked = await rows.add(job("a"))
    async with working(rows, do) as queue:
        await queue.put(asked)
        done = await ended(rows, asked.id)
    assert (done.status, done.result) == ("completed", {"heard": "a"})
    assert (done.done, done.total, done.progress) == (1, 2, 1.0)
    assert done.ended_at is not None
    assert done.expires_at == pytest.approx(done.ended_at + 7 * 86400, abs=1)


async def test_those_who_wait_for_it_come_first_then_the_oldest(rows: JobRows) -> None:
    order = []

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        order.append(job.asked["name"])
        return {}

    one, two = await rows.add(job("one")), await rows.add(job("two"))
    urgent = await rows.add(job("urgent", priority=10))
    async with working(rows, do, Rules(slots=1, look=0.1)):
        for each in (one, two, urgent):
            await ended(rows, each.id)
    assert order == ["urgent", "one", "two"]


async def test_no_more_jobs_of_an_engine_run_than_may(rows: JobRows) -> None:
    running, most = dict.fromkeys(("tone", "espeak"), 0), dict.fromkeys(("tone", "espeak"), 0)

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        running[job.engine] += 1
        most[job.engine] = max(most[job.engine], running[job.engine])
        await asyncio.sleep(0.1)
        running[job.engine] -= 1
        return {}

    asked = [await rows.add(job(str(n), engine=("tone", "espeak")[n % 2])) for n in range(8)]
    async with working(rows, do, Rules(slots=4, per_engine=1, look=0.05)):
        for each in asked:
            await ended(rows, each.id)
    assert most == {"tone": 1, "espeak": 1}


async def test_one_job_is_never_claimed_twice(rows: JobRows) -> None:
    asked = [await rows.add(job(str(n))) for n in range(20)]
    claims = await asyncio.gather(*(rows.claim(f"worker-{n}", 99) for n in range(40)))
    got = [claim.id for claim in claims if claim]
    assert sorted(got) == sorted(each.id for each in asked)


async def test_what_may_succeed_later_is_tried_again_and_the_rest_is_not(rows: JobRows) -> None:
    tried = dict.fromkeys(("busy", "broken", "wrong", "hopeless"), 0)

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        name = job.asked["name"]
        tried[name] += 1
        if name == "broken":
            raise EngineFailed("it is broken")
        if name == "wrong":
            raise ZeroDivisionError("oops")
        if name == "hopeless" or tried[name] < 3:
            raise Busy("later")
        return {}

    asked = {name: await rows.add(job(name)) for name in tried}
    async with working(rows, do):
        done = {name: await ended(rows, each.id) for name, each in asked.items()}
    assert {name: each.status for name, each in done.items()} == {
        "busy": "completed",
        "broken": "failed",
        "wrong": "failed",
        "hopeless": "failed",
    }
    assert tried == {"busy": 3, "broken": 1, "wrong": 1, "hopeless": 3}
    assert (done["broken"].error, done["broken"].error_code) == ("it is broken", "engine_failed")
    assert (done["hopeless"].error, done["hopeless"].error_code) == ("later", "busy")
    assert done["wrong"].error_code == "internal"


async def test_a_job_that_gets_on_may_fail_more_often(rows: JobRows) -> None:
    steps = 0

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        nonlocal steps
        steps += 1
        await report(steps, 6)
        if steps < 6:
            raise Busy("later")
        return {}

    asked = await rows.add(job("a"))
    async with working(rows, do):
        assert (await ended(rows, asked.id)).status == "completed"
    assert steps == 6


class Slow(JobRows):
    """Takes longer to write down what is not the end."""

    async def report(self, worker: str, id: str, done: int, total: int) -> None:
        await asyncio.sleep(0 if done == total else 0.1)
        await super().report(worker, id, done, total)


async def test_progress_never_goes_back(tmp_path: Path) -> None:
    database = await connect(f"sqlite:///{tmp_path / 'slow.db'}")
    rows = Slow(database)

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        await asyncio.gather(report(1, 3), report(3, 3))
        return {}

    asked = await rows.add(job("a"))
    async with working(rows, do):
        assert (await ended(rows, asked.id)).done == 3
    await database.dispose()


async def test_what_runs_stops_when_it_is_cancelled(rows: JobRows) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return {}

    asked = await rows.add(job("a"))
    async with working(rows, do):
        await begun.wait()
        await rows.cancel(asked.id)
        assert (await ended(rows, asked.id)).status == "cancelled"
        assert stopped.is_set()
        other = await rows.add(job("b"))
        await rows.cancel(other.id)
        assert (await ended(rows, other.id)).status == "cancelled"


async def test_a_worker_that_stops_gives_back_what_it_has_begun(rows: JobRows) -> None:
    begun = asyncio.Event()

    async def slow(job: Job, report: Report) -> Mapping[str, Any]:
        begun.set()
        await asyncio.sleep(60)
        return {}

    async def quick(job: Job, report: Report) -> Mapping[str, Any]:
        return {}

    asked = await rows.add(job("a"))
    async with working(rows, slow):
        await begun.wait()
    back = await rows.get(asked.id)
    assert back is not None
    assert (back.status, back.attempts) == ("queued", 0)
    async with working(rows, quick):
        assert (await ended(rows, asked.id)).status == "completed"


async def test_a_worker_that_falls_silent_loses_its_job_to_another(rows: JobRows) -> None:
    asked = await rows.add(job("a"))
    lost = await rows.claim("somebody who dies", 9)
    assert lost is not None

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        return {"by": "another"}

    async with working(rows, do):
        done = await ended(rows, asked.id)
    assert done.result == {"by": "another"}
    late = await rows.finish("somebody who dies", asked.id, "completed", result={"by": "the dead"})
    assert not late, "who has lost a job cannot end it"
    assert (await rows.get(asked.id)).result == {"by": "another"}  # type: ignore[union-attr]


async def test_a_job_that_kills_its_workers_fails_in_the_end(rows: JobRows) -> None:
    asked = await rows.add(job("a"))
    for _ in range(3):
        assert await rows.claim("victim", 9)
        await rows.recover(time() + 1, 3)
    found = await rows.get(asked.id)
    assert found is not None
    assert (found.status, found.error_code) == ("failed", "lost")


async def test_a_job_that_takes_too_long_is_tried_again_then_fails(rows: JobRows) -> None:
    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        await asyncio.sleep(60)
        return {}

    asked = await rows.add(job("a"))
    async with working(rows, do, Rules(attempts=2, pause=0.01, longest=0.1, look=0.05)):
        done = await ended(rows, asked.id)
    assert (done.status, done.error_code, done.attempts) == ("failed", "timed_out", 2)


async def test_a_key_makes_one_job(rows: JobRows) -> None:
    first = await rows.add(job("a", key="k"))
    assert (await rows.add(job("b", key="k"))).id == first.id
    assert (await rows.search())[1] == 1


async def test_what_failed_can_be_begun_again_and_what_runs_cannot(rows: JobRows) -> None:
    async def fails(job: Job, report: Report) -> Mapping[str, Any]:
        raise InvalidInput("no")

    asked = await rows.add(job("a"))
    async with working(rows, fails):
        await ended(rows, asked.id)
        assert await rows.retry(asked.id)
    other = await rows.add(job("b"))
    await rows.claim("w", 9)
    await rows.claim("w", 9)
    assert not await rows.retry(other.id)
    assert await rows.delete([other.id]) == 0, "what runs is not removed"

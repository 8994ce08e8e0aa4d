"""All queues keep the same rules: the embedded one, and Celery on a real Redis or RabbitMQ with a
worker in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time
from typing import Any

import pytest

from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job
from polyvox.jobs.queue import Embedded, Queue
from polyvox.jobs.worker import Rules, Worker
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows
from tests.jobs.crew import doing, noted
from tests.jobs.rabbit import BROKERS, Broker, broker_named, rabbitmq

FAR = 60.0
"""Seconds between two looks: whoever works in time was woken."""
RULES = {"per_engine": 9, "attempts": 3, "pause": 0.05, "beat": 0.1, "silence": 1.0, "look": 0.3}


@dataclass
class Place:
    """Rows, a queue, and a way to have somebody work at them."""

    rows: JobRows
    queue: Queue
    folder: Path
    broker: Broker | None

    @property
    def log(self) -> Path:
        return self.folder / "done.jsonl"

    async def asked(self, name: str, **given: Any) -> Job:
        """A job that is put."""
        about = {name: given.pop(name) for name in ("engine", "priority", "key") if name in given}
        now = time()
        job = Job(
            new_id(),
            "test",
            {"name": name, **given},
            **{"engine": "tone", **about},
            created_at=now,
            ready_at=now,
        )
        added = await self.rows.add(job)
        await self.queue.put(added)
        return added

    @contextlib.asynccontextmanager
    async def working(self, **given: Any) -> AsyncIterator[None]:
        rules = Rules(**{**RULES, "slots": 2, **given})
        if isinstance(self.queue, Embedded):
            task = asyncio.create_task(Worker(self.rows, doing(self.log), rules).work(self.queue))
            yield
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return
        assert self.broker
        with crew(self.folder, self.broker.url, rules) as process:
            yield
        assert process.returncode == 0, (self.folder / "crew.log").read_text()

    async def begun(self, within: float = 15) -> None:
        """Until somebody works."""
        until = time() + within
        while not noted(self.log):
            assert time() < until
            await asyncio.sleep(0.05)

    async def ended(self, job: Job, within: float = 15) -> Job:
        async with asyncio.timeout(within):
            while True:
                found = await self.rows.get(job.id)
                assert found is not None
                if found.over:
                    return found
                await asyncio.sleep(0.02)


@contextlib.contextmanager
def crew(folder: Path, broker: str, rules: Rules) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker; stopped warmly at the end."""
    database, log = f"sqlite:///{folder / 'jobs.db'}", folder / "done.jsonl"
    given = json.dumps(asdict(rules))
    with (folder / "crew.log").open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.crew", database, str(log), broker, given],
            stdout=written,
            stderr=written,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


@pytest.fixture(
    scope="module",
    params=["embedded", *(pytest.param(name, marks=pytest.mark.jobs) for name in BROKERS)],
)
def told_by(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker | None]:
    """A broker, or nobody: then workers are in the same process."""
    if request.param == "embedded":
        yield None
        return
    with broker_named(request.param, tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture
async def place(told_by: Broker | None, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(tmp_path, told_by) as found:
        yield found


@contextlib.asynccontextmanager
async def placed(folder: Path, broker: Broker | None) -> AsyncIterator[Place]:
    database = await connect(f"sqlite:///{folder / 'jobs.db'}")
    rows = JobRows(database)
    if broker is None:
        yield Place(rows, Embedded(), folder, None)
    else:
        from polyvox.jobs.celery import Brokered

        queue = Brokered(broker.url)
        yield Place(rows, queue, folder, broker)
        await queue.close()
    await database.dispose()


async def test_what_is_asked_is_done_once_and_its_result_kept(place: Place) -> None:
    async with place.working():
        asked = [await place.asked(str(n)) for n in range(20)]
        done = [await place.ended(job) for job in asked]
    assert [job.result for job in done] == [{"heard": str(n)} for n in range(20)]
    assert {job.attempts for job in done} == {1}
    names = [line["name"] for line in noted(place.log) if line["what"] == "done"]
    assert sorted(names, key=int) == [str(n) for n in range(20)]


async def test_who_works_is_woken_and_does_not_have_to_look(place: Place) -> None:
    async with place.working(look=FAR):
        await place.ended(await place.asked("first"))
        for n in range(3):
            job = await place.asked(str(n))
            done = await place.ended(job)
            assert done.ended_at is not None
            assert done.ended_at - job.created_at < 2


async def test_what_nobody_was_told_of_is_found(place: Place) -> None:
    now = time()
    lost = await place.rows.add(Job(new_id(), "t", {"name": "lost"}, "tone", ready_at=now))
    async with place.working():
        assert (await place.ended(lost)).status == "completed"


async def test_those_who_wait_for_it_come_first_then_the_oldest(place: Place) -> None:
    asked = [await place.asked(name) for name in ("one", "two")]
    asked.append(await place.asked("urgent", priority=10))
    async with place.working(slots=1):
        for job in asked:
            await place.ended(job)
    begun = [line["name"] for line in noted(place.log) if line["what"] == "begun"]
    assert begun == ["urgent", "one", "two"]


async def test_no_more_jobs_of_an_engine_run_than_may(place: Place) -> None:
    asked = [
        await place.asked(str(n), engine=("tone", "espeak")[n % 2], seconds=0.1) for n in range(8)
    ]
    async with place.working(slots=4, per_engine=1):
        for job in asked:
            await place.ended(job)
    running, most = {"tone": 0, "espeak": 0}, {"tone": 0, "espeak": 0}
    for line in noted(place.log):
        running[line["engine"]] += 1 if line["what"] == "begun" else -1
        most[line["engine"]] = max(most[line["engine"]], running[line["engine"]])
    assert most == {"tone": 1, "espeak": 1}


async def test_what_waits_and_what_runs_is_cancelled(place: Place) -> None:
    async with place.working(slots=1):
        runs = await place.asked("runs", seconds=60)
        waits = await place.asked("waits")
        await place.begun()
        for job in (waits, runs):
            await place.rows.cancel(job.id)
            assert (await place.ended(job)).status == "cancelled"
    assert [line["what"] for line in noted(place.log)] == ["begun"]


async def test_what_may_succeed_later_is_tried_again_after_a_pause(place: Place) -> None:
    async with place.working():
        busy = await place.asked("busy", until=3)
        hopeless = await place.asked("hopeless", until=99)
        wrong = await place.asked("wrong", wrong=True)
        done = [await place.ended(job) for job in (busy, hopeless, wrong)]
    assert [job.status for job in done] == ["completed", "failed", "failed"]
    assert [job.attempts for job in done] == [3, 3, 1]
    assert [job.error for job in done] == [None, "later", "It is wrong."]
    begun = [
        line["at"]
        for line in noted(place.log)
        if line["name"] == "busy" and line["what"] == "begun"
    ]
    assert begun[1] - begun[0] >= 0.04
    assert begun[2] - begun[1] >= 0.08


async def test_a_key_makes_one_job(place: Place) -> None:
    async with place.working():
        first = await place.asked("a", key="k")
        second = await place.asked("b", key="k")
        assert second.id == first.id
        await place.ended(first)
    assert [line["name"] for line in noted(place.log)] == ["a", "a"]


async def test_who_is_stopped_gives_back_what_is_begun(place: Place) -> None:
    async with place.working():
        asked = await place.asked("long", seconds=60)
        await place.begun()
    back = await place.rows.get(asked.id)
    assert back is not None
    assert (back.status, back.attempts) == ("queued", 0)


@pytest.mark.jobs
@pytest.mark.parametrize("name", BROKERS)
async def test_a_broker_that_is_away_delays_nobody_and_loses_nothing(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with broker_named(name, tmp_path / name) as server:
        async with placed(tmp_path, server) as place, place.working():
            await place.ended(await place.asked("before"))
            server.kill()
            begun = time()
            asked = [await place.asked(str(n)) for n in range(20)]
            assert time() - begun < 2
            with pytest.raises(Unavailable, match=r"://127\.0\.0\.1.*does not answer"):
                await place.queue.ping()
            assert {(await place.ended(job)).status for job in asked} == {"completed"}
            server.again(empty=True)
            await place.queue.ping()
            assert (await place.ended(await place.asked("after"))).status == "completed"
    told = [each.getMessage() for each in caplog.records if "broker" in each.getMessage()]
    assert len([line for line in told if "jobs are kept" in line]) == 1
    assert not [line for line in told if "guest:" in line], "no password is shown"


@pytest.mark.jobs
@pytest.mark.parametrize("name", BROKERS)
async def test_workers_are_woken_again_once_a_broker_is_back(name: str, tmp_path: Path) -> None:
    with broker_named(name, tmp_path / name) as server:
        async with placed(tmp_path, server) as place, place.working(look=FAR):
            await place.ended(await place.asked("before"))
            server.kill()
            server.again(empty=True)
            until, found = time() + 40, False
            while not found:
                job = await place.asked("after")
                with contextlib.suppress(TimeoutError):
                    found = (await place.ended(job, 2)).status == "completed"
                assert time() < until


@pytest.mark.jobs
@pytest.mark.parametrize("name", BROKERS)
async def test_two_workers_share_what_there_is(name: str, tmp_path: Path) -> None:
    rules = Rules(**{**RULES, "slots": 1})
    with broker_named(name, tmp_path / name) as server:
        async with placed(tmp_path, server) as place:
            with crew(tmp_path, server.url, rules), crew(tmp_path, server.url, rules):
                asked = [await place.asked(str(n), seconds=0.1) for n in range(12)]
                for job in asked:
                    assert (await place.ended(job)).attempts == 1
    both, running = False, 0
    for line in noted(place.log):
        running += 1 if line["what"] == "begun" else -1
        both |= running == 2
    assert both
    assert len(noted(place.log)) == 24


@pytest.mark.jobs
async def test_who_is_busy_for_long_is_not_shut_out(tmp_path: Path) -> None:
    """RabbitMQ closes the channel of those who hold a message for half an hour; here six seconds,
    which is more than a worker holds any."""
    patience = {"consumer_timeout": 6000, "channel_tick_interval": 500}
    with rabbitmq(tmp_path / "rabbitmq", **patience) as server:
        async with placed(tmp_path, server) as place, place.working(slots=1, look=FAR):
            long = await place.asked("long", seconds=15)
            await place.begun()
            asked = [await place.asked(str(n)) for n in range(3)]
            assert {(await place.ended(job, 30)).status for job in (long, *asked)} == {"completed"}
            assert (await place.ended(await place.asked("after"), 5)).status == "completed"
    assert "PRECONDITION_FAILED" not in (tmp_path / "crew.log").read_text()


@pytest.mark.jobs
async def test_who_is_shut_out_gives_back_what_is_begun_and_says_so(tmp_path: Path) -> None:
    patience = {"consumer_timeout": 500, "channel_tick_interval": 500}
    rules = Rules(**{**RULES, "slots": 1})
    with rabbitmq(tmp_path / "rabbitmq", **patience) as server:
        async with placed(tmp_path, server) as place:
            with crew(tmp_path, server.url, rules) as process:
                long = await place.asked("long", seconds=60)
                await place.begun()
                for n in range(4):
                    await place.asked(str(n))
                assert await asyncio.to_thread(process.wait, 20) != 0
            back = await place.rows.get(long.id)
    assert back is not None
    assert (back.status, back.attempts) == ("queued", 0)
    told = (tmp_path / "crew.log").read_text()
    assert "What was begun is given back" in told
    assert "guest:" not in told


@pytest.mark.jobs
def test_an_address_that_is_no_broker_s_is_refused() -> None:
    from polyvox.jobs.celery import Brokered

    with pytest.raises(InvalidInput, match="redis://"):
        Brokered("http://somewhere")

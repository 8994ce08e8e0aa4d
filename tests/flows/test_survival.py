"""Whatever is killed in the middle of fifty jobs, every job that was accepted is done, once."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.working import SETTINGS, Caller, working
from tests.jobs.rabbit import BROKERS, Broker, broker_named
from tests.postgres import Postgres, postgres
from tests.server import served

pytestmark = pytest.mark.jobs

COUNT = 50
SECONDS = 4.6
"""Of one job: two lines of two seconds, and a pause."""


either = pytest.mark.parametrize("broker", BROKERS, indirect=True)


@pytest.fixture
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Redis, where a test does not run with either."""
    with broker_named(getattr(request, "param", "redis"), tmp_path / "broker") as server:
        yield server


@pytest.fixture
def brokered(broker: Broker) -> dict[str, str]:
    """Settings of those who share the broker."""
    return {**SETTINGS, "POLYVOX_JOBS__QUEUE": broker.url}


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_server_is_killed_that_works_at_them_itself(tmp_path: Path) -> None:
    with served(tmp_path, **SETTINGS) as server, Caller(server.url) as caller:
        ids = caller.ask_many(COUNT)
        caller.until_done(5)
        killed(server.process)
    with served(tmp_path, **SETTINGS) as server, Caller(server.url) as caller:
        caller.check_all_done(ids, SECONDS)


def test_a_server_is_killed_while_celery_works(tmp_path: Path, brokered: dict[str, str]) -> None:
    with working(tmp_path, **brokered):
        with served(tmp_path, **brokered) as server, Caller(server.url) as caller:
            ids = caller.ask_many(COUNT)
            caller.until_done(5)
            killed(server.process)
        with served(tmp_path, **brokered) as server, Caller(server.url) as caller:
            caller.check_all_done(ids, SECONDS)


@either
def test_a_celery_worker_is_killed(tmp_path: Path, brokered: dict[str, str]) -> None:
    with served(tmp_path, **brokered) as server, Caller(server.url) as caller:
        with working(tmp_path, **brokered) as worker:
            ids = caller.ask_many(COUNT)
            caller.until_done(5)
            killed(worker)
        assert caller.count("completed") < COUNT
        with working(tmp_path, **brokered):
            caller.check_all_done(ids, SECONDS)


def test_a_celery_worker_that_is_stopped_gives_back_what_it_has(
    tmp_path: Path, brokered: dict[str, str]
) -> None:
    with served(tmp_path, **brokered) as server, Caller(server.url) as caller:
        with working(tmp_path, **brokered) as worker:
            id = caller.ask("long", lines=30, factor=0.1)
            while caller.get(id)["done"] < 5:
                time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            worker.wait(10)
        back = caller.get(id)
        assert (back["status"], back["attempts"]) == ("queued", 0)
        with working(tmp_path, **brokered):
            assert caller.ended(id)["status"] == "completed"


@either
@pytest.mark.parametrize("empty", [False, True], ids=["with its data", "without its data"])
def test_a_broker_is_killed_and_comes_back(
    tmp_path: Path, broker: Broker, brokered: dict[str, str], empty: bool
) -> None:
    with (
        served(tmp_path, **brokered) as server,
        Caller(server.url) as caller,
        working(tmp_path, **brokered),
    ):
        assert caller.health["queue"]["status"] == "ok"
        ids = caller.ask_many(COUNT)
        caller.until_done(5)
        broker.kill()
        assert caller.health["queue"]["status"] == "away"
        ids.append(caller.ask("while it is away"))
        broker.again(empty=empty)
        ids.append(caller.ask("when it is back"))
        caller.check_all_done(ids, SECONDS)
        assert caller.health["queue"]["status"] == "ok"
        assert (tmp_path / "server.log").read_text().count("jobs are kept") <= 1


@pytest.mark.parametrize("through", ["embedded", "celery"])
def test_postgresql_is_killed_and_comes_back(
    tmp_path: Path, database: Postgres, brokered: dict[str, str], through: str
) -> None:
    settings = {**(brokered if through == "celery" else SETTINGS), "DATABASE_URL": database.url}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(served(tmp_path, **settings))
        if through == "celery":
            stack.enter_context(working(tmp_path, **settings))
        caller = stack.enter_context(Caller(server.url))
        before = caller.count("completed")
        ids = [caller.ask(f"{through} {n}") for n in range(COUNT)]
        caller.until_done(before + 5)
        database.kill()
        assert caller.get(ids[-1])["status"] == "unknown"
        time.sleep(4)
        database.start()
        for id in ids:
            assert caller.ended(id)["status"] == "completed"
        assert caller.count("completed") == before + COUNT
        assert max(caller.get(id)["attempts"] for id in ids) <= 3


def test_a_long_narration_goes_on_at_its_first_unsaved_segment(
    tmp_path: Path, brokered: dict[str, str]
) -> None:
    with served(tmp_path, **brokered) as server, Caller(server.url) as caller:
        with working(tmp_path, **brokered) as worker:
            id = caller.ask("long", lines=40, factor=0.05)
            while caller.get(id)["done"] < 10:
                time.sleep(0.05)
            killed(worker)
        units = tmp_path / "blobs" / "jobs" / id / "units"
        written = {path.name: path.stat().st_mtime_ns for path in units.glob("*.pcm")}
        assert 10 <= len(written) < 40
        with working(tmp_path, **brokered):
            job = caller.ended(id)
    assert (job["status"], job["attempts"]) == ("completed", 1)
    now = {path.name: path.stat().st_mtime_ns for path in units.glob("*.pcm")}
    assert len(now) == 40
    again = [name for name, moment in written.items() if now[name] != moment]
    assert len(again) <= 4, "only what was being written is spoken again"

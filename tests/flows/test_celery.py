"""A server that hands its jobs to Celery, on Redis or RabbitMQ: it works at nothing itself, and
says whether the broker is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.flows.working import SETTINGS, Caller, working
from tests.jobs.rabbit import BROKERS, Broker, broker_named
from tests.server import Server, served

pytestmark = pytest.mark.jobs


@pytest.fixture(scope="module", params=BROKERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(request.param)


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Broker]:
    with broker_named(folder.name.rstrip("0123456789"), folder / "broker") as server:
        yield server


@pytest.fixture(scope="module")
def brokered(broker: Broker) -> dict[str, str]:
    return {**SETTINGS, "POLYVOX_JOBS__QUEUE": broker.url}


@pytest.fixture(scope="module")
def server(folder: Path, brokered: dict[str, str]) -> Iterator[Server]:
    with served(folder, **brokered) as running:
        yield running


@pytest.fixture
def caller(server: Server) -> Iterator[Caller]:
    with Caller(server.url) as caller:
        yield caller


def test_the_server_itself_works_at_nothing(
    caller: Caller, folder: Path, brokered: dict[str, str]
) -> None:
    id = caller.ask("waits")
    time.sleep(1)
    assert caller.get(id)["status"] == "queued"
    with working(folder, **brokered):
        assert caller.ended(id)["status"] == "completed"


def test_who_waits_for_it_is_served_before_the_batches(
    caller: Caller, folder: Path, brokered: dict[str, str]
) -> None:
    batch = [caller.ask(f"batch {n}", factor=0.1) for n in range(6)]
    urgent = caller.ask("urgent", priority="interactive")
    with working(folder, "--slots", "1", **brokered):
        done = caller.ended(urgent)
        rest = [caller.ended(id) for id in batch]
    assert done["started_at"] < min(job["started_at"] for job in rest)
    begun = [job["started_at"] for job in rest]
    assert begun == sorted(begun), "the oldest first"
    for job, following in pairwise(rest):
        assert following["started_at"] >= job["ended_at"], "one at a time"


def test_what_runs_elsewhere_is_cancelled_and_begun_again(
    caller: Caller, folder: Path, brokered: dict[str, str]
) -> None:
    with working(folder, **brokered):
        id = caller.ask("cancelled", lines=40, factor=0.2)
        while caller.get(id)["done"] < 1:
            time.sleep(0.05)
        caller.post(f"/v1/jobs/{id}/cancel")
        assert caller.ended(id, 10)["status"] == "cancelled"
        caller.post(f"/v1/jobs/{id}/retry")
        while caller.get(id)["status"] != "running":
            time.sleep(0.05)
        caller.post(f"/v1/jobs/{id}/cancel")
        assert caller.ended(id, 10)["status"] == "cancelled"


def doctor(folder: Path, settings: dict[str, str]) -> str:
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), **settings}
    command = [sys.executable, "-m", "polyvox", "doctor"]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False).stdout


def test_the_doctor_and_the_health_tell_of_the_broker(
    caller: Caller, tmp_path: Path, brokered: dict[str, str]
) -> None:
    assert caller.health["queue"]["status"] == "ok"
    assert caller.health["broker"] == {"kind": "celery", "status": "ok", "reason": None}
    assert "ok     jobs: the broker answers" in doctor(tmp_path, brokered)
    scheme = brokered["POLYVOX_JOBS__QUEUE"].partition(":")[0]
    nobody = {**brokered, "POLYVOX_JOBS__QUEUE": f"{scheme}://:secret@127.0.0.1:1/0"}
    said = doctor(tmp_path, nobody)
    assert f"BROKEN jobs: The broker {scheme}://127.0.0.1:1/0 does not answer" in said
    assert "secret" not in said

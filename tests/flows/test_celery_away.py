"""A worker whose database or broker is away when it starts: without the database it ends and says
why, so that whoever runs it starts it again; for the broker it waits, and works meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import redis
from tests.flows.working import SETTINGS, Caller, working
from tests.jobs.rabbit import BROKERS, broker_named
from tests.server import served

pytestmark = pytest.mark.jobs

AWAY = "postgresql://polyvox:secret@127.0.0.1:1/polyvox"


def test_without_its_database_it_ends_and_says_so(tmp_path: Path) -> None:
    with redis(tmp_path / "redis") as broker:
        given = {key: value for key, value in os.environ.items() if "POLYVOX_" not in key}
        given |= {**SETTINGS, "POLYVOX_JOBS__QUEUE": broker.url, "DATABASE_URL": AWAY}
        given |= {"POLYVOX_STORAGE__FOLDER": str(tmp_path)}
        command = [sys.executable, "-m", "polyvox", "jobs", "work"]
        done = subprocess.run(
            command, env=given, capture_output=True, text=True, timeout=60, check=False
        )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "polyvox:***@127.0.0.1:1/polyvox cannot be used" in said
    assert "Connection refused" in said
    assert "Traceback" not in said
    assert "secret" not in said


@pytest.mark.parametrize("name", BROKERS)
def test_without_its_broker_it_works_and_looks_until_it_is_there(name: str, tmp_path: Path) -> None:
    with broker_named(name, tmp_path / "broker") as broker:
        broker.kill()
        brokered = {**SETTINGS, "POLYVOX_JOBS__QUEUE": broker.url}
        with (
            served(tmp_path, **brokered) as server,
            Caller(server.url) as caller,
            working(tmp_path, **brokered),
        ):
            assert caller.ended(caller.ask("without it"))["status"] == "completed"
            broker.again()
            assert caller.ended(caller.ask("with it"))["status"] == "completed"
            assert caller.health["queue"]["status"] == "ok"

"""The Compose file is read by Compose itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.deploy

FOLDER = Path(__file__).parents[2] / "deploy"


def compose(*arguments: str, secrets: bool = True) -> subprocess.CompletedProcess[str]:
    file = ["--env-file", "example.env"] if secrets else []
    return subprocess.run(
        ["docker-compose", *file, "-f", "compose.yaml", *arguments],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def services() -> dict[str, Any]:
    done = compose("--profile", "gpu", "config")
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]  # type: ignore[no-any-return]


def test_compose_takes_the_file() -> None:
    assert set(services()) == {
        *("gateway", "worker-a", "worker-b", "worker-gpu", "jobs"),
        *("database", "redis", "store"),
    }


def test_without_secrets_nothing_starts() -> None:
    done = compose("config", secrets=False)
    assert done.returncode
    assert "a secret of at least 16 characters" in done.stderr


def test_a_worker_knows_neither_the_database_nor_the_store() -> None:
    for name in ("worker-a", "worker-b", "worker-gpu"):
        assert set(services()[name]["environment"]) == {"POLYVOX_CLUSTER__TOKEN"}


def test_a_worker_says_where_it_is_reached() -> None:
    for name in ("worker-a", "worker-b", "worker-gpu"):
        assert f"--advertise=http://{name}:8001" in services()[name]["command"]


def test_only_the_gateway_is_reached_from_outside_and_only_from_this_machine() -> None:
    found = services()
    assert [name for name in found if "ports" in found[name]] == ["gateway"]
    assert "127.0.0.1" in str(found["gateway"]["ports"])


def test_only_the_gateway_makes_the_first_key() -> None:
    makes = {
        name: each["environment"].get("POLYVOX_ACCESS__BOOTSTRAP")
        for name, each in services().items()
        if "POLYVOX_CLUSTER__TOKEN" in each.get("environment", {})
    }
    assert {name for name, made in makes.items() if made is not None} == {"gateway"}
    assert makes["gateway"] == "true"


def test_the_gateway_waits_until_its_stores_are_healthy() -> None:
    found = services()
    for name, rule in found["gateway"]["depends_on"].items():
        assert rule["condition"] == "service_healthy"
        assert found[name]["healthcheck"]["test"]


def test_the_gpu_is_asked_for_by_one_service_of_a_profile_of_its_own() -> None:
    found = services()
    assert [name for name in found if "deploy" in found[name]] == ["worker-gpu"]
    assert found["worker-gpu"]["profiles"] == ["gpu"]

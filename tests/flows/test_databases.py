"""From a text to sound and back from storage, on either database, across a restart."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.server import served

pytestmark = pytest.mark.long

ASKED = {"input": "Kept across a restart.", "voice": "sage", "seed": 77}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    import os

    return {"DATABASE_URL": os.environ["POLYVOX_TEST_DATABASE_URL"]}


def test_speech_is_remembered_across_a_restart(environment: dict[str, str], tmp_path: Path) -> None:
    with served(tmp_path, **environment) as server:
        first = httpx.post(f"{server.url}/v1/audio/speech", json=ASKED, timeout=30)
        assert first.status_code == 200
        first.read()
    with served(tmp_path, **environment) as server:
        again = httpx.post(f"{server.url}/v1/audio/speech", json=ASKED, timeout=30)
        assert again.headers["x-cache"] == "hit"
        assert again.content == first.content


def test_profiles_and_defaults_are_remembered_across_a_restart(
    environment: dict[str, str], tmp_path: Path
) -> None:
    asked = ASKED | {"response_format": "wav", "stream": False}
    with served(tmp_path, **environment) as server:
        url = f"{server.url}/v1/profiles"
        wanted = {"engine": "espeak", "name": f"House {uuid4().hex[:8]}", "options": {"pitch": 10}}
        made = httpx.post(url, json=wanted | {"effects": {"loudness": -23}}).json()["id"]
        assert httpx.post(f"{url}/{made}/default").json()["default"]
        first = httpx.post(f"{server.url}/v1/audio/speech", json=asked, timeout=30)
    with served(tmp_path, POLYVOX_CACHE__ENABLED="false", **environment) as server:
        again = httpx.post(f"{server.url}/v1/audio/speech", json=asked, timeout=30)
        assert again.content == first.content
        url = f"{server.url}/v1/profiles"
        assert httpx.post(f"{url}/espeak.standard/default").status_code == 200
        assert httpx.delete(f"{url}/{made}").status_code == 204
        plain = httpx.post(f"{server.url}/v1/audio/speech", json=asked, timeout=30)
        assert plain.content != first.content


def test_a_server_that_is_stopped_leaves_no_process_behind(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        httpx.post(f"{server.url}/v1/audio/speech", json=ASKED, timeout=30)
        children = _children(server.process.pid)
        assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    import time

    with served(tmp_path) as server:
        children = _children(server.process.pid)
        server.process.kill()
        server.process.wait()
        until = time.monotonic() + 5
        while time.monotonic() < until and any(Path(f"/proc/{pid}").exists() for pid in children):
            time.sleep(0.05)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_a_server_whose_database_is_away_says_so_in_a_sentence(tmp_path: Path) -> None:
    away = "postgresql://me:secret@127.0.0.1:1/nothing"
    with pytest.raises(AssertionError) as said, served(tmp_path, DATABASE_URL=away):
        pass
    assert "storage.database" in str(said.value)
    assert "secret" not in str(said.value)
    assert "Traceback" not in str(said.value)

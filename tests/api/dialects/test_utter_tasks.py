"""Clips of the web application that take longer become tasks, and all of them have a history."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import sounds
from tests.jobs_over_http import ended, killed, until
from tests.server import served

pytestmark = pytest.mark.long

SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "espeak,tone",
    "POLYVOX_SPEECH__MODEL": "tone",
    "POLYVOX_SPEECH__CLIP_WAIT_SECONDS": "1",
    "POLYVOX_SPEECH__MAX_CLIP_CHARACTERS": "2000",
    "POLYVOX_JOBS__SILENCE_SECONDS": "2",
    "POLYVOX_CACHE__ENABLED": "false",
}
QUICK = {"voice_id": "tone.low", "text": "ten chars."}
SLOW = {"voice_id": "tone.low", "text": "x" * 60}
"""Takes three seconds where `slow` has been called."""


def slow(client: httpx.Client) -> None:
    """Whatever hums takes half as long as it sounds."""
    profile = {"name": "Slow", "engine": "tone", "options": {"real_time_factor": 0.5}}
    made = client.post("/v1/profiles", json=profile).json()
    assert client.post(f"/quality-profiles/tone/{made['id']}/set-default").status_code == 200


@pytest.fixture(scope="module")
def slow_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        served(tmp_path_factory.mktemp("tasks"), **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        slow(client)
        yield client


def heard(client: httpx.Client, address: str) -> float:
    """Seconds of a clip."""
    samples, rate = sounds.decode(client.get(address).content, "mp3")
    assert rate == 44100
    return len(samples) / rate


def test_what_is_done_in_time_is_answered_with_its_address(client: httpx.Client) -> None:
    asked = {"voice_id": "tone.low", "text": "ten chars."}
    made = client.post("/api/generate", json=asked)
    assert (made.status_code, set(made.json())) == (200, {"id", "audio_url", "duration"})
    task = client.get(f"/api/tasks/{made.json()['id']}").json()
    assert (task["type"], task["status"], task["progress"]) == ("generate", "completed", 100)
    assert task["result"]["audio_url"] == made.json()["audio_url"]


def test_what_takes_longer_becomes_a_task_and_is_not_begun_again(
    slow_client: httpx.Client,
) -> None:
    began = time.monotonic()
    answer = slow_client.post("/api/generate", json=SLOW)
    waited = time.monotonic() - began
    assert (answer.status_code, answer.json()["status"]) == (202, "processing"), answer.text
    assert waited == pytest.approx(1, abs=0.6)
    task = ended(slow_client, f"/api/tasks/{answer.json()['task_id']}")
    assert task["status"] == "completed", task
    assert time.monotonic() - began < 5, "what was spoken while it was waited for counts"
    assert heard(slow_client, task["result"]["audio_url"]) == pytest.approx(6, abs=0.4)


def test_who_asks_for_a_task_gets_one_at_once(client: httpx.Client) -> None:
    answer = client.post("/api/generate", params={"async": "true"}, json=QUICK)
    assert answer.status_code == 202
    assert set(answer.json()) == {"task_id", "status"}
    assert answer.headers["location"] == f"/api/tasks/{answer.json()['task_id']}"
    task = ended(client, answer.headers["location"])
    assert heard(client, task["result"]["audio_url"]) > 0.5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"voice_id": "nobody", "text": "Hi."}, 404),
        ({"voice_id": "tone.low", "text": ""}, 422),
        ({"voice_id": "tone.low", "text": "   "}, 400),
        ({"voice_id": "tone.low"}, 422),
    ],
)
def test_what_is_wrong_is_said_at_once_and_makes_no_task(
    client: httpx.Client, body: dict[str, Any], status: int
) -> None:
    before = client.get("/api/tasks").json()["total"]
    answer = client.post("/api/generate", params={"async": "true"}, json=body)
    assert (answer.status_code, "detail" in answer.json()) == (status, True), answer.text
    assert client.get("/api/tasks").json()["total"] == before


def test_a_task_is_cancelled_and_deleted(slow_client: httpx.Client) -> None:
    started = slow_client.post("/api/generate", params={"async": "true"}, json=SLOW).json()
    path = f"/api/tasks/{started['task_id']}"
    assert slow_client.post(f"{path}/cancel").status_code == 200
    assert ended(slow_client, path)["status"] == "cancelled"
    assert slow_client.delete(path).json() == {"success": True}
    assert slow_client.get(path).status_code == 404
    assert slow_client.post(f"{path}/cancel").status_code == 404
    assert slow_client.get("/api/tasks/nothing").json()["detail"]


def test_a_clip_does_not_wait_for_long_jobs(slow_client: httpx.Client) -> None:
    long = {"text": "\n\n".join(["x" * 40] * 20), "model": "tone", "voice": "low"}
    jobs = [slow_client.post("/v1/jobs", json=long).json()["id"] for _ in range(6)]
    until(lambda: slow_client.get("/v1/jobs").json()["counts"]["running"] == 2)
    task = slow_client.post("/api/generate", params={"async": "true"}, json=QUICK).json()
    assert ended(slow_client, f"/api/tasks/{task['task_id']}", 15)["status"] == "completed"
    assert slow_client.get("/v1/jobs").json()["counts"]["queued"] >= 4
    for job in jobs:
        slow_client.post(f"/v1/jobs/{job}/cancel")


def test_what_was_generated_is_listed_spoken_again_and_deleted(client: httpx.Client) -> None:
    made = client.post("/api/generate", json=QUICK).json()
    page = client.get("/api/generations", params={"page_size": 1}).json()
    (latest,) = page["generations"]
    assert (latest["id"], latest["text"], latest["voice_id"]) == (
        made["id"],
        *reversed(QUICK.values()),
    )
    assert latest["audio_url"] == made["audio_url"]
    again = client.post(f"/api/generations/{made['id']}/regenerate").json()
    assert again["id"] != made["id"]
    assert heard(client, again["audio_url"]) == pytest.approx(made["duration"], abs=0.1)
    assert client.get("/api/generations").json()["total"] == page["total"] + 1
    for clip in (made, again):
        assert client.delete(f"/api/generations/{clip['id']}").json() == {"success": True}
        assert client.get(clip["audio_url"]).status_code == 404
        assert client.delete(f"/api/generations/{clip['id']}").status_code == 404
    assert client.get("/api/generations").json()["total"] == page["total"] - 1


def test_a_narration_is_a_task_but_no_generation(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json={"text": "hum", "model": "tone"}).json()
    assert ended(client, f"/api/tasks/{job['id']}")["result"]["audio_url"].startswith("/v1/jobs/")
    assert client.delete(f"/api/generations/{job['id']}").status_code == 404
    assert client.post(f"/api/generations/{job['id']}/regenerate").status_code == 404
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 200


def test_a_killed_server_loses_no_task(tmp_path: Path) -> None:
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        slow(client)
        started = client.post("/api/generate", params={"async": "true"}, json=SLOW).json()
        path = f"/api/tasks/{started['task_id']}"
        until(lambda: client.get(path).json()["status"] == "processing")
        killed(server)
    with (
        served(tmp_path, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        task = ended(client, path)
        assert task["status"] == "completed", task
        assert client.get("/api/generations").json()["total"] == 1
        assert heard(client, task["result"]["audio_url"]) == pytest.approx(6, abs=0.4)

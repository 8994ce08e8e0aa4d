"""Jobs behind a real server: a long text is spoken in segments, survives whoever speaks it, and
comes in every format."""

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests import sounds
from tests.server import served

pytestmark = pytest.mark.long

SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "espeak,tone",
    "POLYVOX_JOBS__SILENCE_SECONDS": "2",
    "POLYVOX_CACHE__ENABLED": "false",
}
LINE = "x" * 19 + ". "
"""Hummed for two seconds, in a segment of its own where the paragraph ends."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        served(tmp_path_factory.mktemp("jobs"), **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def begun(client: httpx.Client, **given: Any) -> dict[str, Any]:
    asked = {"model": "tone", "voice": "low", "language": "en", "response_format": "wav"}
    key = given.pop("key", None)
    answer = client.post(
        "/v1/jobs",
        json={**asked, **given},
        headers={"Idempotency-Key": key} if key else {},
    )
    assert answer.status_code in (200, 202), answer.text
    job: dict[str, Any] = answer.json()
    return job


def ended(client: httpx.Client, id: str, within: float = 30) -> dict[str, Any]:
    until = time.monotonic() + within
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/v1/jobs/{id}").json()
        if job["status"] in ("completed", "failed", "cancelled"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is still {job['status']}: {job}")


def paragraphs(count: int) -> str:
    return "\n\n".join([LINE.strip()] * count)


def sound(client: httpx.Client, id: str, fmt: str = "wav") -> tuple[Any, int]:
    answer = client.get(f"/v1/jobs/{id}/audio", params={"format": fmt})
    assert answer.status_code == 200, answer.text
    return sounds.decode(answer.content, fmt)


def test_a_long_text_becomes_one_file(client: httpx.Client) -> None:
    job = ended(client, begun(client, text=paragraphs(5))["id"])
    assert job["status"] == "completed", job
    assert (job["progress"], job["engine"], job["voice"]) == (100, "tone", "tone.low")
    samples, rate = sound(client, job["id"])
    assert len(samples) / rate == pytest.approx(job["duration"], abs=0.05)
    assert job["duration"] > 10
    assert sounds.pitch_of(samples[rate // 2 : rate], rate) == pytest.approx(220, rel=0.02)


def test_it_sounds_as_when_it_is_spoken_at_once(client: httpx.Client) -> None:
    job = ended(client, begun(client, text=paragraphs(3))["id"])
    kept, rate = sound(client, job["id"])
    asked = {"model": "tone", "voice": "low", "language": "en", "response_format": "wav"}
    at_once = client.post("/v1/audio/speech", json={**asked, "input": paragraphs(3)}).content
    spoken, _ = sounds.decode(at_once, "wav")
    assert len(kept) == len(spoken)
    assert np.abs(kept - spoken).max() < 1e-3
    assert rate == 24000


@pytest.mark.parametrize("fmt", ["mp3", "opus", "aac", "flac", "pcm"])
def test_the_result_comes_in_every_format(client: httpx.Client, fmt: str) -> None:
    job = ended(client, begun(client, text=paragraphs(2))["id"])
    samples, rate = sound(client, job["id"], fmt)
    assert len(samples) / rate == pytest.approx(job["duration"], abs=0.15)


def test_a_profiles_effects_are_heard_in_the_result(client: httpx.Client) -> None:
    effects = {"high_pass": 200, "loudness": -30}
    made = client.post("/v1/profiles", json={"name": "Quiet", "engine": "tone", "effects": effects})
    assert made.status_code == 201, made.text
    plain, quiet = (
        ended(client, begun(client, text=paragraphs(3), **more)["id"])
        for more in ({}, {"profile": "Quiet"})
    )
    levels = [sounds.level_of(sound(client, job["id"])[0]) for job in (plain, quiet)]
    assert levels[1] < levels[0] - 10
    at_once = {"input": paragraphs(3), "profile": "Quiet", "response_format": "wav"}
    asked = {"model": "tone", "voice": "low", "language": "en", "stream": False}
    spoken, _ = sounds.decode(client.post("/v1/audio/speech", json=at_once | asked).content, "wav")
    assert sounds.level_of(spoken) == pytest.approx(levels[1], abs=0.5)


def test_captions_know_when_each_word_is_said(client: httpx.Client) -> None:
    chapters = [{"title": "One", "text": "ten chars."}, {"title": "Two", "text": "and more."}]
    job = ended(client, begun(client, chapters=chapters)["id"])
    words = client.get(f"/v1/jobs/{job['id']}/captions", params={"format": "json"}).json()["words"]
    whole = "ten chars.\n\nand more."
    assert [word["text"] for word in words] == ["ten", "chars.", "and", "more."]
    assert [whole[word["first"] : word["last"]] for word in words] == [w["text"] for w in words]
    first, second = job["chapters"]
    assert (first["title"], second["title"]) == ("One", "Two")
    assert words[2]["start"] == pytest.approx(second["start"], abs=0.1)
    assert second["start"] - words[1]["end"] >= 1.9, "a pause between chapters"
    assert "-->" in client.get(f"/v1/jobs/{job['id']}/captions").text


def test_progress_is_sent_while_it_is_made(client: httpx.Client) -> None:
    job = begun(client, text=paragraphs(8), options={"real_time_factor": 0.3})
    seen = []
    with client.stream("GET", f"/v1/jobs/{job['id']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        for line in events.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
    done = [each["progress"] for each in seen]
    assert done == sorted(done)
    assert seen[-1]["status"] == "completed"
    assert len({each["done"] for each in seen}) > 2
    assert any(each["seconds_left"] for each in seen)


def test_the_same_key_makes_one_job_and_another_request_is_refused(client: httpx.Client) -> None:
    first, again = (begun(client, text="hum", key="once") for _ in range(2))
    assert first["id"] == again["id"]
    answer = client.post("/v1/jobs", json={"text": "other"}, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("asked", "status", "param"),
    [
        ({"text": " "}, 400, "text"),
        ({}, 400, "text"),
        ({"text": "a", "chapters": [{"text": "b"}]}, 400, "text"),
        ({"text": "a", "voice": "nobody"}, 404, "voice"),
        ({"text": "a", "model": "nothing"}, 404, "model"),
        ({"text": "a", "options": {"levle": 1}}, 400, "levle"),
        ({"text": "a", "response_format": "midi"}, 400, "response_format"),
        ({"text": "a", "webhook_url": "http://127.0.0.1/"}, 400, "webhook_url"),
        ({"text": "a" * 2_000_001}, 400, "input"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    client: httpx.Client, asked: dict[str, Any], status: int, param: str
) -> None:
    before = client.get("/v1/jobs").json()["total"]
    answer = client.post("/v1/jobs", json={"model": "tone", **asked})
    assert answer.status_code == status, answer.text
    assert param in answer.json()["error"]["param"]
    assert client.get("/v1/jobs").json()["total"] == before


def test_what_waits_and_what_runs_can_be_cancelled_and_begun_again(client: httpx.Client) -> None:
    slow = {"text": paragraphs(6), "options": {"real_time_factor": 0.5}}
    jobs = [begun(client, **slow) for _ in range(4)]
    for job in jobs:
        assert client.post(f"/v1/jobs/{job['id']}/cancel").status_code == 200
    assert {ended(client, job["id"])["status"] for job in jobs} == {"cancelled"}
    assert client.get(f"/v1/jobs/{jobs[0]['id']}/audio").status_code == 409
    assert client.post(f"/v1/jobs/{jobs[0]['id']}/retry").status_code == 202
    assert ended(client, jobs[0]["id"])["status"] == "completed"
    assert client.post(f"/v1/jobs/{jobs[0]['id']}/retry").status_code == 409


def test_one_segment_can_be_spoken_again(client: httpx.Client) -> None:
    job = ended(client, begun(client, text="One of them. " * 100, model="espeak", voice=None)["id"])
    spoken = client.get(f"/v1/jobs/{job['id']}/segments").json()
    assert len(spoken) > 2
    assert all(each["seconds"] > 1 for each in spoken)
    answer = client.post(f"/v1/jobs/{job['id']}/segments/1/again", params={"seed": 9})
    assert answer.status_code == 202
    assert ended(client, job["id"])["status"] == "completed"
    seeds = [each["seed"] for each in client.get(f"/v1/jobs/{job['id']}/segments").json()]
    assert seeds == [9 if number == 1 else 0 for number in range(len(seeds))]
    assert client.post(f"/v1/jobs/{job['id']}/segments/999/again").status_code == 404


def test_a_deleted_job_leaves_nothing(client: httpx.Client) -> None:
    job = begun(client, text=paragraphs(20), options={"real_time_factor": 0.3})
    time.sleep(0.5)
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert job["id"] not in {each["id"] for each in client.get("/v1/jobs").json()["jobs"]}


def test_an_interactive_job_does_not_wait_for_batches(client: httpx.Client) -> None:
    slow = {"text": paragraphs(3), "options": {"real_time_factor": 0.2}}
    batch = [begun(client, **slow) for _ in range(8)]
    urgent = begun(client, text="hum", priority="interactive")
    assert ended(client, urgent["id"])["status"] == "completed"
    waiting = client.get("/v1/jobs", params={"status": "queued"}).json()
    assert waiting["total"] >= 2
    for job in batch:
        client.post(f"/v1/jobs/{job['id']}/cancel")


def test_a_killed_server_loses_no_accepted_job(tmp_path: Path) -> None:
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        slow = {"text": paragraphs(2), "options": {"real_time_factor": 0.05}}
        with ThreadPoolExecutor(8) as threads:
            jobs = list(threads.map(lambda n: begun(client, **slow, key=str(n)), range(50)))
        while client.get("/v1/jobs").json()["counts"]["completed"] < 5:
            time.sleep(0.05)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with (
        served(tmp_path, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        done = [ended(client, job["id"], 60) for job in jobs]
        assert {job["status"] for job in done} == {"completed"}
        assert client.get("/v1/jobs").json()["total"] == 50
        again = begun(client, **slow, key="0")
        assert again["id"] == jobs[0]["id"], "keys are remembered too"
        for job in done[::10]:
            samples, rate = sound(client, job["id"])
            assert len(samples) / rate == pytest.approx(done[0]["duration"], abs=0.05)


def test_a_narration_goes_on_where_its_server_was_killed(tmp_path: Path) -> None:
    slow = {"text": paragraphs(30), "options": {"real_time_factor": 0.1}}
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        job = begun(client, **slow)
        while client.get(f"/v1/jobs/{job['id']}").json()["done"] < 8:
            time.sleep(0.05)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    units = tmp_path / "blobs" / "jobs" / job["id"] / "units"
    written = {path.name: path.stat().st_mtime_ns for path in units.glob("*.pcm")}
    assert 8 <= len(written) < 30
    with (
        served(tmp_path, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        assert ended(client, job["id"], 60)["status"] == "completed"
    now = {path.name: path.stat().st_mtime_ns for path in units.glob("*.pcm")}
    assert len(now) == 30
    again = [name for name, moment in written.items() if now[name] != moment]
    assert len(again) <= 4, "only what was being written is spoken again"

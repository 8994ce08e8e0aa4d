"""The asynchronous audio service's clients send jobs, ask how they are, and fetch their files."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import httpx
import pytest

from tests import sounds
from tests.jobs_over_http import ended

pytestmark = pytest.mark.long

FIELDS = set(
    "id status progress text engine tts_engine_used engine_fallback fallback_reason mode preset "
    "voice_id output_file audio_url duration error_message created_at started_at "
    "completed_at".split()
)
TONE = {"text": "ten chars. And ten more.", "engine": "tone"}


def begun(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = client.post("/jobs", json={**TONE, **asked})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


@pytest.fixture(scope="module")
def done(server: Any) -> dict[str, Any]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        return ended(client, f"/jobs/{begun(client, preset='male_deep')['id']}")


def test_a_job_has_the_fields_that_clients_read(client: httpx.Client, done: dict[str, Any]) -> None:
    job = begun(client, mode="preset", preset="female_warm")
    assert set(job) == FIELDS
    assert (job["status"], job["mode"], job["preset"]) == ("queued", "preset", "female_warm")
    assert (job["audio_url"], job["output_file"], job["duration"]) == (None, None, None)
    assert (done["status"], done["progress"], done["tts_engine_used"]) == ("completed", 100, "tone")
    assert (done["engine_fallback"], done["error_message"]) == (False, None)
    assert done["audio_url"] == f"/jobs/{done['id']}/download"
    assert done["created_at"] <= done["started_at"] <= done["completed_at"]


@pytest.mark.parametrize("kind", ["data", "files"])
def test_a_form_does_as_well_as_json(client: httpx.Client, kind: str) -> None:
    asked = {"text": "ten chars.", "tts_engine": "tone", "source_language": "en"}
    parts: Any = {name: (None, value) for name, value in asked.items()}
    answer = client.post("/jobs", **{kind: asked if kind == "data" else parts})
    assert answer.status_code == 202, answer.text
    job = ended(client, f"/jobs/{answer.json()['id']}")
    assert (job["status"], job["engine"], job["text"]) == ("completed", "tone", "ten chars.")


@pytest.mark.parametrize("fmt", ["wav", "mp3", "ogg", "flac", "m4a", "opus"])
def test_the_result_is_downloaded_in_every_format(
    client: httpx.Client, done: dict[str, Any], fmt: str, tmp_path: Path
) -> None:
    listed = client.get(f"/jobs/{done['id']}/formats").json()
    assert listed["job_id"] == done["id"]
    (named,) = (each for each in listed["formats"] if each["format"] == fmt)
    for _ in range(2):  # made, and kept
        answer = client.get(named["url"])
        assert answer.headers["content-type"] == named["media_type"]
        wanted = f'attachment; filename="{done["id"]}.{fmt}"'
        assert answer.headers["content-disposition"] == wanted
        assert int(answer.headers["content-length"]) == len(answer.content)
    file = tmp_path / f"result.{fmt}"
    file.write_bytes(answer.content)
    with av.open(str(file)) as opened:
        (stream,) = opened.streams.audio
        seconds = sum(frame.samples / frame.sample_rate for frame in opened.decode(stream))
    assert seconds == pytest.approx(done["duration"], abs=0.15)


def test_a_download_without_a_format_is_what_the_job_names(
    client: httpx.Client, done: dict[str, Any]
) -> None:
    answer = client.get(done["audio_url"])
    assert done["output_file"] in answer.headers["content-disposition"]
    samples, rate = sounds.decode(answer.content, "mp3")
    assert len(samples) / rate == pytest.approx(done["duration"], abs=0.1)


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"text": ""}, 422, "text"),
        ({"text": "x" * 10_001}, 422, "10000"),
        ({"text": 5}, 422, "string"),
        ({"mode": "dubbing"}, 400, "Dubbing"),
        ({"mode": "dubbing_with_clone", "voice_id": "x"}, 400, "Dubbing"),
        ({"mode": "voice"}, 400, "voice_id"),
        ({"mode": "other"}, 422, "mode"),
        ({"mode": "voice", "voice_id": "0193e4a0-1111-7222-8333-444455556666"}, 404, "voice"),
        ({"preset": "nobody"}, 404, "nobody"),
        ({"engine": "nothing"}, 404, "nothing"),
        ({"quality_profile_id": "no such profile"}, 404, "profile"),
        ({"source_language": "xx-none"}, 400, "language"),
    ],
)
def test_what_is_wrong_has_a_detail_and_makes_no_job(
    client: httpx.Client, asked: dict[str, Any], status: int, told: str
) -> None:
    before = client.get("/jobs").json()["total"]
    answer = client.post("/jobs", json={**TONE, **asked})
    assert answer.status_code == status, answer.text
    assert told.lower() in str(answer.json()["detail"]).lower()
    assert client.get("/jobs").json()["total"] == before


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "detail" in answer.json()) == (422, True)


def test_jobs_are_listed_by_status_and_mode_a_page_at_a_time(client: httpx.Client) -> None:
    name = f"AVJ {uuid4().hex[:8]}"
    design = {"name": name, "description": "a calm woman", "engine": "espeak"}
    voice = client.post("/v1/voices/design", json=design).json()["id"]
    jobs = [begun(client, engine=None, voice_id=voice, text="Hi " * 3000) for _ in range(3)]
    for job in jobs:
        assert ended(client, f"/jobs/{job['id']}")["status"] == "completed"
    page = client.get("/jobs", params={"mode": "voice", "page_size": 2}).json()
    assert [job["id"] for job in page["jobs"]] == [job["id"] for job in jobs[:0:-1]]
    assert {job["voice_id"] for job in page["jobs"]} == {voice}
    assert page["total_pages"] == -(-page["total"] // 2)
    assert len(client.get("/jobs", params={"mode": "preset"}).json()["jobs"]) >= 1
    assert len(client.get(f"/jobs/{jobs[0]['id']}").json()["text"]) == 9000
    assert client.get("/jobs", params={"status": "cancelled"}).json()["total"] == 0
    assert client.get("/jobs", params={"status": "completed"}).json()["total"] >= 3
    for wrong in ({"page_size": 101}, {"status": "lost"}, {"mode": "dubbing"}):
        assert client.get("/jobs", params=wrong).status_code == 422
    client.delete(f"/voices/{voice}")


def test_a_quality_profile_is_heard(client: httpx.Client) -> None:
    profile = {"name": f"P {uuid4().hex[:8]}", "engine": "tone", "options": {"level": 0.05}}
    made = client.post("/v1/profiles", json=profile).json()
    levels = []
    for given in ({}, {"quality_profile": made["name"]}, {"quality_profile_id": made["id"]}):
        job = ended(client, f"/jobs/{begun(client, **given)['id']}")
        answer = client.get(f"/jobs/{job['id']}/download", params={"format": "wav"})
        levels.append(sounds.level_of(sounds.decode(answer.content, "wav")[0]))
    assert levels[1] == pytest.approx(levels[2], abs=0.1)
    assert levels[0] - levels[1] > 3
    client.delete(f"/v1/profiles/{made['id']}")


def test_a_deleted_job_is_gone_with_its_files(client: httpx.Client) -> None:
    job = ended(client, f"/jobs/{begun(client)['id']}")
    assert client.delete(f"/jobs/{job['id']}").status_code == 204
    for path in ("", "/formats", "/download"):
        answer = client.get(f"/jobs/{job['id']}{path}")
        assert (answer.status_code, "detail" in answer.json()) == (404, True)
    assert client.delete(f"/jobs/{job['id']}").status_code == 404
    assert client.get(f"/jobs/{job['id']}/download?format=midi").status_code == 422


def test_there_is_nothing_to_download_before_it_is_done(client: httpx.Client) -> None:
    slow = {"text": "hum hum. " * 200, "model": "tone", "options": {"real_time_factor": 0.9}}
    job = client.post("/v1/jobs", json=slow).json()
    for fmt in ("mp3", "m4a"):
        answer = client.get(f"/jobs/{job['id']}/download", params={"format": fmt})
        assert answer.status_code == 409, answer.text
    assert client.delete(f"/jobs/{job['id']}").status_code == 204

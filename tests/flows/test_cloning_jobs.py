"""Voices that are cloned as jobs: from an uploaded recording to speech, once each, whatever
happens to the server."""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from polyvox.app import running
from polyvox.domain.errors import Conflict
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job
from polyvox.domain.speech import Utterance
from polyvox.jobs.worker import Report, Rules, Worker
from polyvox.services.cloning import RECORDING, Cloning
from polyvox.services.enrolment import About
from polyvox.settings import Settings
from tests import sounds
from tests.jobs_over_http import ended, killed
from tests.server import served

pytestmark = pytest.mark.long

SETTINGS = {"POLYVOX_ENGINES__ENABLED": "espeak,tone", "POLYVOX_JOBS__SILENCE_SECONDS": "2"}


def fresh() -> str:
    return f"Cloned {uuid4().hex[:8]}"


def sent(client: httpx.Client, recording: Path, **form: str) -> httpx.Response:
    with recording.open("rb") as audio:
        given = {"name": fresh(), "language": "en", "engine": "tone", **form}
        return client.post("/voices/clone", data=given, files={"file": audio})


def test_a_recording_becomes_a_voice_that_speaks(client: httpx.Client, recording: Path) -> None:
    name = fresh()
    answer = sent(client, recording, name=name, description="from a job")
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"job_id", "status", "message"}
    job = ended(client, f"/jobs/{answer.json()['job_id']}")
    assert (job["status"], job["mode"]) == ("completed", "clone"), job
    voice = client.get(f"/voices/{job['voice_id']}").json()
    assert (voice["name"], voice["language"]) == (name, "en")
    assert (voice["description"], voice["tts_engine"]) == ("from a job", "tone")
    task = client.get(f"/api/tasks/{job['id']}").json()
    assert task["type"] == "clone"
    assert client.get(task["result"]["reference_url"]).status_code == 200
    spoken = client.post("/jobs", json={"text": "ten chars.", "voice_id": job["voice_id"]}).json()
    done = ended(client, f"/jobs/{spoken['id']}")
    assert (done["status"], done["mode"]) == ("completed", "voice"), done
    clip = client.get(done["audio_url"])
    assert sounds.level_of(sounds.decode(clip.content, "mp3")[0]) > -40
    client.delete(f"/voices/{job['voice_id']}")


def test_the_recording_is_kept_only_with_the_voice(tmp_path: Path, recording: Path) -> None:
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        id = sent(client, recording).json()["job_id"]
        voice = ended(client, f"/jobs/{id}")["voice_id"]
        assert not (tmp_path / "blobs" / "jobs" / id / RECORDING).exists()
        assert client.delete(f"/jobs/{id}").status_code == 204
        assert client.get(f"/voices/{voice}").status_code == 200, "voices outlive their jobs"


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"name": ""}, 422, "name"),
        ({"name": "a/b"}, 400, "slashes"),
        ({"engine": "nothing"}, 404, "nothing"),
        ({"language": "klingonese"}, 400, "language"),
    ],
)
def test_what_is_wrong_is_said_at_once(
    client: httpx.Client, recording: Path, form: dict[str, str], status: int, told: str
) -> None:
    before = client.get("/jobs").json()["total"]
    answer = sent(client, recording, **form)
    assert answer.status_code == status, answer.text
    assert told in str(answer.json()["detail"]).lower()
    assert client.get("/jobs").json()["total"] == before


def test_what_is_no_recording_is_refused_at_once(client: httpx.Client, tmp_path: Path) -> None:
    text = tmp_path / "letter.wav"
    text.write_text("Dear Sir, " * 1000)
    answer = sent(client, text)
    assert (answer.status_code, "detail" in answer.json()) == (415, True), answer.text


def test_a_killed_server_makes_each_voice_once(tmp_path: Path, recording: Path) -> None:
    names = [fresh() for _ in range(4)]
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        jobs = [sent(client, recording, name=name).json()["job_id"] for name in names]
        killed(server)
    with (
        served(tmp_path, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        done = [ended(client, f"/jobs/{id}") for id in jobs]
        assert {job["status"] for job in done} == {"completed"}, done
        listed = client.get("/voices").json()["voices"]
        assert sorted(voice["name"] for voice in listed) == sorted(names)
        assert {voice["id"] for voice in listed} == {job["voice_id"] for job in done}


async def test_a_job_whose_end_was_not_written_down_is_not_done_twice(
    tmp_path: Path, recording: Path
) -> None:
    """Killed between the voice and the row of its job."""
    settings = Settings.model_validate(
        {"engines": {"enabled": ("tone",)}, "speech": {"model": "tone"}}
        | {"storage": {"folder": tmp_path}}
    )
    async with running(settings) as services:
        kept = tmp_path / "copy.wav"
        shutil.copy(recording, kept)
        asked = Cloning.asking(About(fresh()), "tone")
        job, _ = await services.jobs.submit(Cloning.kind, asked, files={RECORDING: kept})
        made: list[Any] = []

        async def lost(job: Job, report: Report) -> Any:
            made.append(await services.jobs.do(job, report))
            raise AssertionError("the end is not written down")

        assert await Worker(services.jobs.rows, lost, Rules()).take(job.id)
        await services.jobs.rows.retry(job.id)
        again = Worker(services.jobs.rows, services.jobs.do, Rules())
        assert await again.take(job.id)
        done = await services.jobs.get(job.id)
        assert (done.status, done.result) == ("completed", made[0])
        voices, total = await services.voices.list(presets=False)
        assert (total, voices[0].voice.id) == (1, done.result["voice_id"])
        assert asked["voice_id"] == voices[0].voice.id


async def test_who_comes_too_late_takes_nothing_away(tmp_path: Path, recording: Path) -> None:
    """Two who work at one job, as when the first seemed lost: its voice stays whole."""
    settings = Settings.model_validate(
        {"engines": {"enabled": ("tone",)}, "storage": {"folder": tmp_path}}
        | {"speech": {"model": "tone"}}
    )
    async with running(settings) as services:
        first, second = About(fresh()), About(fresh())
        id = new_id()
        await services.enrolment.clone(recording, first, "tone", id=id)
        with pytest.raises(Conflict):
            await services.enrolment.clone(recording, second, "tone", id=id)
        clip = await services.generations.generate(Utterance("ten chars.", voice=id))
        assert clip.voice == id
        assert (await services.voices.reference(id)).size > 100_000

"""Clean-up over a real server and on real files: what has expired, what belongs to nothing and
what there is no room for goes; what waits, runs or is in use stays."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from polyvox.app import running
from polyvox.domain.errors import NotFound
from polyvox.domain.job import Job
from polyvox.jobs.worker import Rules, Worker
from polyvox.services import Services
from polyvox.services.enrolment import About
from polyvox.settings import Settings
from tests.jobs_over_http import ended, until
from tests.server import served

pytestmark = pytest.mark.long

SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "espeak,tone",
    "POLYVOX_SPEECH__MODEL": "tone",
    "POLYVOX_VOICES__UNDO_MINUTES": "0",
    "POLYVOX_CACHE__ENABLED": "false",
}
HUM = {"text": "x" * 100, "model": "tone", "format": "wav"}
"""Ten seconds; some 500 kB of samples and as many of WAV."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upkeep")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        served(folder, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def cleaned(client: httpx.Client, mode: str, hours: float | None = None) -> dict[str, Any]:
    answer = client.post("/admin/cleanup", json={"mode": mode, "max_age_hours": hours})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def old(path: Path, data: bytes = b"left over") -> Path:
    """A file that was written yesterday."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    yesterday = time.time() - 86400
    os.utime(path, (yesterday, yesterday))
    return path


def test_what_belongs_to_nothing_goes_and_what_belongs_stays(
    client: httpx.Client, folder: Path, recording: Path
) -> None:
    with recording.open("rb") as audio:
        form = {"name": f"Kept {uuid4().hex[:8]}", "engine": "tone"}
        voice = client.post("/v1/voices", data=form, files={"audio": audio}).json()["id"]
    job = client.post("/v1/jobs", json={"text": "ten chars.", "model": "tone"}).json()["id"]
    ended(client, f"/v1/jobs/{job}")
    blobs = folder / "blobs"
    strange = str(uuid4())
    lost = [
        old(blobs / "jobs" / strange / "audio.mp3"),
        old(blobs / "states" / f"{strange}.safetensors"),
        old(blobs / "references" / f"{strange}.wav"),
        old(blobs / "references" / "not-an-id.wav"),
    ]
    kept = [*blobs.glob(f"jobs/{job}/**/*.*"), blobs / "references" / f"{voice}.wav"]
    kept += [blobs / "states" / f"{voice}.safetensors"]
    for path in kept:
        old(path, path.read_bytes())
    assert cleaned(client, "basic")["orphans"] == 0
    assert all(path.exists() for path in lost)
    told = cleaned(client, "deep")
    assert told["orphans"] == len(lost)
    assert not any(path.exists() for path in lost)
    assert all(path.exists() for path in kept), "what belongs to something stays"
    fresh = blobs / "jobs" / strange / "recording"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(b"just sent")
    assert cleaned(client, "deep")["orphans"] == 0, "its row may be about to be written"
    client.delete(f"/voices/{voice}")
    client.delete(f"/v1/jobs/{job}")


def test_what_is_old_goes_but_not_what_waits_or_runs(client: httpx.Client) -> None:
    done = client.post("/v1/jobs", json={"text": "x" * 100, "model": "tone"}).json()["id"]
    ended(client, f"/v1/jobs/{done}")
    clip = client.post("/api/generate", json={"voice_id": "tone.low", "text": "hum"}).json()
    slow = {"text": "\n\n".join(["x" * 40] * 10), "model": "tone"}
    slow["options"] = {"real_time_factor": 0.2}  # type: ignore[assignment]
    live = [client.post("/v1/jobs", json=slow).json()["id"] for _ in range(4)]
    until(lambda: client.get(f"/v1/jobs/{live[0]}").json()["done"] > 1)
    assert cleaned(client, "basic", 0)["jobs"] == 0
    told = cleaned(client, "deep", 0)
    assert (told["jobs"], told["clips"]) == (2, 1)
    assert told["freed_mb"] > 0.1
    assert client.get(f"/v1/jobs/{done}").status_code == 404
    assert client.get(clip["audio_url"]).status_code == 404
    for id in live:
        assert ended(client, f"/v1/jobs/{id}")["status"] == "completed"
        assert client.get(f"/v1/jobs/{id}/audio").status_code == 200


def test_a_voice_whose_time_is_over_goes_with_its_files(
    client: httpx.Client, folder: Path, recording: Path
) -> None:
    with recording.open("rb") as audio:
        form = {"name": f"Short {uuid4().hex[:8]}", "engine": "tone", "ttl": "0.5"}
        voice = client.post("/v1/voices", data=form, files={"audio": audio}).json()["id"]
    assert client.get("/admin/stats").json()["voices"] >= 1
    time.sleep(0.6)
    assert cleaned(client, "basic")["voices"] >= 1
    assert not list((folder / "blobs").glob(f"*/{voice}.*"))


def test_operators_see_what_is_kept(client: httpx.Client) -> None:
    stats = client.get("/admin/stats").json()
    assert set(stats["jobs"]) == {"queued", "running", "completed", "failed", "cancelled"}
    assert set(stats["storage_mb"]) == {"jobs", "generated", "references", "states"}
    assert stats["used_mb"] == pytest.approx(sum(stats["storage_mb"].values()), abs=0.01)
    assert stats["max_mb"] is None


@pytest.mark.parametrize("body", [{"mode": "all"}, {"max_age_hours": -1}, {"max_age_hours": "x"}])
def test_what_is_no_clean_up_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post("/admin/cleanup", json=body)
    assert (answer.status_code, "detail" in answer.json()) == (422, True)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Services]:
    """Services that may keep four megabytes."""
    settings = Settings.model_validate(
        {
            "engines": {"enabled": ("tone",)},
            "speech": {"model": "tone"},
            "cache": {"enabled": False},
            "storage": {"folder": tmp_path, "max_gb": 0.004},
        }
    )
    async with running(settings) as services:
        yield services


async def narrated(services: Services, **asked: Any) -> Job:
    job, _ = await services.jobs.submit("narration", {**HUM, **asked})
    assert await Worker(services.jobs.rows, services.jobs.do, Rules()).take(job.id)
    return await services.jobs.get(job.id)


async def test_the_oldest_results_make_room(small: Services) -> None:
    jobs = [await narrated(small) for _ in range(6)]
    assert {job.status for job in jobs} == {"completed"}
    left = [job.id for job in (await small.jobs.list())[0]]
    assert 1 < len(left) < 6
    assert left == [job.id for job in jobs[: -len(left) - 1 : -1]], "the oldest went first"
    assert sum((await small.upkeep.used()).values()) <= 4_000_000
    for id in left:
        blob, _ = await small.jobs.audio(id)
        assert sum([len(piece) async for piece in blob.pieces]) == blob.size


async def test_a_job_that_cannot_be_kept_fails_and_says_so(small: Services, tmp_path: Path) -> None:
    before = await narrated(small)
    assert before.status == "completed"
    large = await narrated(small, text="x" * 600)
    assert (large.status, large.error_code) == ("failed", "too_large")
    assert "storage.max_gb" in str(large.error)
    assert not list((tmp_path / "blobs" / "jobs" / large.id).rglob("*.*"))
    assert sum((await small.upkeep.used()).values()) <= 4_000_000
    assert (await narrated(small)).status == "completed", "there is room for others"


async def test_a_job_stops_that_makes_more_than_there_is_room_for(
    small: Services, tmp_path: Path
) -> None:
    """What it has spoken stays, and is not spoken again once there is room."""
    before = await narrated(small)
    lines = "\n\n".join(["x" * 19 + "."] * 300)
    asked = {"text": lines, "options": {"real_time_factor": 0.05}, "format": "mp3"}
    large = await narrated(small, **asked)
    assert (large.status, large.error_code) == ("failed", "too_large")
    assert "storage.max_gb" in str(large.error)
    assert "is kept" in str(large.error)
    with pytest.raises(NotFound):
        await small.jobs.get(before.id)
    units = tmp_path / "blobs" / "jobs" / large.id / "units"
    kept = {path.name: path.stat().st_mtime_ns for path in units.iterdir()}
    assert 40 < len(kept) < 200, "four megabytes are some forty lines"
    small.jobs.results.most = 100_000_000
    await small.jobs.retry(large.id)
    assert await Worker(small.jobs.rows, small.jobs.do, Rules()).take(large.id)
    assert (await small.jobs.get(large.id)).status == "completed"
    now = {path.name: path.stat().st_mtime_ns for path in units.iterdir()}
    assert len([name for name, moment in kept.items() if now[name] != moment]) <= 4


async def test_room_is_not_made_by_what_waits_runs_or_speaks(small: Services) -> None:
    waits, _ = await small.jobs.submit("narration", dict(HUM))
    runs, _ = await small.jobs.submit("narration", dict(HUM))
    await small.jobs.rows.claim("somebody", 9, runs.id)
    for id in (waits.id, runs.id):  # what they have spoken so far
        await small.voices.shelf.blobs.put(f"jobs/{id}/units/000000.pcm", bytes(1_500_000))
    gone = await narrated(small)
    assert gone.status in ("completed", "failed")
    later = await narrated(small)
    assert later.status == "completed", later.error
    with pytest.raises(NotFound):
        await small.jobs.get(gone.id)
    for id in (waits.id, runs.id):
        assert (await small.jobs.get(id)).status in ("queued", "running")
        assert await small.voices.shelf.blobs.size(f"jobs/{id}/units/000000.pcm")


async def test_jobs_go_when_their_time_is_over_however_they_ended(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "engines": {"enabled": ("tone",)},
            "speech": {"model": "tone"},
            "jobs": {"keep_days": 1e-6},
            "storage": {"folder": tmp_path},
        }
    )
    async with running(settings) as services:
        waits, _ = await services.jobs.submit("narration", dict(HUM))
        over, _ = await services.jobs.submit("narration", dict(HUM))
        assert (await services.jobs.cancel(over.id)).status == "cancelled"
        assert (await narrated(services)).status == "completed"
        await asyncio.sleep(0.2)
        assert (await services.upkeep.tidy()).jobs == 2
        assert [job.id for job in (await services.jobs.list())[0]] == [waits.id]
        assert not list((tmp_path / "blobs" / "jobs").rglob("*.*"))


async def test_a_voice_may_go_while_it_speaks(small: Services, recording: Path) -> None:
    """What is being spoken goes on, though the voice and its files are gone."""
    about = About(f"Leaving {uuid4().hex[:8]}", lifetime=0.6)
    voice = (await small.enrolment.clone(recording, about, "tone")).voice.id
    asked = {"text": "\n\n".join(["x" * 20] * 8), "model": "tone", "voice": voice}
    slow = {**asked, "format": "mp3", "options": {"real_time_factor": 0.2}}
    job, _ = await small.jobs.submit("narration", slow)
    working = asyncio.create_task(Worker(small.jobs.rows, small.jobs.do, Rules()).take(job.id))
    await asyncio.sleep(0.7)
    assert (await small.upkeep.tidy()).voices == 1
    assert not working.done()
    assert await working
    done = await small.jobs.get(job.id)
    assert done.status == "completed", done.error

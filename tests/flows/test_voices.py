"""From a recording to a voice that is kept: across restarts, on either database, in a folder or
in an S3 store, until its time is over."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyvox.app import running
from polyvox.domain.errors import InvalidInput, NotFound, PolyvoxError
from polyvox.services import Services
from polyvox.services.enrolment import About
from polyvox.settings import Settings
from tests import sounds
from tests.s3 import S3, s3_server
from tests.server import served

TONE = {"POLYVOX_ENGINES__ENABLED": "tone", "POLYVOX_SPEECH__MODEL": "tone"}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    return {"DATABASE_URL": os.environ["POLYVOX_TEST_DATABASE_URL"]}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running_server:
        yield running_server


@contextlib.asynccontextmanager
async def services_in(folder: Path, **voices: Any) -> AsyncIterator[Services]:
    settings = Settings.model_validate(
        {
            "engines": {"enabled": ("tone",), "hosts": 1},
            "speech": {"model": "tone"},
            "storage": {"folder": folder},
            "voices": voices,
        }
    )
    async with running(settings) as services:
        yield services


def kept(folder: Path) -> list[str]:
    """Blobs of voices below a storage folder."""
    blobs = folder / "blobs"
    found = [*blobs.glob("references/*"), *blobs.glob("states/*")]
    return sorted(path.name for path in found)


def clone(url: str, recording: Path, name: str) -> dict[str, Any]:
    with recording.open("rb") as audio:
        answer = httpx.post(
            f"{url}/v1/voices", data={"name": name}, files={"audio": audio}, timeout=60
        )
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def said(url: str, voice: str) -> bytes:
    asked = {"input": "Ten chars.", "voice": voice, "response_format": "pcm"}
    answer = httpx.post(f"{url}/v1/audio/speech", json=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_voice_outlives_the_server(
    environment: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    with served(tmp_path, **TONE, **environment) as server:
        made = clone(server.url, recording, f"Kept {os.urandom(4).hex()}")
        before = said(server.url, made["id"])
    with served(tmp_path, **TONE, **environment, POLYVOX_CACHE__ENABLED="false") as server:
        assert httpx.get(f"{server.url}/v1/voices/{made['id']}").json() == made
        assert said(server.url, made["name"]) == before
        assert httpx.delete(f"{server.url}/v1/voices/{made['id']}").status_code == 204


@pytest.mark.s3
@pytest.mark.parametrize("signed", [True, False])
def test_files_lie_in_the_store_and_come_from_it(
    s3: S3, tmp_path: Path, recording: Path, signed: bool
) -> None:
    environment = {
        **TONE,
        "POLYVOX_STORAGE__BLOBS": s3.bucket("voices"),
        "POLYVOX_STORAGE__SIGNED_URLS": str(signed).lower(),
        "AWS_ENDPOINT_URL": s3.options["endpoint"],
        "AWS_REGION": s3.options["region"],
        "AWS_ACCESS_KEY_ID": s3.options["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": s3.options["secret_access_key"],
    }
    with served(tmp_path, **environment) as server, httpx.Client(base_url=server.url) as client:
        made = clone(server.url, recording, "In the store")
        assert kept(tmp_path) == []
        answer = client.get(f"/v1/voices/{made['id']}/reference")
        assert answer.status_code == (307 if signed else 200)
        if signed:
            assert answer.headers["location"].startswith(s3.url)
            answer = httpx.get(answer.headers["location"])
        assert len(sounds.decode(answer.content, "wav")[0]) > 24000 * 10
        said(server.url, made["id"])
        asked = {"voice_id": made["id"], "text": "Ten chars."}
        clip = client.post("/api/generate", json=asked).json()["audio_url"]
        answer = client.get(clip, follow_redirects=True)
        assert len(sounds.decode(answer.content, "mp3")[0]) > 40000
        exported = client.get(f"/v1/voices/{made['id']}/export").content
        taken = client.post("/v1/voices/import", files={"file": exported}, data={"name": "Again"})
        assert taken.status_code == 201, taken.text


async def test_a_voice_whose_time_is_over_is_removed_with_its_files(
    tmp_path: Path, recording: Path
) -> None:
    async with services_in(tmp_path) as services:
        stays = await services.enrolment.clone(recording, About("Stays"))
        goes = await services.enrolment.clone(recording, About("Goes", lifetime=0.2))
        assert len(kept(tmp_path)) == 4
        await asyncio.sleep(0.3)
        with pytest.raises(NotFound):
            await services.voices.get(goes.voice.id)
        assert await services.voices.shelf.purge(undo_seconds=600) == 1
        assert kept(tmp_path) == [f"{stays.voice.id}.safetensors", f"{stays.voice.id}.wav"]


async def test_a_deleted_voice_keeps_its_files_while_it_can_come_back(
    tmp_path: Path, recording: Path
) -> None:
    async with services_in(tmp_path) as services:
        record = await services.enrolment.clone(recording, About("Undone"))
        await services.voices.delete(record.voice.id)
        assert await services.voices.shelf.purge(undo_seconds=600) == 0
        assert len(kept(tmp_path)) == 2
        assert await services.voices.shelf.purge(undo_seconds=-1) == 1
        assert kept(tmp_path) == []


async def test_every_voice_has_a_lifetime_where_the_settings_say_so(
    tmp_path: Path, recording: Path
) -> None:
    async with services_in(tmp_path, lifetime_days=2) as services:
        record = await services.enrolment.clone(recording, About("Passing"))
        assert record.created_at
        assert record.expires_at == pytest.approx(record.created_at + 2 * 86400)


async def test_consent_can_be_required(tmp_path: Path, recording: Path) -> None:
    async with services_in(tmp_path, consent_required=True) as services:
        with pytest.raises(InvalidInput, match="agrees"):
            await services.enrolment.clone(recording, About("Me", consent=" "))
        record = await services.enrolment.clone(recording, About("Me", consent="I agree."))
        assert (await services.voices.get(record.voice.id)).consent == "I agree."


async def test_of_many_that_clone_one_name_at_once_one_is_kept_and_nothing_else(
    tmp_path: Path, recording: Path
) -> None:
    async with services_in(tmp_path) as services:
        cloning = (services.enrolment.clone(recording, About("Twin")) for _ in range(4))
        outcomes = await asyncio.gather(*cloning, return_exceptions=True)
        assert sum(isinstance(each, PolyvoxError) for each in outcomes) == 3
        assert len(kept(tmp_path)) == 2


async def test_old_clips_are_removed(tmp_path: Path) -> None:
    from polyvox.domain.speech import Utterance

    async with services_in(tmp_path) as services:
        clip = await services.generations.generate(Utterance("Ten chars."))
        assert await services.generations.purge(3600) == 0
        assert (await services.generations.open(clip.id)).size > 1000
        assert await services.generations.purge(-1) == 1
        with pytest.raises(NotFound):
            await services.generations.open(clip.id)

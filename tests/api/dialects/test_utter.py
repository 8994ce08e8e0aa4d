"""The web application's clients clone, design and generate, and find their files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import sounds
from tests.server import served


def fresh() -> str:
    return f"Utter {uuid4().hex[:8]}"


@pytest.fixture
def clone(client: httpx.Client, recording: Path) -> Iterator[dict[str, Any]]:
    with recording.open("rb") as audio:
        answer = client.post("/api/clone", data={"name": fresh()}, files={"audio": audio})
    assert answer.status_code == 200, answer.text
    yield answer.json()
    client.delete(f"/api/voices/{answer.json()['id']}")


def test_a_clone_is_listed_heard_and_deleted(client: httpx.Client, clone: dict[str, Any]) -> None:
    listed = client.get("/api/voices").json()["voices"]
    found = next(voice for voice in listed if voice["id"] == clone["id"])
    assert set(found) == {"id", "name", "created_at"}
    assert clone["reference_url"] == f"/uploads/references/{clone['id']}.wav"
    reference = client.get(clone["reference_url"])
    assert len(sounds.decode(reference.content, "wav")[0]) > 24000 * 10
    preview = client.get(f"/api/voices/{clone['id']}/preview")
    assert len(sounds.decode(preview.content, "mp3")[0]) > 24000
    assert client.delete(f"/api/voices/{clone['id']}").json() == {"success": True}
    assert client.delete(f"/api/voices/{clone['id']}").status_code == 404


def test_a_generated_clip_is_an_mp3_at_44100(client: httpx.Client, clone: dict[str, Any]) -> None:
    asked = {"voice_id": clone["id"], "text": "Hello from my own voice."}
    made = client.post("/api/generate", json=asked).json()
    assert made["audio_url"].startswith("/uploads/generated/")
    answer = client.get(made["audio_url"])
    assert answer.headers["content-type"] == "audio/mpeg"
    samples, rate = sounds.decode(answer.content, "mp3")
    assert rate == 44100
    assert len(samples) / rate == pytest.approx(made["duration"], abs=0.1)
    assert sounds.level_of(samples) > -40


def test_a_designed_voice_generates(client: httpx.Client) -> None:
    asked = {"name": fresh(), "description": "a calm woman", "language": "en", "text": "Hi."}
    made = client.post("/api/design", json=asked).json()
    generated = client.post("/api/generate", json={"voice_id": made["id"], "text": "Hi."})
    assert generated.status_code == 200


def test_a_recording_too_short_names_the_limit_and_the_length(
    client: httpx.Client, recording: Path
) -> None:
    short = recording.read_bytes()[: 44 + 24000 * 2 * 3]
    answer = client.post("/api/clone", data={"name": fresh()}, files={"audio": short})
    assert answer.status_code == 400, answer.text
    assert "10 s" in answer.json()["detail"]
    assert "3 s" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/generate", {"voice_id": "nobody", "text": "Hi."}, 404),
        ("/api/generate", {"voice_id": "espeak.nova", "text": ""}, 422),
        ("/api/generate", {"voice_id": "espeak.nova", "text": "x" * 501}, 422),
        ("/api/generate", {"voice_id": "espeak.nova", "text": "   "}, 400),
        ("/api/design", {"name": "x", "description": "", "language": "en", "text": "x"}, 400),
    ],
)
def test_what_is_wrong_has_a_detail(
    client: httpx.Client, path: str, body: dict[str, Any], status: int
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/generated/x.mp3",
        "/uploads/generated/..%2f..%2fetc%2fpasswd.mp3",
        "/uploads/generated/0193e4a0-1111-7222-8333-444455556666.mp3",
        "/uploads/references/0193e4a0-1111-7222-8333-444455556666.wav",
        "/uploads/references/..%2fx.wav",
        "/uploads/other",
    ],
)
def test_files_are_found_by_their_own_ids_only(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_how_long_a_clip_may_be_is_a_setting(tmp_path: Path) -> None:
    with served(tmp_path, POLYVOX_SPEECH__MAX_CLIP_CHARACTERS="10") as server:
        assert httpx.get(f"{server.url}/health").json()["max_clip_characters"] == 10
        asked = {"voice_id": "espeak.nova", "text": "ten chars."}
        answer = httpx.post(f"{server.url}/api/generate", json=asked, timeout=30)
        assert answer.status_code == 200, answer.text
        asked["text"] = "eleven char"
        answer = httpx.post(f"{server.url}/api/generate", json=asked)
        assert (answer.status_code, "at most 10" in str(answer.json()["detail"])) == (422, True)

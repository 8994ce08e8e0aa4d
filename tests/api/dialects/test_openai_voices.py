"""OpenAI's custom voices, with recorded consents."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest


def fresh() -> str:
    return f"OpenAI {uuid4().hex[:8]}"


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
def test_a_voice_is_made_with_a_consent(client: httpx.Client, recording: Path, prefix: str) -> None:
    said = client.post(
        f"{prefix}/audio/voice_consents",
        data={"name": "Ann", "language": "en-US"},
        files={"recording": ("yes.wav", recording.read_bytes(), "audio/wav")},
    ).json()
    assert said["object"] == "audio.voice_consent"
    assert said["id"].startswith("cons_")
    name = fresh()
    made = client.post(
        f"{prefix}/audio/voices",
        data={"name": name, "consent": said["id"]},
        files={"audio_sample": ("me.wav", recording.read_bytes(), "audio/wav")},
    )
    assert made.status_code == 200, made.text
    voice = made.json()
    assert (voice["object"], voice["name"]) == ("audio.voice", name)
    assert isinstance(voice["created_at"], int)
    asked = {"model": "tts-1", "input": "Hi.", "voice": {"id": voice["id"]}}
    assert client.post(f"{prefix}/audio/speech", json=asked).status_code == 200
    listed = client.get(f"{prefix}/audio/voices").json()
    assert voice["id"] in [each["id"] for each in listed["voices"]]
    gone = client.delete(f"{prefix}/audio/voices/{name}").json()
    assert (gone["deleted"], gone["id"]) == (True, voice["id"])
    assert client.delete(f"{prefix}/audio/voices/{name}").status_code == 404


def test_consents_are_listed_renamed_and_removed(client: httpx.Client, recording: Path) -> None:
    ids = []
    for number in range(3):
        made = client.post(
            "/v1/audio/voice_consents",
            data={"name": f"Person {number}", "language": "de"},
            files={"recording": recording.read_bytes()},
        )
        ids.append(made.json()["id"])
    page = client.get("/v1/audio/voice_consents", params={"limit": 2}).json()
    assert [each["id"] for each in page["data"]] == ids[:0:-1]
    assert (page["has_more"], page["last_id"]) == (True, ids[1])
    rest = client.get("/v1/audio/voice_consents", params={"after": ids[1]}).json()
    assert rest["data"][0]["id"] == ids[0]
    renamed = client.post(f"/v1/audio/voice_consents/{ids[0]}", json={"name": "Bea"}).json()
    assert renamed["name"] == "Bea"
    path = f"/v1/audio/voice_consents/{ids[0]}"
    assert client.get(path).json()["name"] == "Bea"
    assert client.delete(path).json()["deleted"]
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_a_consent_that_is_not_there_stops_the_cloning(
    client: httpx.Client, recording: Path
) -> None:
    made = client.post(
        "/v1/audio/voices",
        data={"name": fresh(), "consent": "cons_nothing"},
        files={"audio_sample": recording.read_bytes()},
    )
    assert made.status_code == 404
    assert made.json()["error"]["param"] == "consent"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "", "language": "en"}, 400),
        ({"name": "x" * 101, "language": "en"}, 400),
        ({"name": "Ann", "language": "../en"}, 400),
        ({"name": "Ann"}, 400),
    ],
)
def test_a_consent_needs_a_name_and_a_language(
    client: httpx.Client, recording: Path, data: dict[str, str], status: int
) -> None:
    files = {"recording": recording.read_bytes()}
    answer = client.post("/v1/audio/voice_consents", data=data, files=files)
    assert answer.status_code == status, answer.text
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_consent_is_a_recording(client: httpx.Client) -> None:
    data = {"name": "Ann", "language": "en"}
    answer = client.post(
        "/v1/audio/voice_consents", data=data, files={"recording": b"no recording"}
    )
    assert answer.status_code == 415

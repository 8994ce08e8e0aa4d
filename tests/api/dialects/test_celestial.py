"""The multi-lingual REST service's clients find what they know, spoken by a stand-in."""

import base64
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import sounds
from tests.server import served

PRESETS = "Vivian Serena Uncle_Fu Dylan Eric Ryan Aiden Ono_Anna Sohee".split()
CUSTOM = "qwen3-tts-1.7b-voice-clone"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(
        tmp_path_factory.mktemp("celestial"),
        POLYVOX_ENGINES__ENABLED="espeak,tone",
        POLYVOX_SPEECH__STAND_IN="espeak",
        POLYVOX_VOICES__PRIVATE_URLS="true",
    ) as server:
        yield server.url


@pytest.fixture(params=["", "/api/v1"])
def api(request: pytest.FixtureRequest, url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url + request.param, timeout=60) as client:
        yield client


def fresh() -> str:
    return f"Speaker {uuid4().hex[:8]}"


def asked(**more: Any) -> dict[str, Any]:
    return {"model_id": "qwen3-tts-preset", "text": "Hello.", "speaker": "Vivian"} | more


def test_the_nine_presets_speak(api: httpx.Client) -> None:
    listed = api.get("/speakers", params={"model_id": "qwen3-tts-preset"}).json()
    assert [speaker["name"] for speaker in listed["speakers"]] == PRESETS
    assert listed["status"] == "ok"
    sounded = set()
    for speaker in PRESETS:
        answer = api.post("/generate", json=asked(speaker=speaker, language="en"))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["sampling_rate"]) == ("ok", 24000)
        assert body["wavs"] == [body["audio"]]
        samples, rate = sounds.decode(base64.b64decode(body["audio"]), "wav")
        assert rate == 24000
        sounded.add(samples.tobytes())
        assert "qwen3-tts-preset" in answer.headers["x-fallback-reason"]
    assert len(sounded) == 9


def test_several_texts_come_back_in_order(api: httpx.Client) -> None:
    body = api.post("/generate", json=asked(text=["Hi.", "A much longer sentence than that."]))
    wavs = [sounds.decode(base64.b64decode(each), "wav")[0] for each in body.json()["wavs"]]
    assert len(wavs) == 2
    assert len(wavs[1]) > 2 * len(wavs[0])


@pytest.mark.parametrize("language", ["zh", "English", "japanese", "pt", "auto", "Chinese"])
def test_languages_go_by_code_or_name(api: httpx.Client, language: str) -> None:
    assert api.post("/generate", json=asked(language=language)).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "status", "named"),
    [
        ({"language": "klingonese"}, 400, "Unsupported language"),
        ({"speaker": "Nobody"}, 400, "Unsupported speaker"),
        ({"speaker": "0193e4a0-1111-7222-8333-444455556666"}, 404, "not found"),
        ({"model_id": "gpt-9"}, 400, "gpt-9"),
        ({"text": ""}, 422, "text"),
        ({"text": "   "}, 422, "text"),
        ({"text": []}, 422, "text"),
        ({"text": ["fine", ""]}, 422, "text"),
        ({"provider": "remote"}, 400, "provider"),
        ({"provider": "elsewhere"}, 400, "provider"),
        ({"speaker": None}, 422, "speaker"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, wrong: dict[str, Any], status: int, named: str
) -> None:
    answer = api.post("/generate", json=asked(**wrong))
    assert answer.status_code == status, answer.text
    assert named in str(answer.json()["detail"])


def test_a_speaker_is_cloned_listed_spoken_with_and_deleted(
    api: httpx.Client, recording: Path
) -> None:
    name = fresh()
    audio = base64.b64encode(recording.read_bytes()).decode()
    made = api.post(
        "/speakers", json={"model_id": CUSTOM, "name": name, "text": "The old.", "audio": audio}
    )
    assert made.status_code == 200, made.text
    body = made.json()
    speaker = {"id": body["id"], "name": name, "created_at": body["created_at"]}
    assert body == {"status": "ok", **speaker, "speaker": speaker}
    assert speaker in api.get("/speakers", params={"model_id": CUSTOM}).json()["speakers"]
    answer = api.post("/generate", json=asked(model_id=CUSTOM, speaker=body["id"]))
    assert answer.status_code == 200, answer.text
    deletion = {"model_id": CUSTOM, "speaker_id": body["id"]}
    gone = api.request("DELETE", "/speakers", json=deletion)
    assert gone.json() == {"status": "ok", "message": "Speaker deleted successfully"}
    assert api.request("DELETE", "/speakers", json=deletion).status_code == 404
    answer = api.post("/generate", json=asked(model_id=CUSTOM, speaker=body["id"]))
    assert (answer.status_code, "not found" in answer.json()["detail"]) == (404, True)


def test_a_speaker_is_designed(api: httpx.Client) -> None:
    body = {
        "model_id": "qwen3-tts-1.7b-voice-design",
        "name": fresh(),
        "text": "Hello there.",
        "language": "en",
        "instruct": "a deep old man",
    }
    made = api.post("/speakers", json=body).json()
    answer = api.post("/generate", json=asked(model_id=body["model_id"], speaker=made["id"]))
    assert answer.status_code == 200


def test_audio_may_be_at_a_url(api: httpx.Client, recording: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(recording.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        audio = f"http://127.0.0.1:{files.server_port}/{recording.name}"
        body = {"model_id": CUSTOM, "name": fresh(), "text": "x", "audio": audio}
        made = api.post("/speakers", json=body)
        missing = api.post("/speakers", json={**body, "name": fresh(), "audio": audio + "x"})
        files.shutdown()
    assert made.status_code == 200, made.text
    assert (missing.status_code, "404" in missing.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("wrong", "status", "named"),
    [
        ({"model_id": "qwen3-tts-preset"}, 400, "does not support custom speakers"),
        ({"audio": "not base64 !"}, 400, "base64"),
        ({"audio": "ftp://example.org/x.wav"}, 400, "base64"),
        ({"audio": base64.b64encode(b"hello").decode()}, 415, ""),
        ({"audio": None}, 400, "instruct"),
        ({"provider": "remote", "audio": "aaaa"}, 400, "provider"),
        ({"name": "../x", "audio": "aaaa"}, 400, "name"),
        ({"name": None}, 422, "name"),
    ],
)
def test_what_no_speaker_can_be_made_of_is_named(
    api: httpx.Client, wrong: dict[str, Any], status: int, named: str
) -> None:
    body = {"model_id": CUSTOM, "name": fresh(), "text": "x"} | wrong
    answer = api.post("/speakers", json=body)
    assert answer.status_code == status, answer.text
    assert named in str(answer.json()["detail"])


@pytest.mark.parametrize("id", ["x", "", "../../etc", "0193e4a0"])
def test_a_malformed_id_is_unprocessable(api: httpx.Client, id: str) -> None:
    deletion = {"model_id": CUSTOM, "speaker_id": id}
    assert api.request("DELETE", "/speakers", json=deletion).status_code == 422


def test_without_a_stand_in_the_models_are_refused_with_what_to_do(client: httpx.Client) -> None:
    answer = client.post("/generate", json=asked())
    assert answer.status_code == 503
    assert "speech.stand_in" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    body = asked(model_id="espeak", speaker="nova")
    assert client.post("/generate", json=body).status_code == 200


def test_health_is_told(url: str) -> None:
    assert httpx.get(f"{url}/health").json()["status"] == "ok"

"""The voice-clone gateway's clients speak, clone and speak in batches, here and through a node."""

import base64
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import sounds
from tests.server import served

_UP_WITHIN = 20.0


def hum(**given: Any) -> dict[str, Any]:
    return {"text": "ten chars.", "voice_id": "tone.low", "language": "en"} | given


@contextmanager
def gateway_with_a_node(folder: Path) -> Iterator[tuple[httpx.Client, str]]:
    """A client of a gateway, and the id of the node that hums for it."""
    settings = {"POLYVOX_CLUSTER__ENABLED": "true", "POLYVOX_ENGINES__ENABLED": "espeak,tone"}
    with served(folder, **settings) as server, httpx.Client(base_url=server.url) as client:
        arguments = ["--engine", "tone", "--port", "0", "--gateway", server.url, "--auto-load"]
        own = folder / "node"
        own.mkdir()
        with (own / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "polyvox", "worker", *arguments],
                env={"POLYVOX_STORAGE__FOLDER": str(own), "XDG_CONFIG_HOME": str(own)},
                stdout=log,
                stderr=log,
            )
        try:
            yield client, _ready(client, own / "log")
        finally:
            process.terminate()
            process.wait(20)


def _ready(client: httpx.Client, log: Path) -> str:
    until = time.monotonic() + _UP_WITHIN
    while time.monotonic() < until:
        if found := client.get("/api/nodes", params={"status": "ready"}).json()["nodes"]:
            return str(found[0]["node_id"])
        time.sleep(0.05)
    raise AssertionError(f"No node is ready:\n{log.read_text()}")


def test_a_text_is_spoken_as_wav_by_hosts_of_this_machine(client: httpx.Client) -> None:
    answer = client.post("/api/synthesize", json=hum())
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["x-engine"] == "tone"
    assert "x-node-id" not in answer.headers
    samples, rate = sounds.decode(answer.content, "wav")
    assert sounds.pitch_of(samples, rate) == pytest.approx(220, rel=0.01)


@pytest.mark.parametrize("pitch", [0.5, 0.8, 1.25, 2.0])
def test_pitch_moves_the_fundamental_and_not_the_length(client: httpx.Client, pitch: float) -> None:
    text = "ten chars. " * 3
    plain = client.post("/api/synthesize", json=hum(text=text))
    moved = client.post("/api/synthesize", json=hum(text=text, pitch=pitch))
    before, rate = sounds.decode(plain.content, "wav")
    after, _ = sounds.decode(moved.content, "wav")
    assert sounds.pitch_of(after, rate) == pytest.approx(220 * pitch, rel=0.02)
    assert len(after) == pytest.approx(len(before), rel=0.02)


def test_pitch_and_speed_do_not_mix(client: httpx.Client) -> None:
    text = "ten chars. " * 3
    plain = client.post("/api/synthesize", json=hum(text=text))
    moved = client.post("/api/synthesize", json=hum(text=text, pitch=1.5, speed=2.0))
    before, rate = sounds.decode(plain.content, "wav")
    after, _ = sounds.decode(moved.content, "wav")
    assert sounds.pitch_of(after, rate) == pytest.approx(330, rel=0.02)
    assert len(after) == pytest.approx(len(before) / 2, rel=0.05)


def test_the_house_route_takes_a_pitch_too(client: httpx.Client) -> None:
    asked = {"input": "ten chars.", "voice": "tone.low", "response_format": "wav", "pitch": 2}
    heard, rate = sounds.decode(client.post("/v1/audio/speech", json=asked).content, "wav")
    assert sounds.pitch_of(heard, rate) == pytest.approx(440, rel=0.02)
    refused = client.post("/v1/audio/speech", json=asked | {"pitch": 2.1})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "pitch")


@pytest.mark.parametrize("fmt", ["mp3", "opus", "flac"])
def test_other_formats_are_named(client: httpx.Client, fmt: str) -> None:
    answer = client.post("/api/synthesize", json=hum(output_format=fmt))
    assert sounds.level_of(sounds.decode(answer.content, fmt)[0]) > -40


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"voice_id": "nobody"}, 404),
        ({"engine": "nothing"}, 404),
        ({"engine": "espeak"}, 404),
        ({"output_format": "midi"}, 400),
        ({"language": "Klingon"}, 400),
        ({"text": ""}, 422),
        ({"text": "x" * 5001}, 422),
        ({"speed": 2.1}, 422),
        ({"pitch": 0.4}, 422),
    ],
)
def test_refusals_have_a_detail(client: httpx.Client, given: dict[str, Any], status: int) -> None:
    answer = client.post("/api/synthesize", json=hum(**given))
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_the_longest_text_is_longer_than_openais(client: httpx.Client) -> None:
    asked = hum(text="It rains. " * 500, voice_id="espeak.nova", speed=2)
    with client.stream("POST", "/api/synthesize", json=asked) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_raw())


@pytest.mark.long
def test_a_text_is_no_longer_than_an_operator_wants(tmp_path: Path) -> None:
    with served(tmp_path, POLYVOX_SPEECH__MAX_CHARACTERS="20") as server:
        asked = {"text": "Twenty-one characters", "voice_id": "nova", "language": "en"}
        answer = httpx.post(f"{server.url}/api/synthesize", json=asked)
        assert (answer.status_code, "at most 20" in answer.json()["detail"]) == (400, True)


def test_a_batch_answers_every_text_in_its_place(client: httpx.Client) -> None:
    texts = ["one.", "   ", "three three."] + ["x" * 10] * 17
    asked = {"texts": texts, "voice_id": "low", "engine": "tone", "language": "en"}
    answer = client.post("/api/batch_synthesize", json=asked)
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert (told["success"], told["total"], told["succeeded"], told["failed"]) == (False, 20, 19, 1)
    assert [each["index"] for each in told["results"]] == list(range(20))
    silent = told["results"][1]
    assert (silent["success"], "audio" in silent, bool(silent["error"])) == (False, False, True)
    lengths = []
    for index in (0, 2):
        samples, rate = sounds.decode(base64.b64decode(told["results"][index]["audio"]), "wav")
        assert sounds.pitch_of(samples, rate) == pytest.approx(220, rel=0.01)
        lengths.append(len(samples) / rate)
    assert lengths[1] - lengths[0] == pytest.approx(0.8, abs=0.1)


def test_a_batch_whose_first_text_is_blank_goes_on(client: httpx.Client) -> None:
    asked = {"texts": ["", "two."], "voice_id": "tone.low", "language": "en"}
    results = client.post("/api/batch_synthesize", json=asked).json()["results"]
    assert [each["success"] for each in results] == [False, True]


@pytest.mark.parametrize(
    ("given", "status"),
    [({"voice_id": "nobody"}, 404), ({"texts": []}, 422), ({"texts": ["x"] * 101}, 422)],
)
def test_a_batch_is_refused_before_its_first_byte(
    client: httpx.Client, given: dict[str, Any], status: int
) -> None:
    asked = {"texts": ["one."], "voice_id": "tone.low", "language": "en"} | given
    answer = client.post("/api/batch_synthesize", json=asked)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


def extract(client: httpx.Client, recording: Path, **data: str) -> httpx.Response:
    with recording.open("rb") as audio:
        return client.post("/api/extract_voice", data=data, files={"audio": audio})


def test_a_voice_is_extracted_and_speaks(client: httpx.Client, recording: Path) -> None:
    name = f"Ann {uuid4().hex[:8]}"
    made = extract(client, recording, voice_name=name, engine="tone").json()
    assert set(made) == {"success", "message", "voice_id", "voice_name", "engine"}
    assert (made["success"], made["voice_name"], made["engine"]) == (True, name, "tone")
    answer = client.post("/api/synthesize", json=hum(voice_id=made["voice_id"]))
    assert (answer.status_code, answer.headers["x-engine"]) == (200, "tone")
    assert client.delete(f"/api/voices/{made['voice_id']}").status_code == 200


@pytest.mark.parametrize("id", ["ann_{}", "0193e4a0-1111-7222-8333-4444{}"])
def test_a_voice_keeps_the_id_it_is_given_once(
    client: httpx.Client, recording: Path, id: str
) -> None:
    id = id.format(uuid4().hex[:8])
    given = {"voice_id": id, "voice_name": f"Ann {uuid4().hex[:8]}", "engine": "tone"}
    made = extract(client, recording, **given)
    assert (made.status_code, made.json()["voice_id"]) == (200, id)
    assert client.post("/api/synthesize", json=hum(voice_id=id)).status_code == 200
    again = extract(client, recording, **given | {"voice_name": f"Bob {uuid4().hex[:8]}"})
    assert (again.status_code, bool(again.json()["detail"])) == (409, True)


@pytest.mark.parametrize("id", ["tone.low", "nova", "../../etc/passwd"])
def test_a_voice_is_given_no_id_that_means_something_else(
    client: httpx.Client, recording: Path, id: str
) -> None:
    answer = extract(client, recording, voice_id=id, voice_name="Ann", engine="tone")
    assert answer.status_code in (400, 409)
    assert answer.json()["detail"]


@pytest.mark.long
def test_an_answer_names_the_node_that_spoke(tmp_path: Path, recording: Path) -> None:
    with gateway_with_a_node(tmp_path) as (client, node):
        answer = client.post("/api/synthesize", json=hum())
        assert (answer.headers["x-node-id"], answer.headers["x-engine"]) == (node, "tone")
        asked = {"input": "eleven char", "model": "tone", "response_format": "wav"}
        assert client.post("/v1/audio/speech", json=asked).headers["x-node-id"] == node
        again = client.post("/v1/audio/speech", json=asked).headers
        assert (again["x-cache"], "x-node-id" in again) == ("hit", False)
        here = client.post("/api/synthesize", json=hum(voice_id="espeak.nova"))
        assert (here.headers["x-engine"], "x-node-id" in here.headers) == ("espeak", False)
        made = extract(client, recording, voice_name="Ann", engine="tone").json()
        cloned = client.post("/api/synthesize", json=hum(voice_id=made["voice_id"]))
        assert cloned.headers["x-node-id"] == node
        texts = {"texts": ["one.", "two."], "voice_id": made["voice_id"], "language": "en"}
        assert client.post("/api/batch_synthesize", json=texts).json()["success"]
        assert re.fullmatch(r"[0-9a-f-]{36}", made["voice_id"])

"""What a server answers says that it is synthetic, however it was made, unless that is off."""

import base64
import io
import json
from collections.abc import Iterator

import av
import httpx
import pytest

from polyvox.audio.provenance import NOTE
from tests.jobs_over_http import ended
from tests.server import served

pytestmark = pytest.mark.long

SPEECH = "/v1/audio/speech"
TELLING = ("mp3", "opus", "flac", "wav")


@pytest.fixture(scope="module", params=["true", "false"], ids=["on", "off"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, bool]]:
    """A server, and whether it marks what it speaks."""
    settings = {"POLYVOX_ENGINES__ENABLED": "tone", "POLYVOX_SPEECH__MODEL": "tone"}
    settings["POLYVOX_SPEECH__MARK_SYNTHETIC"] = request.param
    with (
        served(tmp_path_factory.mktemp("provenance"), **settings) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        yield client, request.param == "true"


def says_so(answer: httpx.Response) -> bool:
    """Whether a player reads in it that the voice is synthetic; it must have sound."""
    assert answer.status_code == 200, answer.text
    with av.open(io.BytesIO(answer.content), "r") as file:
        tags = {**file.metadata, **file.streams.audio[0].metadata}
        assert sum(frame.samples for frame in file.decode(audio=0)) > 5000
    return any(NOTE in tag for tag in tags.values())


@pytest.mark.parametrize("name", TELLING)
def test_streams_whole_clips_and_repeated_ones(
    server: tuple[httpx.Client, bool], name: str
) -> None:
    client, marked = server
    asked = {"input": "ten chars.", "response_format": name, "voice": "low"}
    for way in ({}, {"stream": False}, {"stream": True}):
        answer = client.post(SPEECH, json=asked | way)
        assert says_so(answer) is marked, way
    assert answer.headers["x-cache"] == "hit"


def test_a_trial_of_a_profile(server: tuple[httpx.Client, bool]) -> None:
    client, marked = server
    asked = {"engine": "tone", "input": "ten chars.", "response_format": "wav"}
    assert says_so(client.post("/v1/profiles/preview", json=asked)) is marked


def test_narrations_their_segments_and_tracks(server: tuple[httpx.Client, bool]) -> None:
    client, marked = server
    asked = {"text": "ten chars.", "voice": "low", "response_format": "wav"}
    id = client.post("/v1/jobs", json=asked).json()["id"]
    assert ended(client, f"/v1/jobs/{id}")["status"] == "completed"
    for name in (*TELLING, "m4a", "m4b"):
        answer = client.get(f"/v1/jobs/{id}/audio", params={"format": name})
        assert says_so(answer) is marked, name
    whole = client.get(f"/v1/jobs/{id}/audio").content
    assert int.from_bytes(whole[4:8], "little") == len(whole) - 8
    for name in TELLING:
        answer = client.get(f"/v1/jobs/{id}/segments/0/audio", params={"format": name})
        assert says_so(answer) is marked, name


def test_events_carry_the_same_bytes_as_a_file(server: tuple[httpx.Client, bool]) -> None:
    client, marked = server
    asked = {"input": "ten chars.", "voice": "low", "response_format": "mp3"}
    body = client.post(SPEECH, json=asked | {"stream_format": "sse"}).text
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    data = b"".join(base64.b64decode(event.get("audio", "")) for event in events)
    assert data.startswith(b"ID3") is marked
    assert data == client.post(SPEECH, json=asked).content

"""An engine that converts speaks through another one: that one says the text, it changes how it
sounds. Here it moves a hum by so many hertz, which can be measured."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests import sounds
from tests.server import served

MOVING = '''
from dataclasses import dataclass

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option


class Moving(Synthesizer):
    """Multiplies what was spoken with a sine of 60 Hz, which splits a hum into two."""

    name, version, summary, licence = "moving", "1", "Moves a hum.", "Apache-2.0"
    languages, speakers, max_characters = (), (), 0
    sample_rate = reference_rate = 24000
    deterministic = True

    @dataclass(frozen=True)
    class Options:
        by: float = option(60.0, "Hertz.", ge=1, le=200)
        base_voice: str = option("", "Voice that speaks first, by name or id.")
        fail: bool = option(False, "Fail.")

    def enroll(self, reference):
        return b"state"

    def convert(self, source, voice, options):
        if options.fail:
            raise EngineFailed("asked to fail")
        length = len(source.samples) / source.sample_rate
        moments = np.arange(0, length, 1 / self.sample_rate)
        spoken = np.interp(moments * source.sample_rate, range(len(source.samples)), source.samples)
        moved = (spoken * np.sin(2 * np.pi * options.by * moments)).astype(np.float32)
        for first in range(0, len(moved), 2400):
            yield AudioChunk(moved[first : first + 2400], self.sample_rate)
'''


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("converting")
    (folder / "engines").mkdir()
    (folder / "engines" / "moving.py").write_text(MOVING, encoding="utf-8")
    settings = {
        "POLYVOX_ENGINES__ENABLED": "espeak,tone,moving",
        "POLYVOX_ENGINES__FOLDER": str(folder / "engines"),
        "POLYVOX_ENGINES__THROUGH": '{"moving": "tone"}',
    }
    with (
        served(folder, **settings) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def mover(client: httpx.Client, recording: Path) -> dict[str, Any]:
    """A voice cloned with the converting engine."""
    form = {"name": "Mover", "engine": "moving", "language": "de", "gender": "female"}
    answer = client.post("/v1/voices", data=form, files={"audio": recording.read_bytes()})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def speech(client: httpx.Client, voice: str, **given: Any) -> httpx.Response:
    asked = {"input": "ten chars.", "voice": voice, "model": "moving", "response_format": "wav"}
    return client.post("/v1/audio/speech", json={**asked, **given})


def peaks(answer: httpx.Response) -> list[float]:
    """The two strongest frequencies, in hertz."""
    assert answer.status_code == 200, answer.text
    samples, rate = sounds.decode(answer.content, "wav")
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    first = int(spectrum.argmax())
    spectrum[max(0, first - 20) : first + 20] = 0
    return sorted(float(index) * rate / len(samples) for index in (first, int(spectrum.argmax())))


def test_the_other_engine_speaks_first_with_a_voice_of_the_same_gender(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    answer = speech(client, mover["id"])
    assert peaks(answer) == pytest.approx([820, 940], abs=3), "tone's high voice, moved by 60 Hz"
    assert answer.headers["x-engine"] == "moving"
    samples, rate = sounds.decode(answer.content, "wav")
    assert len(samples) / rate == pytest.approx(1, abs=0.05)


def test_its_options_and_the_voice_that_speaks_first_can_be_chosen(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    chosen = {"by": 20.0, "base_voice": "low"}
    assert peaks(speech(client, mover["id"], options=chosen)) == pytest.approx([200, 240], abs=3)
    by_id = {"base_voice": "tone.middle"}
    assert peaks(speech(client, mover["id"], options=by_id)) == pytest.approx([380, 500], abs=3)


def test_a_voice_of_any_engine_may_speak_first(client: httpx.Client, mover: dict[str, Any]) -> None:
    answer = speech(client, mover["id"], options={"base_voice": "espeak.nova"}, input="Hello.")
    assert answer.status_code == 200, answer.text
    assert len(sounds.decode(answer.content, "wav")[0]) > 8000


def test_speed_and_words_are_those_of_the_speech(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    fast = speech(client, mover["id"], speed=2.0)
    assert len(sounds.decode(fast.content, "wav")[0]) / 24000 == pytest.approx(0.5, abs=0.1)
    timed = speech(client, mover["id"], timestamps=True).json()
    assert [word["text"] for word in timed["words"]] == ["ten", "chars."]


def test_long_texts_are_divided_as_the_speaking_engine_needs(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    answer = speech(client, mover["id"], input="One sentence here. " * 30)
    samples, rate = sounds.decode(answer.content, "wav")
    assert len(samples) / rate > 50


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"options": {"base_voice": "nobody at all"}}, 404, "nobody at all"),
        ({"options": {"sideways": 1}}, 400, "sideways"),
        ({"options": {"fail": True}}, 500, "asked to fail"),
        ({"voice": "middle"}, 404, "clone one first"),
    ],
)
def test_what_is_wrong_is_told(
    client: httpx.Client, mover: dict[str, Any], given: dict[str, Any], status: int, words: str
) -> None:
    voice = given.pop("voice", mover["id"])
    answer = speech(client, voice, **given)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]


def test_a_converted_voice_cannot_speak_first(client: httpx.Client, mover: dict[str, Any]) -> None:
    answer = speech(client, mover["id"], options={"base_voice": mover["id"]})
    assert answer.status_code == 400
    assert "cannot speak first" in answer.json()["error"]["message"]


def test_it_knows_the_languages_of_the_engine_that_speaks(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    assert mover["language"] == "de"
    own = client.get("/v1/engines/moving").json()
    assert own["languages"] == client.get("/v1/engines/tone").json()["languages"]
    assert "convert" in own["capabilities"]


def test_the_same_request_is_answered_from_the_cache(
    client: httpx.Client, mover: dict[str, Any]
) -> None:
    first, second = (speech(client, mover["id"], input="cached.") for _ in range(2))
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    other = speech(client, mover["id"], input="cached.", options={"base_voice": "low"})
    assert other.headers["x-cache"] == "miss"

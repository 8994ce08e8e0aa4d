"""The neural engines' built-in profiles, spoken by their real packages on tiny checkpoints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from polyvox.audio.loudness import loudness
from polyvox.services.built_in import built_in
from tests import neural_home, sounds
from tests.server import served

pytestmark = pytest.mark.engines
MODELS = {"xtts": "xtts-v2", "f5": "f5-tts"}
TRANSCRIPT = "The old harbour lay quiet in the evening light."


@pytest.fixture(scope="module", params=MODELS)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(
    engine: str, environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp(engine)
    neural_home.install(engine, environment, home)
    neural_home.make_checkpoints(engine, environment, home / "checkpoint")
    neural_home.pull(MODELS[engine], home / "checkpoint", home)
    settings = {"POLYVOX_ENGINES__ENABLED": f"espeak,{engine}", "POLYVOX_CACHE__ENABLED": "false"}
    with (
        served(home, **settings) as server,
        httpx.Client(base_url=server.url, timeout=180) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def voice(engine: str, client: httpx.Client, recording: Path) -> str:
    """Cloned from eleven seconds."""
    spoken = recording.read_bytes()
    rate = int.from_bytes(spoken[24:28], "little")
    form = {"name": "Somebody", "engine": engine, "language": "en", "ref_text": TRANSCRIPT}
    audio = {"audio": spoken[: 44 + 2 * rate * 11]}
    answer = client.post("/v1/voices", data=form, files=audio)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def speak(client: httpx.Client, voice: str, **given: Any) -> bytes:
    asked = {"input": "Hello there.", "voice": voice, "language": "en", "seed": 5}
    answer = client.post(
        "/v1/audio/speech", json={**asked, "response_format": "wav", "stream": False, **given}
    )
    assert answer.status_code == 200, answer.text
    return answer.content


def test_every_built_in_profile_speaks_and_the_first_is_the_default(
    engine: str, client: httpx.Client, voice: str
) -> None:
    spoken = {each.name: speak(client, voice, profile=each.name) for each in built_in(engine)}
    assert speak(client, voice) == spoken[built_in(engine)[0].name]
    for data in spoken.values():
        samples, _ = sounds.decode(data, "wav")
        assert len(samples) > 1000
        assert np.isfinite(samples).all()
    assert len(set(spoken.values())) == len(spoken)


def test_the_default_is_what_its_values_say(engine: str, client: httpx.Client, voice: str) -> None:
    first = built_in(engine)[0]
    asked = {"engine": engine, "name": "By hand", "effects": dict(first.effects)}
    assert client.post("/v1/profiles", json=asked).status_code == 201
    plain = speak(client, voice)
    assert plain == speak(client, voice, profile="By hand", options=dict(first.options))
    samples, rate = sounds.decode(plain, "wav")
    measured = loudness(samples, rate)
    assert first.effects.get("loudness", measured) == pytest.approx(measured, abs=0.7)


def test_a_profile_of_another_engine_is_refused(client: httpx.Client, voice: str) -> None:
    asked = {"input": "Hello.", "voice": voice, "profile": "espeak.clear"}
    answer = client.post("/v1/audio/speech", json=asked)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "profile")

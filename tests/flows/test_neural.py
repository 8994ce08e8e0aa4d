"""Neural engines behind the real server, each in a process of the engines' environment, on tiny
random checkpoints: weights are pulled, a voice is cloned, kept and spoken with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from tests import neural_home, sounds
from tests.server import served

pytestmark = pytest.mark.engines
ENGINES = {
    "xtts": "xtts-v2",
    "f5": "f5-tts",
    "qwen3": "qwen3-tts-1.7b-voice-clone",
    "openvoice": "openvoice-v2",
}
"""Engine and the model that clones."""


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def home(engine: str, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage folder in which the engine is installed, as `polyvox engines install` leaves it."""
    folder = tmp_path_factory.mktemp(engine)
    neural_home.install(engine, environment, folder)
    return folder


@pytest.fixture(scope="module")
def client(engine: str, home: Path, environment: Path) -> Iterator[httpx.Client]:
    with (
        served(home, POLYVOX_ENGINES__ENABLED=f"espeak,{engine}") as server,
        httpx.Client(base_url=server.url, timeout=180) as client,
    ):
        yield client


def test_first_it_says_what_is_missing_then_it_clones_and_speaks(
    engine: str, home: Path, environment: Path, client: httpx.Client, recording: Path
) -> None:
    model = ENGINES[engine]
    form = {"name": f"Neural {uuid4().hex[:6]}", "engine": engine, "language": "en"}
    form["ref_text"] = "The old harbour lay quiet in the evening light."

    spoken = recording.read_bytes()
    rate = int.from_bytes(spoken[24:28], "little")
    eleven_seconds = spoken[: 44 + 2 * rate * 11]

    def cloned() -> httpx.Response:
        return client.post("/v1/voices", data=form, files={"audio": eleven_seconds})

    refused = cloned()
    assert refused.status_code == 503, refused.text
    assert f"polyvox models pull {model}" in refused.json()["error"]["message"]
    assert client.get(f"/v1/engines/{engine}").json()["state"] == "absent"

    checkpoint = home / "checkpoint"
    neural_home.make_checkpoints(engine, environment, checkpoint)
    neural_home.pull(model, own if (own := checkpoint / model).exists() else checkpoint, home)

    answer = cloned()
    assert answer.status_code == 201, answer.text
    voice = answer.json()
    assert voice["likeness"] is None
    asked: dict[str, Any] = {
        "input": "Hello there.",
        "voice": voice["id"],
        "response_format": "wav",
        "seed": 5,
    }
    if engine == "qwen3":
        asked["options"] = {"max_new_tokens": 20}
    answer = client.post("/v1/audio/speech", json={**asked, "language": "en"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-engine"] == engine
    samples, _ = sounds.decode(answer.content, "wav")
    assert len(samples) > 1000
    assert np.isfinite(samples).all()
    told = client.get(f"/v1/engines/{engine}")
    assert told.json().get("state") == "ready", told.text
    assert client.get("/health/ready").status_code == 200

"""A server speaks through a node whose host runs the real Qwen3-TTS package, on tiny random
checkpoints, in the engines' environment."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from polyvox.engines.qwen3.engine import Qwen3
from tests import sounds
from tests.cluster.nodes import TOKEN, RunningNode, node
from tests.server import served

pytestmark = pytest.mark.engines
ROOT = Path(__file__).parents[2]
TEXT = "Hello there."


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node with tiny models of every kind; `make test-engines` makes their environment."""
    environment = Path(os.environ["POLYVOX_TEST_ENGINES"])
    folder = tmp_path_factory.mktemp("far")
    own = folder / "environments" / "qwen3"
    (own / "package").mkdir(parents=True)
    for part in ("bin", "lib"):
        (own / part).symlink_to(environment / part)
    shutil.copy(environment / "pyvenv.cfg", own)
    (own / "package" / "polyvox").symlink_to(ROOT / "src" / "polyvox")
    (own / "ready.json").write_text(json.dumps({"requires": list(Qwen3.requires)}))
    script = ROOT / "tests" / "neural" / "checkpoints" / "qwen3.py"
    subprocess.run(
        [str(environment / "bin" / "python"), str(script), str(folder / "models")],
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
    )
    with node(folder, "qwen3") as running:
        yield running


@pytest.fixture(scope="module")
def client(far: RunningNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {"modal": {"base_url": far.url, "api_key": TOKEN}}
    given = {
        "POLYVOX_ENGINES__ENABLED": "espeak,modal",
        "POLYVOX_ENGINES__SETTINGS": json.dumps(settings),
    }
    with (
        served(tmp_path_factory.mktemp("near"), **given) as server,
        httpx.Client(base_url=server.url, timeout=180) as client,
    ):
        yield client


def _spoken(client: httpx.Client, **asked: Any) -> bytes:
    usual = {"input": TEXT, "response_format": "wav", "seed": 5, "language": "en"}
    answer = client.post(
        "/v1/audio/speech", json={**usual, "options": {"max_new_tokens": 20}, **asked}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-engine"] == "modal"
    samples, _ = sounds.decode(answer.content, "wav")
    assert len(samples) > 1000
    assert np.abs(samples).max() > 0.01
    return answer.content


def test_a_speaker_speaks_and_the_seed_decides(client: httpx.Client) -> None:
    asked = {"model": "modal-qwen3-tts-1.7b-preset", "voice": "modal.Ryan"}
    first, same = _spoken(client, **asked), _spoken(client, **asked)
    assert first == same
    assert first != _spoken(client, **asked, **{"seed": 6})


def test_a_voice_is_cloned_far_away_kept_here_and_spoken_with(
    client: httpx.Client, recording: Path
) -> None:
    spoken = recording.read_bytes()
    rate = int.from_bytes(spoken[24:28], "little")
    answer = client.post(
        "/v1/voices",
        data={"name": "Far clone", "engine": "modal", "language": "en", "ref_text": TEXT},
        files={"audio": spoken[: 44 + 2 * rate * 11]},
    )
    assert answer.status_code == 201, answer.text
    _spoken(client, voice=answer.json()["id"])


def test_a_voice_is_designed_far_away_and_spoken_by_two_models(client: httpx.Client) -> None:
    answer = client.post(
        "/v1/voices/design",
        json={
            "name": "Far design",
            "description": "a calm old man with a deep voice",
            "engine": "modal",
            "language": "en",
            "text": "It grew dark at last, and everybody went home along the harbour.",
        },
    )
    assert answer.status_code == 201, answer.text
    for model in ("modal-qwen3-tts-1.7b-voice-design", "modal-qwen3-tts-1.7b-voice-clone"):
        _spoken(client, voice=answer.json()["id"], model=model)


def test_a_refusal_of_the_far_engine_is_the_callers(client: httpx.Client) -> None:
    asked = {"input": TEXT, "model": "modal-qwen3-tts-1.7b-preset", "voice": "modal.Ryan"}
    answer = client.post("/v1/audio/speech", json={**asked, "options": {"top_k": -1}})
    assert answer.status_code == 400
    asked["model"] = "modal-qwen3-tts-1.7b-voice-clone"
    answer = client.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 400, answer.text
    assert "qwen3-tts-1.7b-preset" in answer.json()["error"]["message"]

"""An engine is installed by the command line as a user does it, speaks through the real server, and
is removed; what can go wrong on the way is said by name, with the command that mends it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np
import pytest

from tests import sounds
from tests.server import served

pytestmark = pytest.mark.engines
ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "tests" / "neural" / "constraints.txt"
DROP_IN = """
from polyvox.engines.tone import Tone


class Lonely(Tone):
    name = "lonely"
    requires = ("six>=1.16", "--no-deps wrapt>=1.14")
    imports = ("six", "wrapt")
    separate = True

    def load(self, device):
        import six
"""
"""An engine whose environment is made in seconds."""


def polyvox(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "polyvox", *words],
        env=variables(folder) | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def variables(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "POLYVOX_STORAGE__FOLDER": str(folder),
        "POLYVOX_ENGINES__FOLDER": str(folder / "drop-ins"),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drop-ins").mkdir()
    (tmp_path / "drop-ins" / "lonely.py").write_text(DROP_IN, encoding="utf-8")
    return tmp_path


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[httpx.Client]:
    with (
        served(
            folder,
            POLYVOX_ENGINES__ENABLED="espeak,lonely,f5",
            POLYVOX_ENGINES__FOLDER=str(folder / "drop-ins"),
        ) as server,
        httpx.Client(base_url=server.url, timeout=180) as client,
    ):
        yield client


def spoken(client: httpx.Client, model: str, voice: str | None = None) -> httpx.Response:
    """Says something new each time, which no cache holds."""
    text = f"Hello {uuid4().hex[:4]}."
    asked = {"input": text, "model": model, "voice": voice, "response_format": "wav"}
    return client.post("/v1/audio/speech", json={**asked, "language": "en"})


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 503, answer.content[:500]
    message: str = answer.json()["error"]["message"]
    return message


def test_an_engine_is_installed_speaks_and_is_removed(folder: Path, recording: Path) -> None:
    with serving(folder) as client:
        assert "polyvox engines install f5" in refusal(cloned(client, recording))
        done = polyvox(folder, "engines", "install", "f5", "--constraint", str(VERSIONS))
        assert done.returncode == 0, done.stderr[-2000:]
        assert "polyvox models pull f5-tts" in done.stdout
        source = checkpoint(folder)
        pulled = polyvox(folder, "models", "pull", "f5-tts", "--accept-licence", "--from", source)
        assert pulled.returncode == 0, pulled.stderr
        answer = cloned(client, recording)
        assert answer.status_code == 201, answer.text
        voice = answer.json()["id"]
        answer = spoken(client, "f5-tts", voice)
        assert answer.status_code == 200, answer.headers
        assert answer.headers["x-engine"] == "f5"
        samples, _ = sounds.decode(answer.content, "wav")
        assert len(samples) > 1000
        assert np.isfinite(samples).all()
    assert polyvox(folder, "engines", "remove", "f5").returncode == 0
    assert not (folder / "environments" / "f5").exists()
    with serving(folder) as client:
        assert "polyvox engines install f5" in refusal(spoken(client, "f5-tts", voice))
        assert spoken(client, "espeak").status_code == 200


def checkpoint(folder: Path) -> str:
    """A tiny random one, made by the packages of the engine's own environment."""
    made = folder / "checkpoint"
    python = folder / "environments" / "f5" / "bin" / "python"
    script = ROOT / "tests" / "neural" / "checkpoints" / "f5.py"
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    subprocess.run([python, script, made], env=offline, capture_output=True, check=True)
    return str(made)


def cloned(client: httpx.Client, recording: Path) -> httpx.Response:
    sound = recording.read_bytes()
    rate = int.from_bytes(sound[24:28], "little")
    form = {
        "name": "Installed",
        "engine": "f5",
        "language": "en",
        "ref_text": "The old harbour lay quiet in the evening light.",
    }
    return client.post("/v1/voices", data=form, files={"audio": sound[: 44 + 2 * rate * 11]})


def test_an_install_that_was_killed_goes_on(folder: Path) -> None:
    command = [sys.executable, "-m", "polyvox", "engines", "install", "lonely"]
    home = folder / "environments" / "lonely"
    half = (home / "bin" / "python", home / "package" / "polyvox")
    for reached in half:
        with subprocess.Popen(
            command, env=variables(folder), stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            until = time.monotonic() + 60
            while not reached.exists():
                assert time.monotonic() < until
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
        assert "not installed" in polyvox(folder, "engines", "check", "lonely").stderr
    done = polyvox(folder, "engines", "install", "lonely")
    assert done.returncode == 0, done.stderr
    assert not list(home.glob(".unpacking*"))


def test_a_broken_environment_is_told_and_the_server_goes_on(folder: Path) -> None:
    install = ("engines", "install", "lonely")
    home = folder / "environments" / "lonely"
    assert polyvox(folder, *install).returncode == 0
    shutil.rmtree(home / "lib")
    with serving(folder) as client:
        told = refusal(spoken(client, "lonely"))
        assert "Engine 'lonely' does not start" in told
        assert "polyvox engines install lonely" in told
        assert spoken(client, "espeak").status_code == 200
        assert polyvox(folder, *install).returncode == 0
        assert spoken(client, "lonely").status_code == 200, "without a restart"
    (home / "bin" / "python").unlink()
    with serving(folder) as client:
        assert "polyvox engines install lonely" in refusal(spoken(client, "lonely"))
        assert spoken(client, "espeak").status_code == 200
        assert polyvox(folder, *install).returncode == 0
        assert spoken(client, "lonely").status_code == 200, "without a restart"


def test_an_engine_that_is_not_switched_on_says_so(folder: Path) -> None:
    with serving(folder) as client:
        answer = client.get("/v1/engines/xtts")
        assert answer.status_code == 404
        message = answer.json()["error"]["message"]
        assert message == "Engine 'xtts' is not switched on: add it to engines.enabled."
        assert "There is no engine 'nobody'" in client.get("/v1/engines/nobody").text

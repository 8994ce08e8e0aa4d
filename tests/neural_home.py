"""Storage folders in which a neural engine is installed, with tiny random checkpoints pulled, and
servers that speak with them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from polyvox.engines.registry import Registry
from tests import sounds
from tests.processes import hosts_of
from tests.server import Server, served

PRESETS, SMALL = "qwen3-tts-1.7b-preset", "qwen3-tts-0.6b-preset"
CLONES, SMALL_CLONES = "qwen3-tts-1.7b-voice-clone", "qwen3-tts-0.6b-voice-clone"
DESIGNS = "qwen3-tts-1.7b-voice-design"
_ROOT = Path(__file__).parents[1]


def install(engine: str, environment: Path, home: Path) -> None:
    """Make `home` as `polyvox engines install` leaves it, with the packages of `environment`."""
    own = home / "environments" / engine
    (own / "package").mkdir(parents=True)
    for part in ("bin", "lib"):
        (own / part).symlink_to(environment / part)
    shutil.copy(environment / "pyvenv.cfg", own)
    (own / "package" / "polyvox").symlink_to(_ROOT / "src" / "polyvox")
    requires = list(Registry().find(engine).requires)
    (own / "ready.json").write_text(json.dumps({"requires": requires}), encoding="utf-8")


def make_checkpoints(engine: str, environment: Path, folder: Path, *arguments: str) -> None:
    """Make the engine's tiny checkpoints with its own packages; `arguments` are its script's."""
    script = _ROOT / "tests" / "neural" / "checkpoints" / f"{engine}.py"
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONPATH": str(_ROOT / "src")}
    subprocess.run(
        [str(environment / "bin" / "python"), str(script), str(folder), *arguments],
        check=True,
        env={**os.environ, **quiet},
        capture_output=True,
    )


def pull(model: str, source: Path, home: Path) -> None:
    """Bring the model's weights from a folder into `home`, by the command line."""
    command = ["models", "pull", model, "--accept-licence", "--from", str(source)]
    done = subprocess.run(
        [sys.executable, "-m", "polyvox", *command],
        env={**os.environ, "POLYVOX_STORAGE__FOLDER": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Running:
    """A server that may speak with Qwen3-TTS, and its storage folder."""

    server: Server
    home: Path
    client: httpx.Client

    def speak(self, **more: Any) -> httpx.Response:
        """With the preset model, if nothing else is said, and briefly."""
        asked: dict[str, Any] = {
            "model": PRESETS,
            "input": "Hello there.",
            "voice": "Ryan",
            "language": "en",
            "response_format": "wav",
            "stream": False,
            "options": {"max_new_tokens": 6},
        }
        return self.client.post("/v1/audio/speech", json={**asked, **more})

    def generate(self, model: str) -> httpx.Response:
        """The same in the shape of the multi-lingual service."""
        asked = {"model_id": model, "text": "Hello.", "speaker": "Ryan", "max_new_tokens": 6}
        return self.client.post("/generate", json=asked)

    def clone(self, recording: Path, name: str) -> httpx.Response:
        form = {"name": name, "engine": "qwen3", "language": "en"}
        return self.client.post("/v1/voices", data=form, files={"audio": recording.read_bytes()})

    def load(self, model: str) -> None:
        answer = self.client.post("/v1/engines/qwen3/load", params={"model": model})
        assert answer.status_code == 200, answer.text

    def unload(self) -> None:
        assert self.client.post("/v1/engines/qwen3/unload").status_code == 200

    @property
    def hosts(self) -> list[int]:
        return hosts_of(self.server, "qwen3")

    def check_it_still_speaks(self) -> None:
        """With espeak, as if nothing had happened."""
        answer = self.speak(model="espeak", voice="espeak.male_deep", options={})
        assert answer.status_code == 200, answer.text
        assert len(sounds.decode(answer.content, "wav")[0]) > 1000
        assert self.client.get("/health/ready").status_code == 200

    def check_it_speaks_again(self) -> None:
        answer = self.speak()
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-engine"] == "qwen3"
        assert len(sounds.decode(answer.content, "wav")[0]) == 5 * 1920
        assert self.client.get("/v1/engines/qwen3").json()["state"] == "ready"


@contextlib.contextmanager
def serving(home: Path, **settings: str) -> Iterator[Running]:
    """A server with espeak and Qwen3-TTS, on the CPU and without a cache if `settings` do not say
    otherwise."""
    given = {
        "POLYVOX_ENGINES__ENABLED": "espeak,qwen3",
        "POLYVOX_ENGINES__DEVICE": "cpu",
        "POLYVOX_CACHE__ENABLED": "false",
    }
    with (
        served(home, **{**given, **settings}) as server,
        httpx.Client(base_url=server.url, timeout=180) as client,
    ):
        yield Running(server, home, client)

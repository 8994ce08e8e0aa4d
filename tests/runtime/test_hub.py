"""Weights are fetched with the hub's own client from a server that speaks the hub's contract."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from polyvox.engines.contract import Weights
from tests.runtime.hub import Hub, serving

LARGE = bytes(range(256)) * 100_000
"""More than the ten megabytes that the hub's client keeps in memory before it writes."""
OTHER = b"another model, which nobody asked for"
REPOSITORIES = {
    "Some/Model": {
        "config.json": b"{}",
        "v1/model.safetensors": LARGE,
        "v0/model.safetensors": OTHER,
        "LICENSE.txt": b"Be good.",
        "README.md": b"# It",
    },
    "Other/Vocoder": {"config.yaml": b"a: b", "model.bin": LARGE[::-1][:5000], "more.bin": OTHER},
}
WEIGHTS = Weights(
    source="Some/Model",
    licence="Apache-2.0",
    commercial=True,
    gigabytes=0.03,
    files=("config.json", "v1/model.safetensors"),
    optional=("LICENSE*", "presets.pth"),
    beside=(
        Weights(
            "Other/Vocoder", "MIT", True, 0.001, ("config.yaml", "model.bin"), folder="vocoder"
        ),
    ),
)
PROGRAM = """
import sys
from pathlib import Path
from polyvox.domain.errors import PolyvoxError
from polyvox.engines.contract import Weights
from polyvox.runtime.models import Models

try:
    print(Models(Path(sys.argv[1])).fetch("tiny", eval(sys.argv[2])))
except PolyvoxError as error:
    sys.exit(error.message)
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(REPOSITORIES) as running:
        yield running


def fetching(url: str, folder: Path, weights: Weights = WEIGHTS) -> subprocess.Popen[str]:
    """In a process of its own: the client reads its endpoint when it is imported."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), repr(weights)],
        env={**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fetched(url: str, folder: Path, weights: Weights = WEIGHTS) -> tuple[int, str]:
    """Its exit code, and where the model is or what it says."""
    with fetching(url, folder, weights) as process:
        said, error = process.communicate(timeout=60)
    return process.returncode, said.strip() or error


def held(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_model_is_gathered_from_its_repositories_and_nothing_else(
    hub: Hub, tmp_path: Path
) -> None:
    code, home = fetched(hub.url, tmp_path / "models")
    assert code == 0, home
    own, vocoder = REPOSITORIES.values()
    assert held(Path(home)) == {
        "config.json": own["config.json"],
        "v1/model.safetensors": LARGE,
        "LICENSE.txt": own["LICENSE.txt"],
        "vocoder/config.yaml": vocoder["config.yaml"],
        "vocoder/model.bin": vocoder["model.bin"],
    }
    assert len(hub.sent) == 5
    assert not list((tmp_path / "models").glob(".fetching*"))


def test_a_fetch_that_was_killed_goes_on_in_the_middle(hub: Hub, tmp_path: Path) -> None:
    large = "Some/Model/v1/model.safetensors"
    hub.stuck[large] = 22_000_000
    with fetching(hub.url, tmp_path / "models") as process:
        coming = tmp_path / "models" / ".fetching-tiny"
        until = time.monotonic() + 30
        while not any(len(data) >= 20_000_000 for data in held(coming).values()):
            assert time.monotonic() < until
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    hub.stuck.clear()
    hub.go_on.set()
    code, home = fetched(hub.url, tmp_path / "models")
    assert code == 0, home
    assert held(Path(home))["v1/model.safetensors"] == LARGE
    starts = [first for place, first in hub.sent if place == large]
    assert starts[0] == 0
    assert starts[1] >= 20_000_000


def test_a_file_that_is_not_what_its_digest_says_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    hub.spoilt.add("Other/Vocoder/model.bin")
    code, said = fetched(hub.url, tmp_path / "models")
    assert code == 1
    assert "model.bin of Other/Vocoder came broken" in said
    assert "run the command again" in said
    assert not (tmp_path / "models" / "tiny").exists()
    hub.spoilt.clear()
    hub.sent.clear()
    assert fetched(hub.url, tmp_path / "models")[0] == 0
    assert hub.sent == [("Other/Vocoder/model.bin", 0)], "what was whole is not sent again"


def test_what_cannot_be_fetched_says_what_to_do(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for url, weights in (
        (hub.url, replace(WEIGHTS, source="No/Such")),
        ("http://127.0.0.1:9", WEIGHTS),
    ):
        code, said = fetched(url, folder, weights)
        assert code == 1
        assert "run the command again" in said
        assert "--from" in said
    code, said = fetched(hub.url, folder, replace(WEIGHTS, files=("gone.bin",)))
    assert code == 1
    assert "Some/Model does not hold gone.bin" in said
    hub.gated.add("Other/Vocoder")
    code, said = fetched(hub.url, folder)
    assert code == 1
    assert "accept their terms" in said
    assert "HF_TOKEN" in said


def test_the_disk_must_hold_all_of_it_before_anything_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.claimed["Other/Vocoder/model.bin"] = 10**15
    code, said = fetched(hub.url, tmp_path / "models")
    assert code == 1
    assert "GB are free" in said
    assert hub.sent == []


F5 = {
    "SWivid/F5-TTS": {
        "F5TTS_v1_Base/model_1250000.safetensors": b"network",
        "F5TTS_v1_Base/vocab.txt": b" \na\n",
        "F5TTS_Base/model_1200000.safetensors": OTHER,
        "E2TTS_Base/model_1200000.pt": OTHER,
    },
    "charactr/vocos-mel-24khz": {"config.yaml": b"a: b", "pytorch_model.bin": b"vocoder"},
}


def test_pull_shows_every_licence_and_wants_the_strict_one_accepted(tmp_path: Path) -> None:
    pull = [sys.executable, "-m", "polyvox", "models", "pull", "f5-tts"]
    with serving(F5) as hub:
        variables = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "POLYVOX_STORAGE__FOLDER": str(tmp_path),
        }

        def pulled(*more: str) -> subprocess.CompletedProcess[str]:
            command = [*pull, *more]
            return subprocess.run(
                command, env=variables, capture_output=True, text=True, timeout=60, check=False
            )

        refused = pulled()
        assert refused.returncode == 2
        assert "SWivid/F5-TTS: CC-BY-NC-4.0" in refused.stdout
        assert "charactr/vocos-mel-24khz: MIT" in refused.stdout
        assert "SWivid/F5-TTS does not allow commercial use" in refused.stderr
        assert hub.sent == []
        done = pulled("--accept-licence")
        assert done.returncode == 0, done.stderr
    assert held(tmp_path / "models" / "f5-tts") == {
        "F5TTS_v1_Base/model_1250000.safetensors": b"network",
        "F5TTS_v1_Base/vocab.txt": b" \na\n",
        "vocos/config.yaml": b"a: b",
        "vocos/pytorch_model.bin": b"vocoder",
    }

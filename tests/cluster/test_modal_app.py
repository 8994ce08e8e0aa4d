"""The app for Modal, as Modal's own package takes it; nothing is deployed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from polyvox.domain.errors import EngineFailed, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.engines.modal import Modal
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.engines.tone import Tone
from polyvox.runtime.launch import Launch
from tests.cluster.nodes import TOKEN

pytestmark = pytest.mark.engines
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def modal_app() -> Any:
    """Imported only where these tests are wanted: it needs the package `modal`."""
    from polyvox.cluster import modal_app

    return modal_app


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the secret gives it to a machine of Modal's."""
    monkeypatch.setenv("POLYVOX_TOKEN", TOKEN)


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    """The address where it answers."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, loop="asyncio", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _app(modal_app: Any) -> Any:
    """What `modal serve` would answer with; Modal's package warns that it is not in its cloud."""
    with pytest.warns(UserWarning, match="executing locally"):
        return modal_app.Machine().serve.local()


def _noted(**environment: str) -> str:
    """What Modal's package has noted of the class, in a process with those variables."""
    program = (
        "from polyvox.cluster.modal_app import Machine; "
        "noted = Machine._get_class_service_function()._spec_; "
        "print(noted.gpus, *noted.volumes, *noted.secrets)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_machine_has_a_gpu_the_weights_and_the_secret(modal_app: Any) -> None:
    assert _noted() == "L4 /weights modal.Secret.from_name('polyvox')"
    assert modal_app.app.name == "polyvox"
    assert list(modal_app.Machine._get_method_names()) == ["serve"]


def test_gpu_and_secret_are_settings_of_whoever_deploys() -> None:
    noted = _noted(POLYVOX_MODAL_GPU="A10G", POLYVOX_MODAL_SECRET="speech")
    assert noted == "A10G /weights modal.Secret.from_name('speech')"


def test_the_app_of_a_machine_serves_the_five_models_to_whoever_has_the_token(
    modal_app: Any, token: None
) -> None:
    with _serving(_app(modal_app)) as url:
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        assert httpx.post(f"{url}/host?model={Qwen3.models[0]}").status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.post(f"{url}/host?model=nobody", headers=headers)
        assert answer.status_code == 404
        assert all(model in answer.text for model in Qwen3.models)
        for model in Qwen3.models:
            assert httpx.post(f"{url}/host?model={model}", headers=headers).status_code == 400


def test_a_machine_does_not_start_without_a_token(
    modal_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLYVOX_TOKEN", raising=False)
    with pytest.raises(Unavailable, match="POLYVOX_TOKEN"):
        _app(modal_app)


class _FarTone(Modal):
    Options = Tone.Options


def test_the_app_speaks_with_an_engine_that_needs_no_gpu(modal_app: Any, token: None) -> None:
    with _serving(modal_app.serving(lambda model: Launch("tone", model=model))) as url:
        engine = _FarTone()
        engine.model = Modal.models[0]
        engine.settings = Modal.Settings(base_url=url, api_key=TOKEN)
        engine.load("cpu")
        voice = Voice("modal.low", "low", "modal", PRESET, "low")
        spoken = engine.synthesize(Segment("ten chars.", "en"), voice, Tone.Options())
        assert len(np.concatenate([chunk.samples for chunk in spoken])) == 24000
        with pytest.raises(EngineFailed, match="asked to fail"):
            list(engine.synthesize(Segment("a", "en"), voice, Tone.Options(fail_after=0.0)))
        engine.unload()


def test_weights_that_are_there_are_not_fetched_again(modal_app: Any, tmp_path: Path) -> None:
    model = Qwen3.models[0]
    kept: list[str] = []
    for name in Qwen3.weights[model].files:
        (tmp_path / model / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / model / name).touch()
    assert modal_app.fetched(model, tmp_path, lambda: kept.append(model)) == tmp_path / model
    assert not kept


def test_the_engine_is_installed_as_its_class_says(modal_app: Any, tmp_path: Path) -> None:
    """The commands of the image, run for real with two packages of the eight."""
    written = " ".join(modal_app.engine_commands())
    assert all(f"'{each.removeprefix('--no-deps ')}'" in written for each in Qwen3.requires)
    few = ("--no-deps qwen-tts==0.1.1", "safetensors>=0.5")
    for command in modal_app.engine_commands(few, tmp_path / "engine"):
        subprocess.run(command, shell=True, check=True, capture_output=True)
    listed = _run(tmp_path / "engine", "-m", "pip", "list")
    assert "qwen-tts" in listed
    assert "torch" not in listed
    _run(tmp_path / "engine", "-c", "import polyvox.runtime.host, safetensors")


def test_what_the_image_installs_is_enough_for_the_node(modal_app: Any, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path)], check=True)
    pinned = f"modal=={version('modal')}"
    _run(tmp_path, "-m", "pip", "install", *modal_app.NODE_NEEDS, pinned)
    _run(tmp_path, "-c", "import polyvox.cluster.modal_app, polyvox.runtime.models, httpx2")


def _run(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(home / "bin" / "python"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

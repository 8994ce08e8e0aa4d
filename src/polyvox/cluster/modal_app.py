"""A node on Modal's GPUs: `modal deploy -m polyvox.cluster.modal_app`.

Needs the package `modal` where it is deployed from, and a secret `polyvox` with POLYVOX_TOKEN.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import modal  # type: ignore[import-not-found, import-untyped, unused-ignore]

import polyvox
from polyvox.cluster.access import VARIABLE
from polyvox.cluster.launches import LaunchOf, weights_of
from polyvox.cluster.node import node
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.runtime.launch import Launch

GPU = os.environ.get("POLYVOX_MODAL_GPU", "L4")
"""24 GB: room for every model of Qwen3-TTS in bfloat16, one at a time."""
IDLE_SECONDS = int(os.environ.get("POLYVOX_MODAL_IDLE_SECONDS", "300"))
"""How long a machine that nobody asks is kept, and paid."""
MOST_MACHINES = int(os.environ.get("POLYVOX_MODAL_MACHINES", "1"))
SECRET = os.environ.get("POLYVOX_MODAL_SECRET", "polyvox")
AT_ONCE = 8
"""Requests that one machine takes in; those that wait are spoken together."""
LONGEST_SECONDS = 1800
WEIGHTS = Path("/weights")
ENVIRONMENT = Path("/environment")
NODE_NEEDS = (
    "numpy>=2.0",
    "starlette>=0.46",
    "huggingface-hub>=2.0",
    "psutil>=7",
    "nvidia-ml-py>=12",
)


def engine_commands(
    requires: Sequence[str] = Qwen3.requires, home: Path = ENVIRONMENT
) -> list[str]:
    """How the engine's environment is made; the node's own packages would clash with it."""
    pip = f"{home}/bin/python -m pip install --no-cache-dir"
    alone = [each.removeprefix("--no-deps ") for each in requires if each.startswith("--no-deps ")]
    whole = ["numpy>=1.26", *(each for each in requires if not each.startswith("--no-deps "))]
    commands = [f"python -m venv {home}", f"{pip} {_quoted(whole)}"]
    return [*commands, f"{pip} --no-deps {_quoted(alone)}"] if alone else commands


def _quoted(packages: Sequence[str]) -> str:
    return " ".join(f"'{each}'" for each in packages)


image = (
    modal.Image.debian_slim(python_version="3.11")
    .pip_install(*NODE_NEEDS)
    .run_commands(*engine_commands())
    .add_local_python_source("polyvox")
)
volume = modal.Volume.from_name("polyvox-weights", create_if_missing=True)
app = modal.App("polyvox", image=image, include_source=False)


def fetched(model: str, folder: Path = WEIGHTS, keep: Callable[[], Any] = volume.commit) -> Path:
    """The model's weights, in the volume that every machine sees; `keep` is called for new ones."""
    there = (folder / model).is_dir()
    found = weights_of(Qwen3, model, folder)
    assert found is not None
    if not there:
        keep()
    return found


def launch(model: str) -> Launch:
    """How hosts of a model are started on a machine of Modal's."""
    return Launch(
        Qwen3.name,
        model=model,
        weights=fetched(model),
        device="cuda",
        python=ENVIRONMENT / "bin" / "python",
        path=Path(polyvox.__file__).parents[1],
        seats=min(AT_ONCE, Qwen3.max_batch),
    )


def serving(launch_of: LaunchOf = launch) -> Any:
    """The application that a machine answers with. Raises Unavailable without a token."""
    return node(os.environ.get(VARIABLE, ""), Qwen3.models, launch_of)


@app.cls(  # type: ignore[misc, untyped-decorator, unused-ignore]
    gpu=GPU,
    volumes={str(WEIGHTS): volume},
    secrets=[modal.Secret.from_name(SECRET, required_keys=[VARIABLE])],
    scaledown_window=IDLE_SECONDS,
    max_containers=MOST_MACHINES,
    timeout=LONGEST_SECONDS,
)
@modal.concurrent(max_inputs=AT_ONCE)  # type: ignore[misc, untyped-decorator, unused-ignore]
class Machine:
    """One machine with a GPU, as long as somebody asks it."""

    @modal.asgi_app()  # type: ignore[misc, untyped-decorator, unused-ignore]
    def serve(self) -> Any:
        return serving()


@app.function(  # type: ignore[misc, untyped-decorator, unused-ignore]
    volumes={str(WEIGHTS): volume}, timeout=2 * LONGEST_SECONDS
)
def fetch(model: str = Qwen3.models[0]) -> str:
    """Fetch a model's weights on a machine without a GPU, before anybody waits for them."""
    return str(fetched(model))

"""How the hosts of a node are started, found out once for each model: weights that are not there
yet are fetched first, which takes minutes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.engines.contract import Synthesizer
from polyvox.engines.registry import Registry
from polyvox.runtime.environments import Environments
from polyvox.runtime.launch import Launch
from polyvox.runtime.models import Models

_TOGETHER = 8
"""Requests that are spoken together at most, by engines that can."""
LaunchOf = Callable[[str], Launch]
"""How hosts of a model are started; may take minutes, and is asked in a thread."""


class Launches:
    def __init__(self, models: Collection[str], launch_of: LaunchOf) -> None:
        self._models, self._launch_of = models, launch_of
        self._found: dict[str, asyncio.Task[Launch]] = {}

    def check(self, model: str) -> None:
        """Raises NotFound for a model that is not served here."""
        if model not in self._models:
            known = ", ".join(self._models)
            raise NotFound(f"There is no model '{model:.60}'. Known: {known}.", param="model")

    async def prepare(self, model: str) -> None:
        """Raises what `launch_of` raises. Whoever leaves early stops nothing: the weights go on
        coming for the next one."""
        task = self._found.get(model)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.create_task(asyncio.to_thread(self._launch_of, model))
            self._found[model] = task
        await asyncio.shield(task)

    def __call__(self, model: str) -> Launch:
        """Of a model that has been prepared."""
        return self._found[model].result()


def weights_of(engine: type[Synthesizer], model: str, folder: Path | None) -> Path | None:
    """The folder with the model's files, fetched where that is allowed; None where it needs none.

    Raises Unavailable with what to do.
    """
    if model not in engine.weights:
        return None
    if folder is None:
        raise Unavailable(f"Model '{model}' needs weights: say where they are with --weights.")
    weights, models = engine.weights[model], Models(folder)
    try:
        return models.folder(model, weights)
    except Unavailable:
        if not all(part.commercial for part in weights.parts):
            raise  # somebody must accept the licence first
    return models.fetch(model, weights)


def local_launch(
    name: str,
    device: str = "auto",
    weights: Path | None = None,
    environments: Path | None = None,
    drop_ins: Path | None = None,
) -> tuple[Collection[str], LaunchOf]:
    """An engine's models, and how they are started on this machine, from the folders that
    `polyvox engines install` and `polyvox models pull` fill."""
    engine = Registry(drop_ins).synthesizer(name)
    if device == "auto":
        device = "cuda" if shutil.which("nvidia-smi") else "cpu"

    def launch(model: str) -> Launch:
        python, path = None, None
        if engine.separate:
            ours = Environments(environments) if environments else None
            python = ours.python(engine) if ours else None
            if ours is None or python is None:
                raise Unavailable(
                    f"Engine '{name}' is not installed in the folder of --environments. Run: "
                    f"polyvox engines install {name}"
                )
            path = ours.path(engine)
        found = weights_of(engine, model, weights)
        return Launch(
            name,
            model=model,
            weights=found,
            device=device,
            python=python,
            path=path,
            folder=drop_ins,
            seats=min(engine.max_batch, _TOGETHER),
        )

    return engine.models or (engine.name,), launch

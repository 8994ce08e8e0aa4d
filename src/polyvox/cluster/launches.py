"""How the hosts of a node are started, found out once for each model: weights that are not there
yet are fetched first, which takes minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.engines.contract import Synthesizer
from polyvox.runtime.launch import Launch
from polyvox.runtime.models import Models

LaunchOf = Callable[[str], Launch]
"""How hosts of a model are started; may take minutes, and is asked in a thread."""


class Launches:
    def __init__(self, models: Collection[str], launch_of: LaunchOf) -> None:
        self.models, self._launch_of = tuple(models), launch_of
        self._found: dict[str, asyncio.Task[Launch]] = {}

    def check(self, model: str) -> None:
        """Raises NotFound for a model that is not served here."""
        if model not in self.models:
            known = ", ".join(self.models)
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

    def prepared(self) -> Mapping[str, Launch]:
        """By model, those that are."""
        done = {model: task for model, task in self._found.items() if task.done()}
        return {
            model: task.result()
            for model, task in done.items()
            if not task.cancelled() and not task.exception()
        }

    def coming(self, model: str) -> bool:
        """Whether it is being prepared."""
        return model in self._found and not self._found[model].done()


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

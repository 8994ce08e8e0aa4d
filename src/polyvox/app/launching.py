"""How the hosts of each engine are started: where its packages and weights are, on what device, how
many side by side."""

from __future__ import annotations

import os
import shutil

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.engines.contract import Synthesizer
from polyvox.engines.registry import Registry
from polyvox.runtime.environments import Environments
from polyvox.runtime.launch import Launch
from polyvox.runtime.models import Models
from polyvox.settings import Settings


def environments(settings: Settings) -> Environments:
    """The engines' own environments."""
    return Environments(settings.storage.folder / "environments")


def models(settings: Settings) -> Models:
    """The weights on this machine."""
    return Models(settings.storage.folder / "models")


def launch(settings: Settings, known: Registry, model: str) -> Launch:
    """How hosts of a model are started. Raises Unavailable, with the command to run, where its
    engine's environment or its weights are not here."""
    engine = _engine_of(settings, known, model)
    python, path = None, None
    if engine.separate:
        ours = environments(settings)
        python, path = ours.python(engine), ours.path(engine)
        if python is None:
            raise Unavailable(
                f"Engine '{engine.name}' is not installed. Run: polyvox engines install "
                f"{engine.name}"
            )
    weights = None
    if model in engine.weights:
        weights = models(settings).folder(model, engine.weights[model])
    return Launch(
        engine.name,
        model=model,
        weights=weights,
        device=_device(settings),
        settings=settings.engines.settings.get(engine.name, {}),
        python=python,
        path=path,
        folder=settings.engines.folder,
        threads=1 if engine.parallel else None,
        guarded=engine.name in settings.engines.fallbacks,
        seats=min(engine.max_batch, settings.engines.max_batch),
        hosts=(settings.engines.hosts or cores()) if engine.parallel else 1,
    )


def _engine_of(settings: Settings, known: Registry, model: str) -> type[Synthesizer]:
    for name in settings.engines.enabled:
        engine = known.synthesizer(name)
        if model in (engine.models or (engine.name,)):
            return engine
    raise NotFound(f"There is no model '{model}'.", param="model")


def _device(settings: Settings) -> str:
    """auto is the first GPU where the driver shows one."""
    if settings.engines.device != "auto":
        return settings.engines.device
    return "cuda" if shutil.which("nvidia-smi") else "cpu"


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

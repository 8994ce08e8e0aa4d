"""Which model follows a style in words, where an engine has models that do and models that do not:
Qwen3-TTS, of whose package the others take a style and say nothing of it."""

from __future__ import annotations

from polyvox.domain.engine import Model
from polyvox.domain.voice import Voice
from polyvox.engines.qwen3.models import MODELS, PRESET, unstyled
from polyvox.services.engines import QWEN, Engines


def styled(engines: Engines, model: Model, voice: Voice) -> str:
    """Id of the model that speaks with the voice in a style: the one asked for or, where its name
    has no size, one that is here and follows styles. Raises InvalidInput where there is none."""
    if model.engine != QWEN:
        return model.id
    if model.alias_of is None:
        can = [model.id]
    elif voice.digest is not None:
        can = [voice.model or model.loaded]
    else:
        presets = [name for name, each in MODELS.items() if each.kind == PRESET]
        can = [name for name in presets if engines.is_here(name)] or presets
    follows = [name for name in can if MODELS[name].takes_instructions]
    if not follows:
        raise unstyled(can[0])
    return follows[0]

"""OpenAI's lists of models, and the lists of voices that its self-hosted relatives agreed on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.domain.engine import Model
from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.voice import Voice

router = APIRouter(tags=["openai"], responses=REFUSALS)

_CREATED = 1_750_000_000
"""OpenAI's clients want a date of every model; ours have none."""


@router.get("/models")
async def list_models(served: Served) -> dict[str, Any]:
    """Every model, aliases included."""
    return {"object": "list", "data": [_model(model) for model in served.engines.models()]}


@router.get("/models/{id}")
async def get_model(id: Annotated[str, Path(max_length=200)], served: Served) -> dict[str, Any]:
    """One model."""
    return _model(served.engines.find(id))


@router.get("/audio/models")
async def list_audio_models(served: Served) -> dict[str, Any]:
    """The same models, as Open WebUI asks for them."""
    return {"models": [{"id": model.id, "name": model.id} for model in served.engines.models()]}


@router.get("/audio/voices")
async def list_audio_voices(
    served: Served,
    model: Annotated[str | None, Query(description="Only voices of this model.")] = None,
    legacy: Annotated[bool, Query(description="Names alone.")] = False,
) -> dict[str, Any]:
    """Every voice; of an unknown model there are none."""
    try:
        engine = served.engines.find(model).engine if model else None
        found, _ = await served.voices.list(engine=engine)
    except (NotFound, Unavailable):
        found = []
    voices = [record.voice for record in found]
    if legacy:
        return {"voices": [voice.name for voice in voices]}
    listed = [_voice(voice) for voice in voices]
    return {"object": "list", "voices": listed, "data": listed}


def _model(model: Model) -> dict[str, Any]:
    owner = f"polyvox-{model.engine}"
    return {"id": model.id, "object": "model", "created": _CREATED, "owned_by": owner}


def _voice(voice: Voice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "model": voice.engine,
        "description": voice.description,
        "aliases": voice.aliases,
    }

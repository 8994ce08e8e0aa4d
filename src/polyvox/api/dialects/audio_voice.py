"""The asynchronous audio service's reading routes: voices, presets and languages."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.pages import page, wants_page
from polyvox.api.voices import moment
from polyvox.domain.errors import NotFound
from polyvox.domain.voice import PRESET, VoiceRecord
from polyvox.services.presets import GENERIC

router = APIRouter(tags=["audio-voice"], route_class=DetailRoute, responses=DETAILS)
Id = Annotated[str, Path(max_length=200)]


class ListedVoice(BaseModel):
    id: str
    name: str
    language: str | None
    description: str
    tts_engine: str
    kind: str
    duration: float | None
    created_at: datetime | None
    expires_at: datetime | None


class VoicePage(BaseModel):
    voices: list[ListedVoice]
    total: int
    page: int
    page_size: int
    total_pages: int


@router.get("/voices", response_model=VoicePage)
async def list_voices(
    request: Request,
    served: Served,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
    language: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Voices that were made, a page at a time; in a browser, the page that shows them."""
    if wants_page(request):
        return page("voices.html")
    first = (number - 1) * page_size
    found, total = await served.voices.list(
        language=language, first=first, count=page_size, presets=False
    )
    listed = VoicePage(
        voices=[_listed(record) for record in found],
        total=total,
        page=number,
        page_size=page_size,
        total_pages=math.ceil(total / page_size),
    )
    return JSONResponse(listed.model_dump(mode="json"))


@router.get("/voices/{id}")
async def get_voice(id: Id, served: Served) -> ListedVoice:
    """One voice that was made."""
    record = await served.voices.get(id)
    if record.voice.kind == PRESET:
        raise NotFound(f"There is no voice '{id:.80}'.")
    return _listed(record)


@router.delete("/voices/{id}", status_code=204)
async def delete_voice(id: Id, served: Served) -> None:
    """Delete a voice that was made."""
    await get_voice(id, served)
    await served.voices.delete(id)


@router.get("/presets")
async def list_presets(served: Served) -> dict[str, Any]:
    """The eight generic voices."""
    engine = served.engines.default.engine
    voices = [await served.voices.find(name, engine) for name in GENERIC]
    return {
        "presets": [
            {"id": name, "name": name, "gender": voice.gender, "description": voice.description}
            for name, voice in zip(GENERIC, voices, strict=True)
        ]
    }


@router.get("/languages")
async def list_languages(served: Served) -> dict[str, Any]:
    """Codes of the languages that each engine speaks."""
    return {
        "languages": {name: list(served.engines.languages(name)) for name in served.engines.names}
    }


def _listed(record: VoiceRecord) -> ListedVoice:
    voice = record.voice
    return ListedVoice(
        id=voice.id,
        name=voice.name,
        language=voice.language,
        description=voice.description,
        tts_engine=voice.engine,
        kind=voice.kind,
        duration=record.seconds,
        created_at=moment(record.created_at),
        expires_at=moment(record.expires_at),
    )

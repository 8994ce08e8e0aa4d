"""Voices: who can speak."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.domain.voice import Voice

router = APIRouter(prefix="/voices", tags=["voices"], responses=REFUSALS)


class VoicePage(BaseModel):
    voices: list[Voice]
    total: int
    page: int
    page_size: int


@router.get("")
async def list_voices(
    served: Served,
    engine: Annotated[str | None, Query(description="Of this engine.")] = None,
    language: Annotated[str | None, Query(description="That speak this language.")] = None,
    kind: Annotated[str | None, Query(description="preset, cloned or designed.")] = None,
    text: Annotated[str | None, Query(description="In name, gender or description.")] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="From 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=1000, description="Voices on a page.")] = 100,
) -> VoicePage:
    """Voices, a page at a time."""
    found = served.voices.list(engine=engine, kind=kind, language=language, text=text)
    first = (page - 1) * page_size
    shown = found[first : first + page_size]
    return VoicePage(voices=shown, total=len(found), page=page, page_size=page_size)


@router.get("/{id}")
async def get_voice(id: Annotated[str, Path(max_length=200)], served: Served) -> Voice:
    """One voice."""
    return served.voices.get(id)

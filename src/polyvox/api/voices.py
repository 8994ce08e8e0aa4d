"""Voices: who can speak; renamed, heard, deleted and brought back. Making them is in `making`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Self
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.streaming import spoken
from polyvox.audio.encode import format_named
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import VoiceRecord
from polyvox.services.parcels import MEDIA_TYPE, SUFFIX
from polyvox.services.samples import sentence

router = APIRouter(prefix="/voices", tags=["voices"], responses=REFUSALS)
Id = Annotated[str, Path(max_length=200, description="A voice's id.")]


class VoiceAnswer(BaseModel):
    """A voice, and everything that is known of it."""

    id: str
    name: str
    engine: str
    kind: str = Field(description="preset, cloned, designed or blended.")
    gender: str | None
    language: str | None
    description: str
    aliases: tuple[str, ...] = Field(description="Other names it answers to.")
    likeness: str | None = Field(
        description="approximate: matches pitch, melody, tone colour and pace, and still sounds "
        "like a synthesizer. null: nothing needs saying."
    )
    created_at: datetime | None
    expires_at: datetime | None
    transcript: str | None
    consent: str | None
    seconds: float | None = Field(description="Of its recording.")
    origin: dict[str, Any] = Field(description="What it was made of.")

    @classmethod
    def of(cls, record: VoiceRecord) -> Self:
        voice = record.voice
        return cls(
            id=voice.id,
            name=voice.name,
            engine=voice.engine,
            kind=voice.kind,
            gender=voice.gender,
            language=voice.language,
            description=voice.description,
            aliases=voice.aliases,
            likeness=record.likeness,
            created_at=moment(record.created_at),
            expires_at=moment(record.expires_at),
            transcript=record.transcript,
            consent=record.consent,
            seconds=record.seconds,
            origin=dict(record.origin),
        )


class VoicePage(BaseModel):
    voices: list[VoiceAnswer]
    total: int
    page: int
    page_size: int


class Change(BaseModel):
    name: str | None = Field(None, description="A new name.")
    description: str | None = Field(None, max_length=1000)


@router.get("")
async def list_voices(
    served: Served,
    engine: Annotated[str | None, Query(description="Of this engine.")] = None,
    language: Annotated[str | None, Query(description="That speak this language.")] = None,
    kind: Annotated[str | None, Query(description="preset, cloned, designed or blended.")] = None,
    text: Annotated[
        str | None, Query(max_length=200, description="In name, gender or description.")
    ] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="From 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=1000, description="Voices on a page.")] = 100,
) -> VoicePage:
    """Voices, a page at a time: your own, the newest first, then presets."""
    found, total = await served.voices.list(
        engine=engine,
        kind=kind,
        language=language,
        text=text,
        first=(page - 1) * page_size,
        count=page_size,
    )
    shown = [VoiceAnswer.of(record) for record in found]
    return VoicePage(voices=shown, total=total, page=page, page_size=page_size)


@router.get("/{id}")
async def get_voice(id: Id, served: Served) -> VoiceAnswer:
    """One voice."""
    return VoiceAnswer.of(await served.voices.get(id))


@router.patch("/{id}")
async def change_voice(id: Id, change: Change, served: Served) -> VoiceAnswer:
    """Rename or describe a voice of your own."""
    changed = await served.voices.change(id, name=change.name, description=change.description)
    return VoiceAnswer.of(changed)


@router.delete("/{id}", status_code=204)
async def delete_voice(id: Id, served: Served) -> None:
    """Delete a voice of your own; `restore` undoes it for a while."""
    await served.voices.delete(id)


@router.post("/{id}/restore")
async def restore_voice(id: Id, served: Served) -> VoiceAnswer:
    """Bring a deleted voice back."""
    return VoiceAnswer.of(await served.voices.restore(id))


@router.get("/{id}/preview", response_class=Response)
async def preview_voice(
    id: Id,
    request: Request,
    served: Served,
    text: Annotated[str | None, Query(max_length=500, description="What it says.")] = None,
    language: Annotated[str | None, Query(max_length=64)] = None,
    response_format: str = "mp3",
) -> Response:
    """Hear a voice say a line."""
    record = await served.voices.get(id)
    tongue = language or record.voice.language
    asked = Utterance(text or sentence(tongue), voice=id, language=tongue or "auto")
    return await spoken(request, served, asked, format_named(response_format))


@router.get("/{id}/reference", response_class=Response)
async def get_reference(id: Id, served: Served) -> Response:
    """The recording that a cloned voice was made of: WAV, 24 kHz, mono."""
    link = await served.voices.reference_link(id)
    if link:
        return RedirectResponse(link)
    blob = await served.voices.reference(id)
    size = {"Content-Length": str(blob.size)}
    return StreamingResponse(blob.pieces, media_type="audio/wav", headers=size)


@router.get("/{id}/export", response_class=Response)
async def export_voice(id: Id, served: Served) -> Response:
    """The voice as one file, for `POST /v1/voices/import` of another server."""
    folder = TemporaryDirectory(prefix="polyvox-")
    try:
        target = File(folder.name) / "voice.zip"
        record = await served.parcels.pack(id, target)
    except BaseException:
        folder.cleanup()
        raise
    name = quote(f"{record.voice.name}{SUFFIX}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    gone = BackgroundTask(folder.cleanup)
    return FileResponse(target, media_type=MEDIA_TYPE, headers=headers, background=gone)


def moment(seconds: float | None) -> datetime | None:
    """A time as clients read it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

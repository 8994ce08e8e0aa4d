"""The web application's shape: clone, design, generate, and files below `/uploads`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.dialects.utter_tasks import Generated, Later, Started, generated
from polyvox.api.limits import Limits
from polyvox.api.streaming import spoken, unless_gone
from polyvox.api.uploads import uploaded
from polyvox.api.voices import moment
from polyvox.audio.encode import format_named
from polyvox.domain.blob import Blob
from polyvox.domain.speech import Utterance
from polyvox.services.enrolment import About
from polyvox.services.samples import sentence

router = APIRouter(tags=["utter"], route_class=DetailRoute, responses=DETAILS)
Id = Annotated[str, Path(max_length=200)]
_LONGEST_TEXT = 500


class MadeVoice(BaseModel):
    id: str
    name: str
    reference_url: str | None = Field(None, description="Of a cloned voice.")


class ListedVoice(BaseModel):
    id: str
    name: str
    created_at: datetime | None


class VoiceList(BaseModel):
    voices: list[ListedVoice]


class DesignRequest(BaseModel):
    name: str
    description: str
    language: str = Field("auto", max_length=64)
    text: str = Field("", max_length=_LONGEST_TEXT, description="What it says while it is made.")


class GenerateRequest(BaseModel):
    voice_id: str = Field(max_length=200)
    text: str = Field(min_length=1, description="Up to 500 characters, or as the settings say.")


@router.post("/api/clone")
async def clone(
    request: Request,
    served: Served,
    name: Annotated[str, Form()],
    audio: Annotated[UploadFile, File(description="10 s to 5 min, up to 50 MB.")],
    transcript: Annotated[str | None, Form(max_length=5000)] = None,
    consent: Annotated[str | None, Form()] = None,
) -> MadeVoice:
    """Clone whoever speaks in a recording."""
    about = About(name, transcript=transcript, consent=consent)
    async with uploaded(audio) as path:
        record = await unless_gone(request, served.enrolment.clone(path, about))
    id = record.voice.id
    return MadeVoice(id=id, name=record.voice.name, reference_url=f"/uploads/references/{id}.wav")


@router.post("/api/design")
async def design(asked: DesignRequest, request: Request, served: Served) -> MadeVoice:
    """Keep the voice that a description asks for."""
    about = About(asked.name, asked.description, asked.language)
    designing = served.enrolment.design(about, text=asked.text or None)
    record, _ = await unless_gone(request, designing)
    return MadeVoice(id=record.voice.id, name=record.voice.name)


@router.get("/api/voices")
async def list_voices(served: Served) -> VoiceList:
    """Voices that were made, the newest first."""
    found, _ = await served.voices.list(presets=False)
    return VoiceList(
        voices=[
            ListedVoice(
                id=record.voice.id, name=record.voice.name, created_at=moment(record.created_at)
            )
            for record in found
        ]
    )


@router.delete("/api/voices/{id}")
async def delete_voice(id: Id, served: Served) -> dict[str, bool]:
    """Delete a voice that was made."""
    await served.voices.delete(id)
    return {"success": True}


@router.get("/api/voices/{id}/preview", response_class=Response)
async def preview_voice(id: Id, request: Request, served: Served) -> Response:
    """Hear a voice."""
    record = await served.voices.get(id)
    asked = Utterance(sentence(record.voice.language), voice=id)
    return await spoken(request, served, asked, format_named("mp3"))


@router.post(
    "/api/generate",
    response_model=Generated,
    responses={202: {"model": Started, "description": "It takes longer."}},
)
async def generate(
    asked: GenerateRequest, request: Request, served: Served, later: Later = False
) -> Response:
    """Speak a text into an MP3 file, kept for a while."""
    limits: Limits = request.app.state.limits
    if len(asked.text) > limits.clip_characters:
        message = f"String should have at most {limits.clip_characters} characters"
        wrong = {"type": "string_too_long", "loc": ("body", "text"), "msg": message}
        raise RequestValidationError([wrong])
    said = {"text": asked.text, "voice": asked.voice_id}
    return await generated(request, served, said, later=later)


@router.get("/uploads/generated/{id}.mp3", response_class=Response)
async def get_generated(id: Id, served: Served) -> Response:
    """A generated clip."""
    link = await served.generations.link(id)
    return RedirectResponse(link) if link else _file(await served.generations.open(id), "mpeg")


@router.get("/uploads/references/{id}.wav", response_class=Response)
async def get_reference(id: Id, served: Served) -> Response:
    """The recording that a voice was cloned from."""
    link = await served.voices.reference_link(id)
    return RedirectResponse(link) if link else _file(await served.voices.reference(id), "wav")


def _file(blob: Blob, kind: str) -> Response:
    size = {"Content-Length": str(blob.size)}
    return StreamingResponse(blob.pieces, media_type=f"audio/{kind}", headers=size)

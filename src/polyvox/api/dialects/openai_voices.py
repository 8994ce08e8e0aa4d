"""OpenAI's custom voices and the recorded consents that go with them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from pydantic import BaseModel

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.streaming import unless_gone
from polyvox.api.uploads import uploaded
from polyvox.domain.voice import Consent
from polyvox.services.enrolment import About

router = APIRouter(tags=["openai"], responses=REFUSALS, prefix="/audio")
Id = Annotated[str, Path(max_length=200)]
_CONSENT = "cons_"


class Rename(BaseModel):
    name: str


@router.post("/voices")
async def make_voice(
    request: Request,
    served: Served,
    name: Annotated[str, Form()],
    audio_sample: Annotated[UploadFile, File(description="A recording to clone from.")],
    consent: Annotated[str | None, Form(description="Id of a consent, or a note.")] = None,
    ref_text: Annotated[str | None, Form(max_length=5000, description="What is said.")] = None,
    speaker_description: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    """Clone a voice."""
    if consent and consent.startswith(_CONSENT):
        await served.consents.get(consent)
    about = About(name, speaker_description, transcript=ref_text, consent=consent)
    async with uploaded(audio_sample) as path:
        record = await unless_gone(request, served.enrolment.clone(path, about))
    return {
        "object": "audio.voice",
        "id": record.voice.id,
        "name": record.voice.name,
        "created_at": int(record.created_at or 0),
    }


@router.delete("/voices/{name}")
async def delete_voice(name: Id, served: Served) -> dict[str, Any]:
    """Delete a voice that was made, by its name or id."""
    found = await served.voices.find(name, served.engines.default.engine, anywhere=True)
    await served.voices.delete(found.id)
    return {"object": "audio.voice", "id": found.id, "deleted": True, "success": True}


@router.post("/voice_consents")
async def make_consent(
    request: Request,
    served: Served,
    name: Annotated[str, Form()],
    recording: Annotated[UploadFile, File(description="The speaker saying so; up to 10 MiB.")],
    language: Annotated[str, Form(description="BCP 47 code.")],
) -> dict[str, Any]:
    """Keep somebody's recorded word that their voice may be cloned."""
    media_type = recording.content_type or "application/octet-stream"
    async with uploaded(recording) as path:
        adding = served.consents.add(name, language, path, media_type)
        return _consent(await unless_gone(request, adding))


@router.get("/voice_consents")
async def list_consents(
    served: Served,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(max_length=200, description="Id of the last seen.")] = None,
) -> dict[str, Any]:
    """Consents, the newest first."""
    found = await served.consents.list(limit + 1, after)
    data = [_consent(each) for each in found[:limit]]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(found) > limit,
    }


@router.get("/voice_consents/{id}")
async def get_consent(id: Id, served: Served) -> dict[str, Any]:
    """One consent."""
    return _consent(await served.consents.get(id))


@router.post("/voice_consents/{id}")
async def rename_consent(id: Id, change: Rename, served: Served) -> dict[str, Any]:
    """Give a consent another name."""
    return _consent(await served.consents.rename(id, change.name))


@router.delete("/voice_consents/{id}")
async def delete_consent(id: Id, served: Served) -> dict[str, Any]:
    """Remove a consent and its recording."""
    await served.consents.delete(id)
    return {"object": "audio.voice_consent", "id": id, "deleted": True}


def _consent(consent: Consent) -> dict[str, Any]:
    return {
        "object": "audio.voice_consent",
        "id": consent.id,
        "name": consent.name,
        "language": consent.language,
        "created_at": int(consent.created_at),
    }

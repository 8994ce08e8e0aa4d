"""The multi-lingual REST service's shape: `/generate` and `/speakers`, also under `/api/v1`."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.types import StringConstraints

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.streaming import speech_headers, unless_gone
from polyvox.api.uploads import at_url, from_base64
from polyvox.api.voices import moment
from polyvox.audio.encode import format_named
from polyvox.domain.audio import Recording
from polyvox.domain.engine import Model
from polyvox.domain.errors import InvalidInput, NotFound
from polyvox.domain.identity import is_id
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import Voice, VoiceRecord
from polyvox.services import Services
from polyvox.services.enrolment import About
from polyvox.services.styles import styled
from polyvox.services.synthesis import Speech

router = APIRouter(tags=["celestial"], route_class=DetailRoute, responses=DETAILS)

_SPEAKERS = ("Vivian", "Serena", "Uncle_Fu", "Dylan", "Eric", "Ryan", "Aiden", "Ono_Anna", "Sohee")
_RATE = 24000
_NONE_OF_ITS_OWN = (
    "The model has none of its own: name one that POST /speakers has made, by its id."
)
_CREATED = "2025-01-01T00:00:00Z"
"""Of the preset speakers; clients want a date of every one."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Provider(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model_id: str = Field(max_length=200)
    provider: str = Field("local", description="local; remote where one is configured.")


class GenerateRequest(Provider):
    text: Text | Annotated[list[Text], Field(min_length=1, max_length=32)]
    language: str = Field("auto", max_length=64)
    speaker: str = Field(max_length=200, description="A preset's name, or a stored one's id.")
    instruct: str | None = Field(
        None,
        max_length=4096,
        description="A style in words; 400 for a model of Qwen3-TTS that follows none.",
    )
    top_k: int | None = None
    top_p: float | None = Field(None, allow_inf_nan=False)
    temperature: float | None = Field(None, allow_inf_nan=False)
    repetition_penalty: float | None = Field(None, allow_inf_nan=False)
    max_new_tokens: int | None = None


class SpeakerRequest(Provider):
    name: str
    text: str = Field(max_length=5000, description="What is said in the audio, or what to say.")
    audio: str | None = Field(None, description="Base64, or an http(s) URL: clones.")
    instruct: str | None = Field(None, description="The voice in words: designs.")
    language: str = Field("auto", max_length=64)


class SpeakerDeletion(Provider):
    speaker_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$")]


class Speaker(BaseModel):
    id: str
    name: str
    created_at: datetime | str


class Speakers(BaseModel):
    status: str = "ok"
    speakers: list[Speaker]


class MadeSpeaker(Speaker):
    status: str = "ok"
    speaker: Speaker


@router.post("/generate")
async def generate(asked: GenerateRequest, request: Request, served: Served) -> JSONResponse:
    """Speak one text or several; each comes back as a WAV file in base64."""
    model = _model(served, asked)
    voice = await _voice(served, model, asked.speaker)
    texts = [asked.text] if isinstance(asked.text, str) else asked.text
    try:
        language = served.engines.language(model.engine, asked.language)
    except InvalidInput as error:
        raise InvalidInput(f"Unsupported language {asked.language!r:.80}") from error
    known = {each.name for each in fields(served.engines.synthesizer(model.engine).Options)}
    sampling = asked.model_dump(
        include={"top_k", "top_p", "temperature", "repetition_penalty", "max_new_tokens"},
        exclude_none=True,
    )
    options = {name: value for name, value in sampling.items() if name in known}
    style = asked.instruct if any(map(str.isalnum, asked.instruct or "")) else None
    speaking = styled(served.engines, model, voice) if style else model.id
    how: dict[str, Any] = {"instructions": style, "options": options}
    said = [Utterance(text, voice.id, speaking, language, **how) for text in texts]
    spoken = await unless_gone(request, _all_spoken(served, said))
    wavs = [base64.b64encode(recording.data).decode() for _, recording in spoken]
    answer = {"status": "ok", "audio": wavs[0], "wavs": wavs, "sampling_rate": _RATE}
    return JSONResponse(answer, headers=speech_headers(spoken[0][0]))


@router.get("/speakers")
async def list_speakers(
    served: Served, model_id: Annotated[str | None, Query(max_length=200)] = None
) -> Speakers:
    """The nine presets, or the speakers that were made."""
    if model_id and model_id.endswith("preset"):
        return Speakers(
            speakers=[Speaker(id=name, name=name, created_at=_CREATED) for name in _SPEAKERS]
        )
    engine = _known(served, model_id).engine if model_id else None
    found, _ = await served.voices.list(engine=engine, presets=False)
    return Speakers(speakers=[_speaker(record) for record in found])


@router.post("/speakers")
async def make_speaker(asked: SpeakerRequest, request: Request, served: Served) -> MadeSpeaker:
    """Clone a speaker from audio, or design one from words."""
    if asked.model_id.endswith("preset"):
        raise InvalidInput(f"Model {asked.model_id!r} does not support custom speakers")
    model = _model(served, asked)
    about = About(
        asked.name,
        asked.instruct or "",
        asked.language,
        transcript=asked.text.strip() or None if asked.audio else None,
    )
    if asked.audio is None:
        if not (asked.instruct or "").strip():
            raise InvalidInput("Send `audio` to clone a speaker, or `instruct` to design one.")
        designing = served.enrolment.design(
            about, model.engine, text=asked.text, model=_sized(model)
        )
        record, _ = await unless_gone(request, designing)
    else:
        remote = asked.audio.startswith(("http://", "https://"))
        source = at_url(request, asked.audio) if remote else from_base64(request, asked.audio)
        async with source as path:
            cloning = served.enrolment.clone(path, about, model.engine, _sized(model))
            record = await unless_gone(request, cloning)
    speaker = _speaker(record)
    return MadeSpeaker(**speaker.model_dump(), speaker=speaker)


@router.delete("/speakers")
async def delete_speaker(asked: SpeakerDeletion, served: Served) -> dict[str, str]:
    """Delete a speaker that was made."""
    _model(served, asked)
    try:
        await served.voices.delete(asked.speaker_id.lower())
    except NotFound as error:
        raise NotFound(f"Speaker {asked.speaker_id} not found") from error
    return {"status": "ok", "message": "Speaker deleted successfully"}


def _model(served: Services, asked: Provider) -> Model:
    if asked.provider not in ("local", "remote"):
        raise InvalidInput("provider is local or remote.")
    if asked.provider == "remote":
        raise InvalidInput("No remote provider is configured here.")
    return _known(served, asked.model_id)


def _known(served: Services, model_id: str) -> Model:
    try:
        return served.engines.find(model_id)
    except NotFound as error:
        raise InvalidInput(f"Unknown model {model_id!r:.80}. {error.message}") from error


def _sized(model: Model) -> str | None:
    """The model that makes a speaker; None, where a name without a size leaves it open."""
    return None if model.alias_of else model.id


async def _voice(served: Services, model: Model, speaker: str) -> Voice:
    try:
        return await served.voices.find(speaker, model.engine)
    except NotFound as error:
        if is_id(speaker):
            raise NotFound(f"Speaker {speaker} not found") from error
        own = _own_speakers(served, model)
        advice = f"Supported: {', '.join(own)}." if own else _NONE_OF_ITS_OWN
        raise InvalidInput(f"Unsupported speaker {speaker!r:.80}. {advice}") from error


def _own_speakers(served: Services, model: Model) -> Sequence[str]:
    """Those that a request to the model can name without having made one."""
    if model.stands_in:
        return _SPEAKERS
    sized = model.alias_of is None
    if sized and not served.engines.is_able(model, "presets"):
        return ()
    return [each.name for each in served.engines.synthesizer(model.engine).speakers]


async def _all_spoken(
    served: Services, said: Sequence[Utterance]
) -> list[tuple[Speech, Recording]]:
    """Each utterance, spoken; where one fails, the others stop. The first waits in the queue for
    all of them."""
    first = await _begun(served, said[0], promised=False)
    tasks = [
        asyncio.ensure_future(_ended(first)),
        *(asyncio.ensure_future(_spoken(served, each)) for each in said[1:]),
    ]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _begun(served: Services, said: Utterance, *, promised: bool) -> Speech:
    wav = format_named("wav")
    return await served.synthesis.speak(said, wav, _RATE, whole=True, promised=promised)


async def _ended(speech: Speech) -> tuple[Speech, Recording]:
    return speech, await speech.collect()


async def _spoken(served: Services, said: Utterance) -> tuple[Speech, Recording]:
    return await _ended(await _begun(served, said, promised=True))


def _speaker(record: VoiceRecord) -> Speaker:
    created = moment(record.created_at) or datetime.fromtimestamp(0, UTC)
    return Speaker(id=record.voice.id, name=record.voice.name, created_at=created)

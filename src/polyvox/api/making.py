"""Making voices: from a recording, from words, from other voices, from a file."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.streaming import unless_gone
from polyvox.api.uploads import recording, uploaded
from polyvox.api.voices import VoiceAnswer
from polyvox.audio.encode import format_named
from polyvox.audio.reference import peaks
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import Design
from polyvox.services.enrolment import (
    KEPT_RATE,
    LONGEST_DESCRIPTION,
    MOST_BLENDED,
    About,
)
from polyvox.services.samples import sentence

router = APIRouter(prefix="/voices", tags=["voices"], responses=REFUSALS)

_POINTS = 400
Audio = Annotated[
    UploadFile | None,
    File(description="A recording: wav, mp3, m4a, ogg, flac, webm and others; 10 s to 5 min."),
]
Address = Annotated[str | None, Form(description="http(s) address of a recording instead.")]


class Advice(BaseModel):
    code: str
    message: str
    severity: str = Field(description="note or warn.")


class Hearing(BaseModel):
    """What is in a recording."""

    seconds: float = Field(description="Left after trimming, with long pauses shortened.")
    measures: dict[str, Any]
    advice: list[Advice]
    trimmed: tuple[float, float] = Field(
        description="Seconds taken away before and after the speech."
    )
    peaks: list[float] = Field(
        description="The waveform of what is left: loudest sample of equal parts, 0 to 1."
    )


class Trait(BaseModel):
    """Words of a description that were understood."""

    words: str
    first: int = Field(description="Index of their first character.")
    last: int = Field(description="Index after their last character.")
    about: str
    meaning: str


class DesignRequest(BaseModel):
    description: str = Field(
        "", description="The voice, in words.", examples=["a calm old man with a deep voice"]
    )
    language: str | None = Field(None, max_length=64, description="Of `text`.")
    engine: str | None = Field(None, max_length=64)
    settings: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        {}, max_length=32, description="Values that win over the words; see /v1/engines."
    )
    text: str | None = Field(None, max_length=500, description="What it says.")


class PreviewRequest(DesignRequest):
    speak: bool = Field(True, description="false only says what is understood.")
    response_format: str = "mp3"


class KeepRequest(DesignRequest):
    name: str
    ttl: float | None = Field(None, gt=0, description="Seconds the voice is kept.")


class Understood(BaseModel):
    understood: list[Trait]
    ignored: list[str] = Field(description="Words that nothing was made of.")
    settings: dict[str, float] = Field(description="What came out.")
    gender: str | None
    neutral: bool = Field(description="Nothing was understood: it is the neutral voice.")


class Preview(Understood):
    audio: str | None = Field(None, description="Base64.")
    media_type: str | None = None
    duration: float | None = Field(None, description="Seconds.")


class DesignedVoice(VoiceAnswer):
    understood: list[Trait]
    ignored: list[str]


class Share(BaseModel):
    voice: str = Field(max_length=200, description="Name or id.")
    weight: float = Field(1.0, ge=0, le=1e6, allow_inf_nan=False)


class BlendRequest(BaseModel):
    name: str
    voices: list[Share] = Field(min_length=2, max_length=MOST_BLENDED)
    description: str = Field("", max_length=LONGEST_DESCRIPTION)
    ttl: float | None = Field(None, gt=0, description="Seconds the voice is kept.")


@router.post("", status_code=201)
async def clone_voice(
    request: Request,
    served: Served,
    name: Annotated[str, Form()],
    audio: Audio = None,
    audio_url: Address = None,
    ref_text: Annotated[str | None, Form(max_length=5000, description="What is said.")] = None,
    language: Annotated[str | None, Form(max_length=64, description="Of what is said.")] = None,
    engine: Annotated[str | None, Form(max_length=64)] = None,
    description: Annotated[str, Form()] = "",
    gender: Annotated[str | None, Form(pattern="^(female|male|neutral)$")] = None,
    consent: Annotated[str | None, Form(description="That the speaker agrees.")] = None,
    ttl: Annotated[float | None, Form(description="Seconds the voice is kept.")] = None,
) -> VoiceAnswer:
    """Clone whoever speaks in a recording."""
    about = About(name, description, language, gender, ref_text, consent, ttl)
    async with recording(request, audio, audio_url) as path:
        record = await unless_gone(request, served.enrolment.clone(path, about, engine))
    return VoiceAnswer.of(record)


@router.post("/check")
async def check_recording(
    request: Request, served: Served, audio: Audio = None, audio_url: Address = None
) -> Hearing:
    """Measure a recording, and keep nothing."""
    async with recording(request, audio, audio_url) as path:
        heard = await unless_gone(request, served.enrolment.listen(path))
    return Hearing(
        seconds=len(heard.samples) / KEPT_RATE,
        measures=asdict(heard.measures),
        advice=[Advice(**asdict(each)) for each in heard.advice],
        trimmed=heard.trimmed,
        peaks=[round(float(peak), 4) for peak in peaks(heard.samples, _POINTS)],
    )


@router.post("/design/preview")
async def preview_design(asked: PreviewRequest, request: Request, served: Served) -> Preview:
    """Hear the voice that a description asks for, and what was understood; nothing is kept."""
    imagining = served.enrolment.imagine(
        asked.description,
        language=asked.language,
        engine=asked.engine,
        settings=asked.settings,
        text=asked.text,
    )
    voice, design = await unless_gone(request, imagining)
    preview = Preview(**_understood(design).model_dump())
    if asked.speak:
        fmt = format_named(asked.response_format)
        model = voice.model or served.engines.model_of(voice.engine).id
        text = asked.text or sentence(asked.language)
        said = Utterance(text, model=model, language=asked.language or "auto")
        speech = await unless_gone(request, served.synthesis.speak(said, fmt, voice=voice))
        clip = await unless_gone(request, speech.collect())
        preview.audio = base64.b64encode(clip.data).decode()
        preview.media_type, preview.duration = fmt.media_type, round(clip.duration, 3)
    return preview


@router.post("/design", status_code=201)
async def design_voice(asked: KeepRequest, request: Request, served: Served) -> DesignedVoice:
    """Keep the voice that a description asks for."""
    about = About(asked.name, asked.description, asked.language, lifetime=asked.ttl)
    designing = served.enrolment.design(about, asked.engine, asked.settings, asked.text)
    record, design = await unless_gone(request, designing)
    answer, said = VoiceAnswer.of(record), _understood(design)
    return DesignedVoice(**answer.model_dump(), understood=said.understood, ignored=said.ignored)


@router.post("/blend", status_code=201)
async def blend_voices(asked: BlendRequest, request: Request, served: Served) -> VoiceAnswer:
    """Keep a voice between others of one engine."""
    about = About(asked.name, asked.description, lifetime=asked.ttl)
    parts = [(share.voice, share.weight) for share in asked.voices]
    return VoiceAnswer.of(await unless_gone(request, served.enrolment.blend(about, parts)))


@router.post("/import", status_code=201)
async def import_voice(
    request: Request,
    served: Served,
    file: Annotated[UploadFile, File(description="What `export` gave.")],
    name: Annotated[str | None, Form(description="Another name for it.")] = None,
) -> VoiceAnswer:
    """Keep a voice that another server exported."""
    async with uploaded(file) as path:
        return VoiceAnswer.of(await unless_gone(request, served.parcels.unpack(path, name)))


def _understood(design: Design) -> Understood:
    return Understood(
        understood=[Trait(**asdict(trait)) for trait in design.understood],
        ignored=list(design.ignored),
        settings=dict(design.settings),
        gender=design.gender,
        neutral=not design.understood,
    )

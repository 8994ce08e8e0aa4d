"""Text in, speech out: `POST /v1/audio/speech`, as OpenAI's clients send it and more."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.streaming import (
    StreamedSpeech,
    as_bytes,
    as_events,
    speech_headers,
    unless_gone,
)
from polyvox.audio.encode import FORMATS, format_named
from polyvox.domain.speech import Utterance
from polyvox.services.captions import MEDIA_TYPES, captions
from polyvox.services.plan import FASTEST, HIGHEST, LOWEST, SLOWEST
from polyvox.services.synthesis import Speech

router = APIRouter(tags=["speech"], responses=REFUSALS)


class VoiceId(BaseModel):
    id: str = Field(max_length=200)


class Manner(BaseModel):
    """How to speak; unknown fields are ignored, as existing clients send many."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: str | None = Field(
        None, max_length=200, description="Model id; see /v1/models.", examples=["espeak"]
    )
    voice: Annotated[str, Field(max_length=200)] | VoiceId | None = Field(
        None, description="Name or id of a voice; see /v1/voices.", examples=["nova"]
    )
    instructions: str | None = Field(
        None, max_length=4096, description="A style in words, where the engine takes one."
    )
    response_format: str = Field(
        "mp3", description="How the audio is encoded.", json_schema_extra={"enum": list(FORMATS)}
    )
    speed: float = Field(
        1.0, ge=SLOWEST, le=FASTEST, allow_inf_nan=False, description="2 is twice as fast."
    )
    language: str = Field(
        "auto",
        max_length=64,
        description="Code or English name; auto finds it out.",
        examples=["auto", "de"],
        validation_alias=AliasChoices("language", "lang_code"),
    )
    seed: int | None = Field(None, ge=0, le=2**31 - 1, description="Same seed, same speech.")
    options: dict[str, Any] = Field({}, description="The engine's own; see /v1/engines.")
    profile: str | None = Field(
        None, max_length=200, description="Id or name of a quality profile; see /v1/profiles."
    )
    sample_rate: int | None = Field(None, ge=1, le=1_000_000, description="Hertz.")
    normalize: bool = Field(True, description="Tidy the text before it is spoken.")

    def utterance(self, text: str) -> Utterance:
        return Utterance(
            text=text,
            voice=self.voice.id if isinstance(self.voice, VoiceId) else self.voice,
            model=self.model,
            language=self.language,
            speed=self.speed,
            instructions=self.instructions,
            seed=self.seed,
            options=self.options,
            normalize=self.normalize,
            profile=self.profile,
        )


class SpeechRequest(Manner):
    input: str = Field(description="The text.", examples=["Hello from Polyvox."])
    stream_format: Literal["audio", "sse"] | None = Field(
        None, description="audio: raw bytes; sse: server-sent events."
    )
    stream: bool | None = Field(
        None, description="false waits for the whole clip: exact sizes and X-Audio-Duration."
    )
    pitch: float = Field(
        1.0,
        ge=LOWEST,
        le=HIGHEST,
        allow_inf_nan=False,
        description="2 is an octave higher, at the same pace; a field of our own.",
    )
    timestamps: bool = Field(
        False, description="Words with times: in the events, or in a JSON answer with the audio."
    )


class CaptionRequest(Manner):
    input: str = Field(description="The text.", examples=["Hello from Polyvox."])
    captions_format: Literal["srt", "vtt", "json"] = Field(
        "srt", description="json: words with times and places, and cues."
    )


_AUDIO = {
    200: {
        "description": "Audio, streamed; or events; or JSON with `timestamps`.",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in ("audio/mpeg", "audio/ogg", "audio/aac", "audio/flac", "audio/wav")
        }
        | {"audio/pcm": {}, "audio/basic": {}, "text/event-stream": {}, "application/json": {}},
    }
}


@router.post("/audio/speech", response_class=Response, responses=_AUDIO)  # type: ignore[arg-type]
async def speak(asked: SpeechRequest, request: Request, served: Served) -> Response:
    """Speak a text. The answer begins when the first sound is encoded."""
    fmt = format_named(asked.response_format)
    events_wanted = asked.stream_format == "sse"
    whole = not events_wanted and (asked.timestamps or asked.stream is False)
    said = replace(asked.utterance(asked.input), pitch=asked.pitch)
    speaking = served.synthesis.speak(said, fmt, asked.sample_rate, whole=whole)
    speech = await unless_gone(request, speaking)
    stall: float = request.app.state.limits.stall_seconds
    if events_wanted:
        events = as_events(speech, with_words=asked.timestamps)
        return StreamedSpeech(speech, events, "text/event-stream", stall)
    if asked.timestamps:
        timed = await unless_gone(request, _with_times(speech))
        return JSONResponse(timed, headers=speech_headers(speech))
    if speech.cached or asked.stream is False:
        recording = await unless_gone(request, speech.collect())
        return Response(recording.data, 200, speech_headers(speech), fmt.media_type)
    return StreamedSpeech(speech, as_bytes(speech), fmt.media_type, stall)


@router.post(
    "/audio/captions",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA_TYPES.values()}}},
)
async def caption(asked: CaptionRequest, request: Request, served: Served) -> Response:
    """What would be said when: captions for a text that `/v1/audio/speech` speaks."""
    fmt = format_named(asked.response_format)
    speaking = served.synthesis.speak(asked.utterance(asked.input), fmt, asked.sample_rate)
    speech = await unless_gone(request, speaking)
    recording = await unless_gone(request, speech.collect())
    written = captions(recording.words, asked.input, asked.captions_format)
    if isinstance(written, str):
        media_type = MEDIA_TYPES[asked.captions_format]
        return PlainTextResponse(written, media_type=media_type, headers=speech_headers(speech))
    return JSONResponse(written, headers=speech_headers(speech))


async def _with_times(speech: Speech) -> dict[str, Any]:
    recording = await speech.collect()
    return {
        "audio": base64.b64encode(recording.data).decode(),
        "media_type": speech.format.media_type,
        "format": speech.format.name,
        "sample_rate": speech.sample_rate,
        "duration": round(recording.duration, 3),
        "words": [asdict(word) for word in recording.words],
    }

"""How the voice-clone gateway speaks and clones; its nodes are in `gateway_nodes`, its live updates
in `gateway_live`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.dialects.gateway_batch import BatchAnswer, results
from polyvox.api.streaming import Streamed, spoken, unless_gone
from polyvox.api.uploads import uploaded
from polyvox.audio.encode import FORMATS, format_named
from polyvox.domain.errors import Conflict, NotFound
from polyvox.domain.identity import is_id
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import Voice
from polyvox.services import Services
from polyvox.services.enrolment import About
from polyvox.services.plan import HIGHEST, LOWEST

router = APIRouter(
    prefix="/api", tags=["voice-clone gateway"], route_class=DetailRoute, responses=DETAILS
)
LONGEST = 5000
"""Characters of a text."""
_USUAL = 4096
"""Characters that the settings allow at first; who lowers that lowers `LONGEST` too."""
Id = Annotated[str, Field(min_length=1, max_length=200, description="Id or name of a voice.")]
Engine = Annotated[
    str | None, Field(max_length=100, description="The voice must be one of its; or left out.")
]
Language = Annotated[str, Field(max_length=64, description="Code or English name; or auto.")]


class SynthesizeRequest(BaseModel):
    text: str = Field(min_length=1, max_length=LONGEST)
    voice_id: Id
    engine: Engine = None
    language: Language = "zh"
    output_format: str = Field("wav", json_schema_extra={"enum": list(FORMATS)})
    speed: float = Field(1.0, ge=0.5, le=2, allow_inf_nan=False)
    pitch: float = Field(
        1.0, ge=LOWEST, le=HIGHEST, allow_inf_nan=False, description="2 is an octave higher."
    )


class BatchRequest(BaseModel):
    texts: list[str] = Field(min_length=1, max_length=100, description="Each as above.")
    voice_id: Id
    engine: Engine = None
    language: Language = "zh"


class ExtractedVoice(BaseModel):
    success: bool = True
    message: str
    voice_id: str
    voice_name: str
    engine: str


_AUDIO = {
    200: {
        "description": "Audio, streamed; X-Engine says who speaks, X-Node-Id which node does.",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in sorted({fmt.media_type for fmt in FORMATS.values()})
        },
    }
}


@router.post("/synthesize", response_class=Response, responses=_AUDIO)  # type: ignore[arg-type]
async def synthesize(asked: SynthesizeRequest, request: Request, served: Served) -> Response:
    """Speak a text. The answer begins with the first sound; it names the node that speaks it,
    where one does."""
    fmt = format_named(asked.output_format)
    voice = await _voice(served, asked.voice_id, asked.engine)
    said = Utterance(
        asked.text, voice.id, language=asked.language, speed=asked.speed, pitch=asked.pitch
    )
    return await spoken(request, served, said, fmt, longest=_longest(served))


@router.post("/batch_synthesize", responses={200: {"model": BatchAnswer}}, response_class=Response)
async def batch_synthesize(asked: BatchRequest, request: Request, served: Served) -> Response:
    """Speak up to 100 texts, as many at once as there is room for; each fails alone. `success`
    says that none did. Results come in the order of the texts, each when it is spoken."""
    voice = await _voice(served, asked.voice_id, asked.engine)
    language = served.engines.language(voice.engine, asked.language)
    said = [Utterance(text, voice.id, language=language) for text in asked.texts]
    model = served.engines.find(voice.model or served.engines.model_of(voice.engine).id)
    at_once = served.synthesis.capacity(model.loaded)
    pieces = await unless_gone(request, results(served, said, at_once, _longest(served)))
    stall: float = request.app.state.limits.stall_seconds
    return Streamed(pieces, "application/json", stall)


@router.post("/extract_voice")
async def extract_voice(
    request: Request,
    served: Served,
    audio: Annotated[UploadFile, File(description="10 s to 5 min, up to 50 MB.")],
    voice_name: Annotated[str, Form(max_length=200)],
    voice_id: Annotated[
        str | None,
        Form(max_length=200, description="By what it is asked for; 409 where there is one."),
    ] = None,
    engine: Annotated[str | None, Form(max_length=100)] = None,
    transcript: Annotated[str | None, Form(max_length=5000)] = None,
    consent: Annotated[str | None, Form()] = None,
) -> ExtractedVoice:
    """Clone whoever speaks in a recording. A `voice_id` that is no UUID is kept as the voice's
    name, and `voice_name` as its description."""
    id = voice_id.lower() if voice_id and is_id(voice_id) else None
    if id and await _is_taken(served, id):
        raise Conflict(f"There is already a voice '{id}'.", param="voice_id")
    named = voice_id if voice_id and not id else voice_name
    described = voice_name if named is not voice_name else ""
    about = About(named, described, transcript=transcript, consent=consent)
    async with uploaded(audio) as path:
        cloning = served.enrolment.clone(path, about, engine or None, id=id)
        record = await unless_gone(request, cloning)
    return ExtractedVoice(
        message="The voice is kept.",
        voice_id=id or voice_id or record.voice.id,
        voice_name=voice_name,
        engine=record.voice.engine,
    )


async def _voice(served: Services, id: str, engine: str | None) -> Voice:
    """The voice of that id or name, of any engine unless one is asked for. Raises NotFound."""
    if engine:
        served.engines.synthesizer(engine)
    asked = engine or served.engines.default.engine
    return await served.voices.find(id, asked, anywhere=not engine)


async def _is_taken(served: Services, id: str) -> bool:
    try:
        await served.voices.get(id)
    except NotFound:
        return False
    return True


def _longest(served: Services) -> int:
    most = served.synthesis.max_characters
    return max(most, LONGEST) if most >= _USUAL else most

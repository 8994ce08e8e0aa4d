"""The asynchronous audio service's jobs: texts that are spoken into files, and voices that are
cloned, while the client asks how far they are."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from polyvox.api.access import Served
from polyvox.api.bodies import checked, described, fields
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.streaming import unless_gone
from polyvox.api.uploads import uploaded
from polyvox.api.voices import moment
from polyvox.audio.encode import format_named
from polyvox.domain.blob import Blob
from polyvox.domain.errors import InvalidInput
from polyvox.domain.job import COMPLETED, FAILED, QUEUED, RUNNING, STATUSES, Job
from polyvox.services import Services
from polyvox.services.cloning import RECORDING, Cloning
from polyvox.services.enrolment import About
from polyvox.services.presets import GENERIC

router = APIRouter(tags=["audio-voice"], route_class=DetailRoute, responses=DETAILS)
Id = Annotated[str, Path(max_length=200)]
_LONGEST_TEXT = 10_000
_DUBBING = ("dubbing", "dubbing_with_clone")
_STATUSES = {QUEUED: "queued", RUNNING: "processing"}
_FILES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "opus": "audio/ogg",
}
"""Media types of what can be downloaded; both ogg and opus are Opus in Ogg."""
FileFormat = Literal["wav", "mp3", "ogg", "flac", "m4a", "opus"]


class JobIn(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str = Field(min_length=1, max_length=_LONGEST_TEXT)
    engine: str | None = Field(
        None, max_length=200, validation_alias=AliasChoices("engine", "tts_engine")
    )
    mode: Literal["preset", "voice", "dubbing", "dubbing_with_clone"] | None = None
    preset: str | None = Field(None, max_length=200)
    voice_id: str | None = Field(None, max_length=200)
    source_language: str | None = Field(
        None, max_length=64, validation_alias=AliasChoices("source_language", "language")
    )
    quality_profile: str | None = Field(
        None,
        max_length=200,
        validation_alias=AliasChoices("quality_profile", "quality_profile_id"),
    )

    def asked(self, served: Services) -> dict[str, Any]:
        """The request as jobs take it. Raises InvalidInput or NotFound."""
        mode = self.mode or ("voice" if self.voice_id else "preset")
        if mode in _DUBBING:
            raise InvalidInput(
                "Dubbing is not done here; send the text that is to be spoken, with mode preset "
                "or voice.",
                param="mode",
            )
        if mode == "voice" and not self.voice_id:
            raise InvalidInput("Name a voice in voice_id.", param="voice_id")
        model = None
        if self.engine:
            own = self.engine in served.engines.names
            found = served.engines.model_of if own else served.engines.find
            model = found(self.engine).id
        said = {
            "text": self.text,
            "model": model,
            "voice": self.voice_id if mode == "voice" else self.preset or GENERIC[0],
            "language": self.source_language,
            "profile": self.quality_profile,
            "format": "mp3",
            "mode": mode,
        }
        return {name: value for name, value in said.items() if value}


class JobOut(BaseModel):
    id: str
    status: str = Field(description="queued, processing, completed, failed or cancelled.")
    progress: float = Field(description="0 to 100.")
    text: str
    engine: str
    tts_engine_used: str | None
    engine_fallback: bool
    fallback_reason: str | None
    mode: str
    preset: str | None
    voice_id: str | None
    output_file: str | None
    audio_url: str | None
    duration: float | None
    error_message: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        asked, result, done = job.asked, job.result, job.status == COMPLETED
        narrated = done and job.kind == "narration"
        about = asked.get("about") or {}
        mode = asked.get("mode") or ("clone" if job.kind == "cloning" else "preset")
        made = asked.get("voice") if mode == "voice" else asked.get("voice_id")
        return cls(
            id=job.id,
            status=_STATUSES.get(job.status, job.status),
            progress=round(100 * job.progress, 1),
            text=str(asked.get("text") or about.get("name") or ""),
            engine=job.engine,
            tts_engine_used=result.get("engine"),
            engine_fallback=bool(result.get("fallback_reason")),
            fallback_reason=result.get("fallback_reason"),
            mode=mode,
            preset=asked.get("voice") if mode == "preset" else None,
            voice_id=made,
            output_file=f"{job.id}.{result.get('format')}" if narrated else None,
            audio_url=f"/jobs/{job.id}/download" if narrated else None,
            duration=result.get("seconds"),
            error_message=job.error if job.status == FAILED else None,
            created_at=moment(job.created_at),
            started_at=moment(job.started_at),
            completed_at=moment(job.ended_at),
        )


class JobsOut(BaseModel):
    jobs: list[JobOut]
    total: int
    page: int
    page_size: int
    total_pages: int


class FormatOut(BaseModel):
    format: str
    media_type: str
    url: str


class FormatsOut(BaseModel):
    job_id: str
    formats: list[FormatOut]


class CloneOut(BaseModel):
    job_id: str
    status: str
    message: str


_SCHEMA = JobIn.model_json_schema()
_BODIES = described(("application/json", _SCHEMA), ("application/x-www-form-urlencoded", _SCHEMA))


@router.post("/jobs", status_code=202, openapi_extra=_BODIES)
async def create_job(request: Request, served: Served) -> JobOut:
    """Speak a text as a job; the body is JSON or a form."""
    asked = checked(JobIn, await fields(request)).asked(served)
    job, _ = await served.jobs.submit("narration", asked)
    return JobOut.of(job)


@router.get("/jobs")
async def list_jobs(
    served: Served,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
    status: Annotated[
        Literal["queued", "processing", "completed", "failed", "cancelled"] | None, Query()
    ] = None,
    mode: Annotated[Literal["preset", "voice"] | None, Query()] = None,
) -> JobsOut:
    """Jobs, the newest first."""
    wanted = [each for each in STATUSES if _STATUSES.get(each, each) == status]
    jobs, total = await served.jobs.list(
        statuses=wanted,
        kinds=("narration", "cloning"),
        asked={"mode": mode} if mode else None,
        first=(number - 1) * page_size,
        count=page_size,
    )
    return JobsOut(
        jobs=[JobOut.of(job) for job in jobs],
        total=total,
        page=number,
        page_size=page_size,
        total_pages=math.ceil(total / page_size),
    )


@router.get("/jobs/{id}")
async def get_job(id: Id, served: Served) -> JobOut:
    """How a job is doing."""
    job = await served.jobs.get(id)
    return JobOut.of(replace(job, asked=await served.jobs.asked(job)))


@router.get("/jobs/{id}/formats")
async def list_formats(id: Id, served: Served) -> FormatsOut:
    """What the result can be downloaded as."""
    await served.jobs.get(id)
    formats = [
        FormatOut(format=name, media_type=kind, url=f"/jobs/{id}/download?format={name}")
        for name, kind in _FILES.items()
    ]
    return FormatsOut(job_id=id, formats=formats)


@router.get("/jobs/{id}/download", response_class=Response)
async def download_job(id: Id, served: Served, format: FileFormat = "mp3") -> Response:
    """The result as a file."""
    blob = await _result(served, id, format)
    headers = {
        "Content-Length": str(blob.size),
        "Content-Disposition": f'attachment; filename="{id}.{format}"',
    }
    return StreamingResponse(blob.pieces, 200, headers, _FILES[format])


@router.delete("/jobs/{id}", status_code=204)
async def delete_job(id: Id, served: Served) -> None:
    """Remove a job and its files; one that runs is cancelled."""
    await served.jobs.delete(id)


@router.post("/voices/clone", status_code=202)
async def clone_voice(
    request: Request,
    served: Served,
    file: Annotated[UploadFile, File(description="10 s to 5 min, up to 50 MB.")],
    name: Annotated[str, Form()],
    language: Annotated[str | None, Form(max_length=64)] = None,
    description: Annotated[str, Form()] = "",
    ref_text: Annotated[str | None, Form(max_length=5000)] = None,
    consent: Annotated[str | None, Form()] = None,
    engine: Annotated[str | None, Form(max_length=64)] = None,
) -> CloneOut:
    """Clone whoever speaks in a recording, as a job. What is wrong with it is said at once."""
    about = About(name, description, language, transcript=ref_text, consent=consent)
    async with uploaded(file) as path:
        await unless_gone(request, served.enrolment.listen(path))
        asked = Cloning.asking(about, engine)
        job, _ = await served.jobs.submit(Cloning.kind, asked, files={RECORDING: path})
    status = _STATUSES.get(job.status, job.status)
    return CloneOut(job_id=job.id, status=status, message=f"The voice '{name}' is being made.")


async def _result(served: Services, id: str, name: str) -> Blob:
    if name == "m4a":
        return await served.tracks.open(id)
    blob, _ = await served.jobs.audio(id, format_named("opus" if name == "ogg" else name).name)
    return blob

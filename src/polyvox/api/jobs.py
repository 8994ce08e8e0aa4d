"""Long work: narrations that outlive their request, with progress, results and captions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.job_shapes import JobAnswer, JobPage, SegmentAnswer, shown
from polyvox.api.limits import Limits
from polyvox.api.network import check_url
from polyvox.api.speech import Manner
from polyvox.api.streaming import unless_gone
from polyvox.audio.encode import FORMATS, format_named
from polyvox.domain.errors import InvalidInput, PolyvoxError
from polyvox.domain.job import BATCH, INTERACTIVE
from polyvox.services import Services
from polyvox.services.audiobooks import RATE
from polyvox.services.captions import MEDIA_TYPES
from polyvox.services.jobs import Jobs
from polyvox.services.tracks import FORMATS as TRACKS

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=REFUSALS)

_LOOK = 0.5
"""Seconds between two looks at a job whose events are sent."""
_SILENCE = 15.0
"""Seconds after which a comment shows that the stream lives."""
_MOST_CHAPTERS = 10_000
Id = Annotated[str, Path(max_length=80, description="Of a job.")]
Key = Annotated[str | None, Header(max_length=200, description="Sent twice, it makes one job.")]


class ChapterIn(BaseModel):
    title: str = Field("", max_length=500)
    text: str


class Meant(BaseModel):
    """What is said of any job."""

    priority: Literal["interactive", "batch"] = Field(
        "batch", description="interactive: before the batch jobs that wait."
    )
    webhook_url: str | None = Field(
        None, description="Address that is told, signed, when the job is over."
    )


class JobRequest(Meant, Manner):
    text: str | None = Field(None, description="What is spoken.", examples=["A long story."])
    chapters: list[ChapterIn] | None = Field(
        None, max_length=_MOST_CHAPTERS, description="The same in chapters, instead of text."
    )

    def asked(self) -> dict[str, Any]:
        """The request as it is kept."""
        said = asdict(self.utterance(self.text or ""))
        said |= {"format": self.response_format, "sample_rate": self.sample_rate}
        if self.chapters:
            said["chapters"] = [chapter.model_dump() for chapter in self.chapters]
        if self.response_format in TRACKS:
            said |= {"track": self.response_format, "format": "pcm", "sample_rate": RATE}
        return {name: value for name, value in said.items() if value not in (None, {}, "")}


@router.post("", status_code=202, response_model=JobAnswer, responses={200: {"model": JobAnswer}})
async def create_job(
    asked: JobRequest,
    request: Request,
    response: Response,
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Speak a text, however long, as a job. 200 when the key was used for the same before."""
    if (asked.text is None) == (asked.chapters is None):
        raise InvalidInput("Give a text or chapters.", param="text")
    return await accepted("narration", asked.asked(), asked, idempotency_key, request, response)


async def accepted(
    kind: str,
    asked: dict[str, Any],
    meant: Meant,
    key: str | None,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """The job that does what is asked: a new one, or the one of the same key (200)."""
    if meant.webhook_url is not None:
        _check_webhook(meant.webhook_url, request.app.state.limits)
    services: Services = request.app.state.services
    job, new = await services.jobs.submit(
        kind,
        asked,
        priority=INTERACTIVE if meant.priority == "interactive" else BATCH,
        key=key,
        webhook=meant.webhook_url,
    )
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return shown(job)


def _check_webhook(url: str, limits: Limits) -> None:
    """Raises InvalidInput for an address that will not be told."""
    if not limits.webhooks:
        raise InvalidInput(
            "This server tells no webhooks: set jobs.webhook_secret.", param="webhook_url"
        )
    check_url(url, "webhook_url")


@router.get("", response_model=JobPage)
async def list_jobs(
    served: Served,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    status: Annotated[list[str] | None, Query(description="One or several.")] = None,
    kind: Annotated[list[str] | None, Query(description="One or several.")] = None,
) -> dict[str, Any]:
    """Jobs, the newest first."""
    jobs, total = await served.jobs.list(
        statuses=status or (), kinds=kind or (), first=(page - 1) * page_size, count=page_size
    )
    return {
        "jobs": [shown(job) for job in jobs],
        "total": total,
        "page": page,
        "page_size": page_size,
        "counts": await served.jobs.counts(),
    }


@router.get("/{id}", response_model=JobAnswer)
async def get_job(id: Id, served: Served) -> dict[str, Any]:
    """How a job is doing."""
    return shown(await served.jobs.get(id))


@router.get("/{id}/events", response_class=Response)
async def job_events(id: Id, served: Served) -> StreamingResponse:
    """Server-sent events: the job whenever it changes, until it is over."""
    await served.jobs.get(id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(served.jobs, id), 200, headers, "text/event-stream")


@router.get("/{id}/audio", response_class=Response)
async def job_audio(
    id: Id,
    served: Served,
    format: Annotated[
        str | None,
        Query(description=f"{', '.join((*FORMATS, *TRACKS))}; as the job was asked, if not said."),
    ] = None,
) -> Response:
    """The result, in any format; another than was asked for is made when it is first wanted. m4b
    is an audiobook with chapters."""
    name = format or (await served.jobs.get(id)).asked.get("track")
    if name in TRACKS:
        blob, media_type = await served.tracks.open(id, name), TRACKS[name].media_type
    else:
        blob, name = await served.jobs.audio(id, name)
        media_type = format_named(name).media_type
        if link := await served.jobs.audio_link(id, name):
            return RedirectResponse(link)
    headers = {
        "Content-Length": str(blob.size),
        "Content-Disposition": f'attachment; filename="{id}.{name}"',
    }
    return StreamingResponse(blob.pieces, 200, headers, media_type)


@router.get("/{id}/captions", response_class=Response)
async def job_captions(
    id: Id, served: Served, format: Literal["srt", "vtt", "json"] = "srt"
) -> Response:
    """What the result says when."""
    written = await served.jobs.captions(id, format)
    if isinstance(written, str):
        return PlainTextResponse(written, media_type=MEDIA_TYPES[format])
    return JSONResponse(written)


@router.get("/{id}/segments", response_model=list[SegmentAnswer])
async def job_segments(
    id: Id,
    served: Served,
    first: Annotated[int, Query(ge=0)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> list[dict[str, Any]]:
    """What a narration speaks in one go each, and how far it is."""
    script, parts = await served.jobs.segments(id)
    return [
        {
            "number": unit.number,
            "chapter": sum(start <= unit.number for start in script.first_units) - 1,
            "text": unit.piece.text,
            "seconds": parts[unit.number].seconds if unit.number in parts else None,
            "seed": unit.seed,
        }
        for unit in script.units[first : first + count]
    ]


@router.get("/{id}/segments/{number}/audio", response_class=Response)
async def segment_audio(
    id: Id,
    number: Annotated[int, Path(ge=0)],
    request: Request,
    served: Served,
    format: Annotated[
        str | None, Query(description=f"{', '.join(FORMATS)}; as the job was asked, if not said.")
    ] = None,
) -> Response:
    """One segment of a narration that runs or is over; 404 says why there is nothing to hear."""
    recording, fmt = await unless_gone(request, served.tracks.segment(id, number, format))
    headers = {
        "Content-Disposition": f'attachment; filename="{id}-{number}.{fmt.name}"',
        "X-Audio-Duration": f"{recording.duration:.3f}",
        "Cache-Control": "no-store",
    }
    return Response(recording.data, 200, headers, fmt.media_type)


@router.post("/{id}/segments/{number}/again", status_code=202, response_model=JobAnswer)
async def speak_segment_again(
    id: Id,
    number: Annotated[int, Path(ge=0)],
    served: Served,
    seed: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> dict[str, Any]:
    """Speak one segment of a narration anew, with another seed, and join the result again."""
    return shown(await served.jobs.again(id, number, seed))


@router.post("/{id}/cancel", response_model=JobAnswer)
async def cancel_job(id: Id, served: Served) -> dict[str, Any]:
    """Cancel a job that waits or runs; what is over stays as it is."""
    return shown(await served.jobs.cancel(id))


@router.post("/{id}/retry", status_code=202, response_model=JobAnswer)
async def retry_job(id: Id, served: Served) -> dict[str, Any]:
    """Begin a job again that failed or was cancelled; what it has done is kept."""
    return shown(await served.jobs.retry(id))


@router.delete("/{id}", status_code=204)
async def delete_job(id: Id, served: Served) -> None:
    """Remove a job and its results; one that runs is cancelled."""
    await served.jobs.delete(id)


async def _events(jobs: Jobs, id: str) -> AsyncIterator[bytes]:
    told, silent = "", 0.0
    while True:
        try:
            job = await jobs.get(id)
        except PolyvoxError as error:
            gone = json.dumps({"error": {"message": error.message, "code": error.code}})
            yield f"event: error\ndata: {gone}\n\n".encode()
            return
        now = json.dumps({**shown(job), "seconds_left": None})
        if now != told:
            told, silent = now, 0.0
            yield f"event: {job.status}\ndata: {json.dumps(shown(job))}\n\n".encode()
        if job.over:
            return
        await asyncio.sleep(_LOOK)
        silent += _LOOK
        if silent >= _SILENCE:
            silent = 0.0
            yield b": still there\n\n"

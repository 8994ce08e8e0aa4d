"""The web application's tasks, and the history of the clips that it has generated."""

from __future__ import annotations

from datetime import datetime
from time import time
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.streaming import unless_gone
from polyvox.api.voices import moment
from polyvox.domain.errors import NotFound
from polyvox.domain.job import COMPLETED, QUEUED, RUNNING, Job
from polyvox.services import Services

router = APIRouter(prefix="/api", tags=["utter"], route_class=DetailRoute, responses=DETAILS)
Id = Annotated[str, Path(max_length=200)]
Number = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
Count = Annotated[int, Query(ge=1, le=100)]
Later = Annotated[bool, Query(alias="async", description="Answer 202 at once.")]
_KIND = "generation"
_STATUSES = {QUEUED: "pending", RUNNING: "processing"}
_TYPES = {_KIND: "generate", "cloning": "clone"}


class Started(BaseModel):
    """What is answered when a clip is not there yet."""

    task_id: str
    status: str


class Generated(BaseModel):
    id: str
    audio_url: str
    duration: float = Field(description="Seconds.")

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(id=job.id, audio_url=_clip(job), duration=job.result["seconds"])


class Task(BaseModel):
    id: str
    type: str = Field(description="generate, clone, narration or batch.")
    status: str = Field(description="pending, processing, completed, failed or cancelled.")
    progress: float = Field(description="0 to 100.")
    result: dict[str, Any] | None = Field(description="null while there is none.")
    error: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            id=job.id,
            type=_TYPES.get(job.kind, job.kind),
            status=_STATUSES.get(job.status, job.status),
            progress=round(100 * job.progress, 1),
            result=_result(job) if job.status == COMPLETED else None,
            error=job.error,
            created_at=moment(job.created_at),
            started_at=moment(job.started_at),
            completed_at=moment(job.ended_at),
        )


class TaskPage(BaseModel):
    tasks: list[Task]
    total: int
    page: int
    page_size: int


class PastGeneration(BaseModel):
    id: str
    voice_id: str | None
    text: str
    status: str
    audio_url: str | None = Field(description="null while there is no clip, or no more.")
    duration: float | None
    error: str | None
    created_at: datetime | None

    @classmethod
    def of(cls, job: Job, lifetime: float) -> Self:
        """`lifetime` is that of clips, in seconds."""
        there = job.status == COMPLETED and (job.ended_at or 0) + lifetime > time()
        return cls(
            id=job.id,
            voice_id=job.asked.get("voice"),
            text=str(job.asked.get("text") or ""),
            status=_STATUSES.get(job.status, job.status),
            audio_url=_clip(job) if there else None,
            duration=job.result.get("seconds"),
            error=job.error,
            created_at=moment(job.created_at),
        )


class GenerationPage(BaseModel):
    generations: list[PastGeneration]
    total: int
    page: int
    page_size: int


async def generated(
    request: Request, served: Services, asked: dict[str, Any], *, later: bool
) -> Response:
    """The clip that is asked for, or the task that makes it when that takes longer than is
    waited for."""
    wait = 0.0 if later else request.app.state.limits.clip_seconds
    job = await unless_gone(request, served.prompt.submit(_KIND, asked, wait))
    if job.status == COMPLETED and not later:
        return JSONResponse(Generated.of(job).model_dump())
    started = Started(task_id=job.id, status=_STATUSES.get(job.status, job.status))
    return JSONResponse(started.model_dump(), 202, {"Location": f"/api/tasks/{job.id}"})


@router.get("/tasks")
async def list_tasks(served: Served, number: Number = 1, page_size: Count = 50) -> TaskPage:
    """Everything that was begun, the newest first."""
    jobs, total = await served.jobs.list(first=(number - 1) * page_size, count=page_size)
    tasks = [Task.of(job) for job in jobs]
    return TaskPage(tasks=tasks, total=total, page=number, page_size=page_size)


@router.get("/tasks/{id}")
async def get_task(id: Id, served: Served) -> Task:
    """How a task is doing."""
    return Task.of(await served.jobs.get(id))


@router.post("/tasks/{id}/cancel")
async def cancel_task(id: Id, served: Served) -> Task:
    """Cancel a task that waits or runs; what is over stays as it is."""
    return Task.of(await served.jobs.cancel(id))


@router.delete("/tasks/{id}")
async def delete_task(id: Id, served: Served) -> dict[str, bool]:
    """Remove a task and what came of it, but for voices; one that runs is cancelled."""
    await served.jobs.delete(id)
    return {"success": True}


@router.get("/generations")
async def list_generations(
    served: Served, number: Number = 1, page_size: Count = 50
) -> GenerationPage:
    """Clips that were asked for, the newest first."""
    jobs, total = await served.jobs.list(
        kinds=[_KIND], first=(number - 1) * page_size, count=page_size
    )
    lifetime = served.upkeep.lifetimes.clips
    past = [PastGeneration.of(job, lifetime) for job in jobs]
    return GenerationPage(generations=past, total=total, page=number, page_size=page_size)


@router.post(
    "/generations/{id}/regenerate",
    response_model=Generated,
    responses={202: {"model": Started, "description": "It takes longer."}},
)
async def regenerate(id: Id, request: Request, served: Served, later: Later = False) -> Response:
    """Speak the same once more, with another seed, as a clip of its own."""
    job = await _generation(served, id)
    asked = dict(await served.jobs.asked(job))
    asked["seed"] = (asked.get("seed") or 0) + 1
    return await generated(request, served, asked, later=later)


@router.delete("/generations/{id}")
async def delete_generation(id: Id, served: Served) -> dict[str, bool]:
    """Remove a clip."""
    await _generation(served, id)
    await served.jobs.delete(id)
    return {"success": True}


async def _generation(served: Services, id: str) -> Job:
    job = await served.jobs.get(id)
    if job.kind != _KIND:
        raise NotFound(f"There is no generation '{id:.80}'.")
    return job


def _clip(job: Job) -> str:
    return f"/uploads/generated/{job.result['clip']}.mp3"


def _result(job: Job) -> dict[str, Any]:
    """What came of it, with the addresses of files."""
    files = {
        _KIND: lambda: {"audio_url": _clip(job)},
        "cloning": lambda: {"reference_url": f"/uploads/references/{job.result['voice_id']}.wav"},
        "narration": lambda: {"audio_url": f"/v1/jobs/{job.id}/audio"},
        "batch": lambda: {"archive_url": f"/v1/jobs/{job.id}/archive"},
    }
    found = files.get(job.kind)
    return {**job.result, **(found() if found else {}), "duration": job.result.get("seconds")}

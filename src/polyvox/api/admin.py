"""What operators do with what is kept: see how much it is, and clean up."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute

router = APIRouter(prefix="/admin", tags=["admin"], route_class=DetailRoute, responses=DETAILS)
_MB = 1e6


class CleanupRequest(BaseModel):
    mode: Literal["basic", "deep"] = Field(
        "basic",
        description="basic: what has expired; deep: also files that belong to nothing.",
    )
    max_age_hours: float | None = Field(
        None,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="deep: also jobs that ended and clips that were made longer ago.",
    )


class CleanupAnswer(BaseModel):
    mode: str
    jobs: int = Field(description="Removed, with their results.")
    clips: int
    voices: int = Field(description="Expired, or deleted and not brought back.")
    orphans: int = Field(description="Files that belonged to nothing.")
    freed_mb: float


class StatsAnswer(BaseModel):
    jobs: dict[str, int] = Field(description="By status.")
    voices: int = Field(description="That were made.")
    storage_mb: dict[str, float] = Field(description="What is kept, by folder.")
    used_mb: float
    max_mb: float | None = Field(description="Setting storage.max_gb; null without a limit.")


@router.post("/cleanup")
async def clean_up(served: Served, asked: CleanupRequest | None = None) -> CleanupAnswer:
    """Remove what may go; what waits, runs or can be brought back stays."""
    asked = asked or CleanupRequest()
    if asked.mode == "basic":
        cleaned = await served.upkeep.basic()
    else:
        hours = asked.max_age_hours
        cleaned = await served.upkeep.deep(None if hours is None else hours * 3600)
    return CleanupAnswer(
        mode=asked.mode,
        jobs=cleaned.jobs,
        clips=cleaned.clips,
        voices=cleaned.voices,
        orphans=cleaned.orphans,
        freed_mb=round(cleaned.bytes / _MB, 3),
    )


@router.get("/stats", response_model=StatsAnswer)
async def stats(served: Served) -> dict[str, Any]:
    """What there is, and how much room it takes."""
    used, most = await served.upkeep.used(), served.upkeep.most_bytes
    _, voices = await served.voices.list(presets=False, count=1)
    return {
        "jobs": await served.jobs.counts(),
        "voices": voices,
        "storage_mb": {room: round(size / _MB, 3) for room, size in used.items()},
        "used_mb": round(sum(used.values()) / _MB, 3),
        "max_mb": None if most is None else most / _MB,
    }

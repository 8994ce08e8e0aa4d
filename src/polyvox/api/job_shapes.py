"""Jobs as clients see them."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time
from typing import Any

from pydantic import BaseModel, Field

from polyvox.domain.job import Job


class JobAnswer(BaseModel):
    id: str
    kind: str
    status: str = Field(description="queued, running, completed, failed or cancelled.")
    progress: float = Field(description="0 to 100.")
    done: int = Field(description="Segments that are spoken.")
    total: int = Field(description="Segments in all; 0 while that is not known.")
    seconds_left: float | None = Field(description="As it looks now; null while nobody can tell.")
    engine: str
    text: str | None = Field(description="The beginning of what is spoken.")
    title: str | None = Field(description="Of a book.")
    voice: str | None
    format: str | None
    duration: float | None = Field(description="Seconds of the result.")
    fallback_reason: str | None = Field(description="Why another engine spoke than was asked for.")
    chapters: list[dict[str, Any]] = Field(
        description="When each begins in the result, in seconds."
    )
    error: str | None
    error_code: str | None
    attempts: int
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str | None


class JobPage(BaseModel):
    jobs: list[JobAnswer]
    total: int
    page: int
    page_size: int
    counts: dict[str, int] = Field(description="All jobs, by status.")


class SegmentAnswer(BaseModel):
    number: int
    chapter: int
    text: str
    seconds: float | None = Field(description="null while it is not spoken.")
    seed: int


def shown(job: Job) -> dict[str, Any]:
    """The job as clients see it."""
    asked, result = job.asked, job.result
    text = str(asked.get("text") or next((c["text"] for c in asked.get("chapters", ())), ""))
    return {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "progress": round(100 * job.progress, 1),
        "done": job.done,
        "total": job.total,
        "seconds_left": job.left(time()),
        "engine": result.get("engine") or job.engine,
        "text": text[:200] or None,
        "voice": result.get("voice") or asked.get("voice"),
        "title": asked.get("title"),
        "format": asked.get("track") or result.get("format") or asked.get("format"),
        "duration": result.get("seconds"),
        "fallback_reason": result.get("fallback_reason"),
        "chapters": result.get("chapters", []),
        "error": job.error,
        "error_code": job.error_code,
        "attempts": job.attempts,
        "created_at": _moment(job.created_at),
        "started_at": _moment(job.started_at),
        "ended_at": _moment(job.ended_at),
        "expires_at": _moment(job.expires_at),
    }


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")

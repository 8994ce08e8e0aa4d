"""Work that outlives a request. Its row in the database is the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from polyvox.domain.speech import Word

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = (
    "queued",
    "running",
    "completed",
    "failed",
    "cancelled",
)
STATUSES = (QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED)
OVER = (COMPLETED, FAILED, CANCELLED)
INTERACTIVE, BATCH = 10, 0
"""Priorities: somebody waits for it, or nobody does."""


@dataclass(frozen=True)
class Job:
    id: str
    kind: str
    """What is done: narration, generation, cloning, …"""
    asked: Mapping[str, Any]
    """The request, as JSON."""
    engine: str
    """That does most of the work; so many of its jobs run at once."""
    priority: int = BATCH
    status: str = QUEUED
    done: int = 0
    """Units of work that are done, segments or texts."""
    total: int = 0
    """Units in all; 0 while that is not known."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """What came of it, as JSON."""
    error: Optional[str] = None
    """Why it failed, or why it will be tried again."""
    error_code: Optional[str] = None
    key: Optional[str] = None
    """The caller's own, by which a request that is sent twice makes one job."""
    webhook: Optional[str] = None
    """Address that is told when it is over."""
    telling_at: Optional[float] = None
    """When the webhook is told next; None when it need not be."""
    tellings: int = 0
    """How often that was tried."""
    attempts: int = 0
    """How often it was begun since it last got on."""
    stopping: bool = False
    """Whether it is to be cancelled as soon as whoever works at it hears of it."""
    created_at: float = 0.0
    """Seconds since 1970, as all moments."""
    ready_at: float = 0.0
    """Not to be begun before."""
    started_at: Optional[float] = None
    ended_at: Optional[float] = None
    expires_at: Optional[float] = None
    """When it and its results are removed."""
    done_before: int = 0
    """Units that were done when it was begun last."""

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.status == COMPLETED:
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def left(self, now: float) -> Optional[float]:
        """Seconds until it is done, if it goes on as so far; None while nobody can tell."""
        got = self.done - self.done_before
        if self.status != RUNNING or got <= 0 or self.started_at is None:
            return None
        return (now - self.started_at) * (self.total - self.done) / got


@dataclass(frozen=True)
class Part:
    """A unit of a job's work that is done: a segment, or a text of many."""

    number: int
    digest: str
    """Of what was asked of it; when that changes, it is done again."""
    seconds: float = 0.0
    words: tuple[Word, ...] = ()
    """Times count from the beginning of the part."""
    error: Optional[str] = None
    """Why it could not be spoken."""

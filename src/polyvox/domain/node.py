"""Machines that speak for a gateway: what they offer, and how they are doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

STANDBY, LOADING, READY, BUSY = "standby", "loading", "ready", "busy"
DRAINING, OFFLINE, FAILED = "draining", "offline", "error"
STATES = (STANDBY, LOADING, READY, BUSY, DRAINING, OFFLINE, FAILED)
SERVING = (READY, BUSY)
"""States in which a model is in memory."""


@dataclass(frozen=True)
class Offer:
    """A model that a node speaks with."""

    engine: str
    model: str
    seats: int = 1
    """Segments of it that the node speaks at once."""
    languages: tuple[str, ...] = ()
    loaded: bool = False


@dataclass(frozen=True)
class Load:
    """What a node measures of itself."""

    cpu: float = 0.0
    """Per cent of all cores."""
    memory: float = 0.0
    """Per cent of the machine's."""
    gpu: Optional[float] = None
    """Per cent, of the busiest one; None without any."""
    gpu_memory: Optional[float] = None
    """Per cent, of the fullest one."""
    current_concurrent: int = 0
    """Requests being answered."""
    queue_size: int = 0
    """Of those, how many wait for a seat."""
    request_count: int = 0
    """Since its process started."""
    error_count: int = 0
    avg_response_time_ms: float = 0.0


@dataclass(frozen=True)
class Node:
    """A machine's worker process, as a gateway knows it."""

    id: str
    url: str
    """Where the gateway reaches it."""
    offers: tuple[Offer, ...]
    state: str = STANDBY
    error: Optional[str] = None
    """Why it cannot speak, where its state is error."""
    load: Load = field(default_factory=Load)
    version: str = ""
    boot: str = ""
    """Of its process: after a restart it is another, and holds no voices."""
    beats: int = 0
    """Signs of life since it registered."""
    registered_at: float = 0.0
    """Seconds since 1970."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What else it said of itself: names of its GPUs, of its machine."""

    def offer(self, model: str) -> Optional[Offer]:
        """What it offers under that id."""
        return next((each for each in self.offers if each.model == model), None)

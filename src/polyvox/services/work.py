"""Everything about long work that needs storage, put together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyvox.services.batches import Batches
from polyvox.services.cloning import Cloning
from polyvox.services.engines import Engines
from polyvox.services.enrolment import Enrolment
from polyvox.services.generations import Generations
from polyvox.services.jobs import Jobs, Kind
from polyvox.services.narration import Narration
from polyvox.services.plan import Planner
from polyvox.services.profiles import Profiles
from polyvox.services.prompt import Prompt
from polyvox.services.synthesis import Synthesis
from polyvox.services.tracks import Tracks
from polyvox.services.upkeep import Lifetimes, Upkeep
from polyvox.services.voices import Voices

if TYPE_CHECKING:
    from polyvox.jobs.queue import Queue
    from polyvox.jobs.worker import Rules
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.jobs import JobRows
    from polyvox.storage.parts import PartRows

_NO_LIMIT = 1_000_000
"""Jobs of one engine at once, of those that somebody waits for; the engines' own queues are
their limit."""


@dataclass(frozen=True)
class Stores:
    """Where long work is kept, and where its ids wait."""

    jobs: JobRows
    parts: PartRows
    blobs: Blobs
    queue: Queue
    links: bool = True
    """Whether clients are sent to the store of files, where it has addresses."""
    most_bytes: int | None = None
    """That may be kept in all."""


@dataclass(frozen=True)
class Speaking:
    """Who does it."""

    engines: Engines
    voices: Voices
    profiles: Profiles
    synthesis: Synthesis
    enrolment: Enrolment
    generations: Generations
    short: Planner
    """Of single requests."""
    long: Planner
    """Of narrations."""
    encoders: Executor
    at_once: Callable[[str], int]
    """Segments that a model should be speaking."""


@dataclass(frozen=True)
class Work:
    """What users can do that outlives a request."""

    jobs: Jobs
    prompt: Prompt
    batches: Batches
    tracks: Tracks
    upkeep: Upkeep


def assemble(stores: Stores, by: Speaking, rules: Rules, lifetimes: Lifetimes) -> Work:
    """`rules` are those of jobs that somebody waits for."""
    from polyvox.jobs.worker import Worker

    parts, blobs = stores.parts, stores.blobs
    narration = Narration(by.synthesis, by.long, parts, blobs, by.encoders, by.at_once)
    most = by.long.max_characters
    batches = Batches(by.synthesis, by.short, by.engines, parts, blobs, by.at_once, most)
    kinds: dict[str, Kind] = {
        Cloning.kind: Cloning(by.enrolment, by.voices, blobs),
        Generations.kind: by.generations,
        Batches.kind: batches,
    }
    jobs = Jobs(
        stores.jobs,
        parts,
        blobs,
        stores.queue,
        narration,
        kinds,
        links=stores.links,
        most_bytes=stores.most_bytes,
    )
    worker = Worker(stores.jobs, jobs.do, replace(rules, per_engine=_NO_LIMIT))
    upkeep = Upkeep(jobs, by.voices, by.generations, by.profiles, lifetimes)
    tracks = Tracks(jobs, blobs, by.long.marked)
    return Work(jobs, Prompt(jobs, worker), batches, tracks, upkeep)

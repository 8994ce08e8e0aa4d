"""Builds what speaks from settings: the one place that knows all parts below the API.

What talks to the database is imported when it is wanted: a command line that speaks once does
without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from polyvox.app.launching import cores, environments, launch, models
from polyvox.app.storing import Storage, check_blobs, check_database, opened
from polyvox.audio.decode import Limits
from polyvox.domain.errors import PolyvoxError
from polyvox.engines.registry import Registry
from polyvox.runtime.lane import Limits as PoolLimits
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Pool
from polyvox.runtime.speakers import Speakers
from polyvox.services import Services
from polyvox.services.consents import Consents
from polyvox.services.counting import Counting
from polyvox.services.engines import Engines
from polyvox.services.enrolment import Enrolment, Rules
from polyvox.services.generations import Generations
from polyvox.services.keys import Keys
from polyvox.services.parcels import Parcels
from polyvox.services.plan import Planner
from polyvox.services.presets import Presets
from polyvox.services.profiles import Profiles
from polyvox.services.synthesis import Synthesis
from polyvox.services.upkeep import Lifetimes
from polyvox.services.voices import Voices
from polyvox.services.work import Speaking, Stores, Work, assemble
from polyvox.settings import Settings

if TYPE_CHECKING:
    from polyvox.jobs.queue import Queue
    from polyvox.jobs.worker import Rules as JobRules
    from polyvox.jobs.worker import Worker
    from polyvox.services.nodes import Nodes


__all__ = [
    "catalogue",
    "check_blobs",
    "check_database",
    "environments",
    "has_default_profiles",
    "models",
    "registry",
    "running",
    "tidy",
    "worker",
]
_log = logging.getLogger(__name__)
_TIDY_EVERY = 600.0
"""Seconds between two rounds of clean-up."""


@contextlib.asynccontextmanager
async def running(settings: Settings, *, stored: bool = True) -> AsyncIterator[Services]:
    """Everything that speaks, until the block is left. Without `stored`, no database."""
    async with contextlib.AsyncExitStack() as stack:
        known = registry(settings)
        pool = _speakers(settings, known)
        stack.push_async_callback(pool.close)
        engines, presets = _catalogue(settings, known, pool)
        storage = await opened(settings, stack) if stored else Storage()
        links = settings.storage.signed_urls
        nodes = _nodes(pool, engines, presets)
        if nodes:
            await stack.enter_async_context(nodes.watching())
        voices = Voices(engines, presets, storage.shelf, links=links)
        profiles = Profiles(engines, storage.profiles)
        encoders = stack.enter_context(ThreadPoolExecutor(cores(), "encoder"))
        decoders = stack.enter_context(ThreadPoolExecutor(2, "decoder"))
        marked = settings.speech.mark_synthetic
        planner = Planner(engines, voices, profiles, settings.speech.max_characters, marked)
        ahead = settings.speech.look_ahead
        synthesis = Synthesis(planner, pool, storage.cache, encoders, look_ahead=ahead)
        enrolment = Enrolment(engines, voices, pool, decoders, _rules(settings))
        longer = Planner(engines, voices, profiles, settings.jobs.max_characters, marked)
        generations = Generations(synthesis, planner, storage.blobs, links=links)
        speaking = Speaking(
            engines,
            voices,
            profiles,
            synthesis,
            enrolment,
            generations,
            planner,
            longer,
            encoders,
            pool.capacity,
        )
        work = _work(settings, storage, speaking)
        if work:
            stack.push_async_callback(work.jobs.queue.close)
            await stack.enter_async_context(work.prompt.open())
        yield Services(
            engines,
            voices,
            synthesis,
            enrolment,
            Parcels(engines, voices, synthesis),
            generations,
            Consents(storage.shelf, decoders),
            profiles,
            Counting(engines, pool),
            work,
            Keys(storage.keys) if storage.keys else None,
            nodes,
        )


async def tidy(services: Services) -> None:
    """Remove what its time is over for, again and again, until it is cancelled."""
    while True:
        try:
            await services.upkeep.tidy()
        except PolyvoxError as error:
            _log.warning("clean-up will be tried again: %s", error)
        await asyncio.sleep(_TIDY_EVERY)


def registry(settings: Settings) -> Registry:
    """Every engine there is, switched on or not."""
    return Registry(settings.engines.folder)


def catalogue(settings: Settings) -> tuple[Engines, Presets]:
    """Engines and preset voices to look at, with nothing running."""
    return _catalogue(settings, registry(settings), Pool(Launch))


def has_default_profiles(settings: Settings) -> bool:
    """Whether an engine may have another default profile than the one that is built in."""
    from polyvox.storage.glance import has_default_profiles

    return has_default_profiles(settings.database_url)


def _speakers(settings: Settings, known: Registry) -> Speakers:
    """The hosts of this machine, behind the nodes where there may be any."""
    local = Pool(lambda model: launch(settings, known, model), _limits(settings))
    if not settings.cluster.enabled:
        return local
    from polyvox.app.cluster import cluster  # an HTTP client that others do without

    return cluster(settings, known, local, _limits(settings))


def _nodes(pool: Speakers, engines: Engines, presets: Presets) -> Nodes | None:
    if isinstance(pool, Pool):
        return None
    from polyvox.app.cluster import nodes

    return nodes(pool, engines, presets)


def _catalogue(settings: Settings, known: Registry, pool: Speakers) -> tuple[Engines, Presets]:
    engines = Engines(
        known,
        pool,
        settings.engines.enabled,
        settings.speech.model,
        settings.speech.stand_in,
        settings.engines.fallbacks,
        settings.engines.through,
        settings.engines.settings,
    )
    return engines, Presets(engines, settings.speech.voice)


def _work(settings: Settings, storage: Storage, speaking: Speaking) -> Work | None:
    if storage.blobs is None or storage.jobs is None or storage.parts is None:
        return None
    kept, links = settings.storage, settings.storage.signed_urls
    most = None if kept.max_gb is None else int(kept.max_gb * 1e9)
    queue = _queue(settings)
    stores = Stores(storage.jobs, storage.parts, storage.blobs, queue, links, most)
    rules, undo = _job_rules(settings), settings.voices.undo_minutes * 60
    lifetimes = Lifetimes(undo, kept.generated_days * 86400, rules.keep)
    return assemble(stores, speaking, rules, lifetimes)


def _queue(settings: Settings) -> Queue:
    from polyvox.jobs.queue import Embedded

    if settings.jobs.queue == "embedded":
        return Embedded()
    from polyvox.jobs.celery import Brokered

    return Brokered(settings.jobs.queue)


def worker(settings: Settings, services: Services) -> Worker:
    """One who works at the jobs of these services."""
    from polyvox.jobs.worker import Worker

    return Worker(services.jobs.rows, services.jobs.do, _job_rules(settings))


def _job_rules(settings: Settings) -> JobRules:
    from polyvox.jobs.worker import Rules

    given = settings.jobs
    return Rules(
        slots=given.slots,
        per_engine=given.per_engine,
        attempts=given.attempts,
        longest=given.max_hours * 3600,
        beat=min(3.0, given.silence_seconds / 4),
        silence=given.silence_seconds,
        keep=given.keep_days * 86400 if given.keep_days else None,
    )


def _rules(settings: Settings) -> Rules:
    voices = settings.voices
    limits = Limits(
        shortest=voices.min_seconds, seconds=voices.max_seconds, bytes=int(voices.max_mb * 1e6)
    )
    lifetime = voices.lifetime_days * 86400 if voices.lifetime_days else None
    return Rules(limits, lifetime, voices.consent_required)


def _limits(settings: Settings) -> PoolLimits:
    return PoolLimits(
        waiting=settings.speech.max_waiting,
        wait=settings.speech.max_wait_seconds,
        load=settings.engines.load_seconds,
        patience=settings.engines.chunk_seconds,
        loaded=settings.engines.max_loaded_models,
        keep=0 if settings.engines.low_memory else settings.engines.keep_alive_seconds,
    )

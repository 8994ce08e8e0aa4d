"""Builds what speaks from settings: the one place that knows all parts below the API.

What talks to the database is imported when it is wanted: a command line that speaks once does
without.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from polyvox.engines.registry import Registry
from polyvox.runtime.pool import Limits, Pool
from polyvox.services import Services
from polyvox.services.engines import Engines
from polyvox.services.plan import Planner
from polyvox.services.synthesis import Synthesis
from polyvox.services.voices import Voices
from polyvox.settings import Settings

if TYPE_CHECKING:
    from polyvox.storage.cache import Cache


@contextlib.asynccontextmanager
async def running(settings: Settings, *, stored: bool = True) -> AsyncIterator[Services]:
    """Everything that speaks, until the block is left. Without `stored`, no database."""
    async with contextlib.AsyncExitStack() as stack:
        known = registry(settings)
        pool = Pool(
            lambda name: _hosts(settings, known, name),
            limits=Limits(
                waiting=settings.speech.max_waiting,
                wait=settings.speech.max_wait_seconds,
                load=settings.engines.load_seconds,
                patience=settings.engines.chunk_seconds,
            ),
            device=settings.engines.device,
            folder=settings.engines.folder,
        )
        stack.push_async_callback(pool.close)
        engines, voices = _catalogue(settings, known, pool)
        cache = await _cache(settings, stack) if stored else None
        encoders = stack.enter_context(ThreadPoolExecutor(_cores(), "encoder"))
        synthesis = Synthesis(
            Planner(engines, voices, settings.speech.max_characters),
            pool,
            cache,
            encoders,
            look_ahead=settings.speech.look_ahead,
        )
        yield Services(engines, voices, synthesis)


def registry(settings: Settings) -> Registry:
    """Every engine there is, switched on or not."""
    return Registry(settings.engines.folder)


def catalogue(settings: Settings) -> tuple[Engines, Voices]:
    """Engines and voices to look at, with nothing running."""
    return _catalogue(settings, registry(settings), Pool(lambda _: 0))


async def check_database(settings: Settings) -> str:
    """The database's address, once it answers and its tables are up to date."""
    from polyvox.storage.database import connect

    database = await connect(settings.database_url)
    await database.dispose()
    return database.url.render_as_string(hide_password=True)


def _catalogue(settings: Settings, known: Registry, pool: Pool) -> tuple[Engines, Voices]:
    engines = Engines(known, pool, settings.engines.enabled, settings.speech.model)
    return engines, Voices(engines, settings.speech.voice)


async def _cache(settings: Settings, stack: contextlib.AsyncExitStack) -> Cache | None:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.cache import Cache
    from polyvox.storage.database import connect

    database = await connect(settings.database_url)
    stack.push_async_callback(database.dispose)
    if not settings.cache.enabled:
        return None
    blobs = Blobs.local(settings.storage.folder / "blobs")
    cache = Cache(database, blobs, int(settings.cache.max_mb * 1e6))
    stack.push_async_callback(cache.close)
    return cache


def _hosts(settings: Settings, known: Registry, engine: str) -> int:
    if not known.synthesizer(engine).parallel:
        return 1
    return settings.engines.hosts or _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

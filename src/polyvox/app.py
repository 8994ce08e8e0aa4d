"""Builds what speaks from settings: the one place that knows all parts below the API.

What talks to the database is imported when it is wanted: a command line that speaks once does
without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyvox.audio.decode import Limits
from polyvox.domain.errors import NotFound, PolyvoxError, Unavailable
from polyvox.engines.contract import Synthesizer
from polyvox.engines.registry import Registry
from polyvox.runtime.environments import Environments
from polyvox.runtime.lane import Limits as PoolLimits
from polyvox.runtime.launch import Launch
from polyvox.runtime.models import Models
from polyvox.runtime.pool import Pool
from polyvox.services import Services
from polyvox.services.consents import Consents
from polyvox.services.engines import Engines
from polyvox.services.enrolment import Enrolment, Rules
from polyvox.services.generations import Generations
from polyvox.services.parcels import Parcels
from polyvox.services.plan import Planner
from polyvox.services.presets import Presets
from polyvox.services.synthesis import Synthesis
from polyvox.services.voices import Voices
from polyvox.settings import Settings

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.cache import Cache
    from polyvox.storage.shelf import Shelf


_log = logging.getLogger(__name__)
_TIDY_EVERY = 600.0
"""Seconds between two rounds of clean-up."""


@contextlib.asynccontextmanager
async def running(settings: Settings, *, stored: bool = True) -> AsyncIterator[Services]:
    """Everything that speaks, until the block is left. Without `stored`, no database."""
    async with contextlib.AsyncExitStack() as stack:
        known = registry(settings)
        pool = Pool(lambda model: _launch(settings, known, model), _limits(settings))
        stack.push_async_callback(pool.close)
        engines, presets = _catalogue(settings, known, pool)
        storage = await _storage(settings, stack) if stored else _Storage()
        links = settings.storage.signed_urls
        voices = Voices(engines, presets, storage.shelf, links=links)
        encoders = stack.enter_context(ThreadPoolExecutor(_cores(), "encoder"))
        decoders = stack.enter_context(ThreadPoolExecutor(2, "decoder"))
        planner = Planner(engines, voices, settings.speech.max_characters)
        look_ahead = settings.speech.look_ahead
        synthesis = Synthesis(planner, pool, storage.cache, encoders, look_ahead=look_ahead)
        enrolment = Enrolment(engines, voices, pool, decoders, _rules(settings))
        yield Services(
            engines,
            voices,
            synthesis,
            enrolment,
            Parcels(engines, voices, synthesis),
            Generations(synthesis, storage.blobs, links=links),
            Consents(storage.shelf, decoders),
        )


async def tidy(settings: Settings, services: Services) -> None:
    """Remove what its time is over for, again and again, until it is cancelled."""
    while True:
        try:
            await services.voices.shelf.purge(settings.voices.undo_minutes * 60)
            await services.generations.purge(settings.storage.generated_days * 86400)
        except PolyvoxError as error:
            _log.warning("clean-up will be tried again: %s", error)
        await asyncio.sleep(_TIDY_EVERY)


def registry(settings: Settings) -> Registry:
    """Every engine there is, switched on or not."""
    return Registry(settings.engines.folder)


def catalogue(settings: Settings) -> tuple[Engines, Presets]:
    """Engines and preset voices to look at, with nothing running."""
    return _catalogue(settings, registry(settings), Pool(Launch))


async def check_database(settings: Settings) -> str:
    """The database's address, once it answers and its tables are up to date."""
    from polyvox.storage.database import connect

    database = await connect(settings.database_url)
    await database.dispose()
    return database.url.render_as_string(hide_password=True)


async def check_blobs(settings: Settings) -> str:
    """Where recordings and clips are kept, once something could be written there."""
    from polyvox.storage.blobs import Blobs

    url = settings.storage.blobs
    folder = settings.storage.folder / "blobs"
    blobs = Blobs.s3(url, _s3_options(settings)) if url else Blobs.local(folder)
    await blobs.put("doctor", b"well")
    await blobs.delete(["doctor"])
    return url or str(folder)


def _catalogue(settings: Settings, known: Registry, pool: Pool) -> tuple[Engines, Presets]:
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


@dataclass(frozen=True)
class _Storage:
    blobs: Blobs | None = None
    shelf: Shelf | None = None
    cache: Cache | None = None


async def _storage(settings: Settings, stack: contextlib.AsyncExitStack) -> _Storage:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.cache import Cache
    from polyvox.storage.consents import ConsentRows
    from polyvox.storage.database import connect
    from polyvox.storage.shelf import Shelf
    from polyvox.storage.voices import VoiceRows

    database = await connect(settings.database_url)
    stack.push_async_callback(database.dispose)
    local = Blobs.local(settings.storage.folder / "blobs")
    remote = settings.storage.blobs
    blobs = Blobs.s3(remote, _s3_options(settings)) if remote else local
    shelf = Shelf(VoiceRows(database), ConsentRows(database), blobs)
    if not settings.cache.enabled:
        return _Storage(blobs, shelf)
    cache = Cache(database, local, int(settings.cache.max_mb * 1e6))
    stack.push_async_callback(cache.close)
    return _Storage(blobs, shelf, cache)


def _s3_options(settings: Settings) -> dict[str, str]:
    storage = settings.storage
    options = {
        "endpoint": storage.s3_endpoint,
        "region": storage.s3_region,
        "access_key_id": storage.s3_access_key,
        "secret_access_key": storage.s3_secret_key,
        "session_token": storage.s3_session_token,
    }
    return {name: value for name, value in options.items() if value}


def _rules(settings: Settings) -> Rules:
    voices = settings.voices
    limits = Limits(
        shortest=voices.min_seconds, seconds=voices.max_seconds, bytes=int(voices.max_mb * 1e6)
    )
    lifetime = voices.lifetime_days * 86400 if voices.lifetime_days else None
    return Rules(limits, lifetime, voices.consent_required)


def environments(settings: Settings) -> Environments:
    """The engines' own environments."""
    return Environments(settings.storage.folder / "environments")


def models(settings: Settings) -> Models:
    """The weights on this machine."""
    return Models(settings.storage.folder / "models")


def _limits(settings: Settings) -> PoolLimits:
    return PoolLimits(
        waiting=settings.speech.max_waiting,
        wait=settings.speech.max_wait_seconds,
        load=settings.engines.load_seconds,
        patience=settings.engines.chunk_seconds,
        loaded=settings.engines.max_loaded_models,
        keep=0 if settings.engines.low_memory else settings.engines.keep_alive_seconds,
    )


def _launch(settings: Settings, known: Registry, model: str) -> Launch:
    """How hosts of a model are started. Raises Unavailable, with the command to run, where its
    engine's environment or its weights are not here."""
    engine = _engine_of(settings, known, model)
    python, path = None, None
    if engine.separate:
        ours = environments(settings)
        python, path = ours.python(engine), ours.path(engine)
        if python is None:
            raise Unavailable(
                f"Engine '{engine.name}' is not installed. Run: polyvox engines install "
                f"{engine.name}"
            )
    weights = None
    if model in engine.weights:
        weights = models(settings).folder(model, engine.weights[model])
    return Launch(
        engine.name,
        model=model,
        weights=weights,
        device=_device(settings),
        settings=settings.engines.settings.get(engine.name, {}),
        python=python,
        path=path,
        folder=settings.engines.folder,
        threads=1 if engine.parallel else None,
        guarded=engine.name in settings.engines.fallbacks,
        seats=min(engine.max_batch, settings.engines.max_batch),
        hosts=(settings.engines.hosts or _cores()) if engine.parallel else 1,
    )


def _engine_of(settings: Settings, known: Registry, model: str) -> type[Synthesizer]:
    for name in settings.engines.enabled:
        engine = known.synthesizer(name)
        if model in (engine.models or (engine.name,)):
            return engine
    raise NotFound(f"There is no model '{model}'.", param="model")


def _device(settings: Settings) -> str:
    """auto is the first GPU where the driver shows one."""
    if settings.engines.device != "auto":
        return settings.engines.device
    return "cuda" if shutil.which("nvidia-smi") else "cpu"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Opens what is stored: the database, the files, the cache."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyvox.settings import Settings

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.cache import Cache
    from polyvox.storage.jobs import JobRows
    from polyvox.storage.keys import KeyRows
    from polyvox.storage.parts import PartRows
    from polyvox.storage.profiles import ProfileRows
    from polyvox.storage.shelf import Shelf


@dataclass(frozen=True)
class Storage:
    """None of each where nothing is stored."""

    blobs: Blobs | None = None
    shelf: Shelf | None = None
    profiles: ProfileRows | None = None
    jobs: JobRows | None = None
    parts: PartRows | None = None
    keys: KeyRows | None = None
    cache: Cache | None = None


async def opened(settings: Settings, stack: contextlib.AsyncExitStack) -> Storage:
    """Everything, closed when the stack is left."""
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.cache import Cache
    from polyvox.storage.consents import ConsentRows
    from polyvox.storage.database import connect
    from polyvox.storage.jobs import JobRows
    from polyvox.storage.keys import KeyRows
    from polyvox.storage.parts import PartRows
    from polyvox.storage.profiles import ProfileRows
    from polyvox.storage.shelf import Shelf
    from polyvox.storage.voices import VoiceRows

    database = await connect(settings.database_url)
    stack.push_async_callback(database.dispose)
    local = Blobs.local(settings.storage.folder / "blobs")
    remote = settings.storage.blobs
    blobs = Blobs.s3(remote, _s3_options(settings)) if remote else local
    shelf = Shelf(VoiceRows(database), ConsentRows(database), blobs)
    days = settings.profiles.lifetime_days
    profiles = ProfileRows(database, days and days * 86400)
    kept = Storage(blobs, shelf, profiles, JobRows(database), PartRows(database), KeyRows(database))
    if not settings.cache.enabled:
        return kept
    cache = Cache(database, local, int(settings.cache.max_mb * 1e6))
    stack.push_async_callback(cache.close)
    return replace(kept, cache=cache)


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

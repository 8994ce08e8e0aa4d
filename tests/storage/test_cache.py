"""The cache keeps what was used last, within its room, across restarts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.audio import Recording
from polyvox.domain.speech import Word
from polyvox.storage.blobs import Blobs
from polyvox.storage.cache import Cache
from polyvox.storage.database import connect

WORDS = (Word("hello", 0.0, 0.5, 0, 5), Word("世界", 0.5, 1.0, 6, 8))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = await connect(database_url)
    yield engine
    await engine.dispose()


def key(number: int) -> str:
    return f"{number:064x}"


async def test_what_is_kept_comes_back_after_a_restart(
    database: AsyncEngine, tmp_path: Path
) -> None:
    recording = Recording(b"sound" * 100, 1.5, WORDS)
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    await cache.clear()
    cache.put(key(1), recording)
    assert await cache.get(key(1)) == recording
    await cache.close()
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    assert await cache.get(key(1)) == recording
    assert await cache.get(key(2)) is None
    await cache.close()


async def test_the_least_recently_used_leaves_first(database: AsyncEngine, tmp_path: Path) -> None:
    blobs = Blobs.local(tmp_path / "blobs")
    cache = Cache(database, blobs, 10_000)
    await cache.clear()
    for number in range(9):
        cache.put(key(number), Recording(bytes(1000), 1.0))
        await cache._flush()
    assert await cache.get(key(0)) is not None
    await cache.close()
    cache = Cache(database, blobs, 10_000)
    for number in range(9, 12):
        cache.put(key(number), Recording(bytes(1000), 1.0))
    await cache.close()
    cache = Cache(database, blobs, 10_000)
    kept = {number for number in range(12) if await cache.get(key(number))}
    assert {0, 9, 10, 11} <= kept
    assert 1 not in kept
    assert len(kept) <= 9
    assert (
        sum(path.stat().st_size for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        <= 9000
    )
    await cache.close()


async def test_a_recording_larger_than_the_room_is_not_kept(
    database: AsyncEngine, tmp_path: Path
) -> None:
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 100)
    await cache.clear()
    cache.put(key(1), Recording(bytes(101), 1.0))
    assert await cache.get(key(1)) is None
    await cache.close()


async def test_a_lost_blob_is_a_miss(database: AsyncEngine, tmp_path: Path) -> None:
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    await cache.clear()
    cache.put(key(1), Recording(b"x", 1.0))
    await cache.close()
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    assert await cache.get(key(1)) is None
    cache.put(key(1), Recording(b"y", 1.0))
    await cache.close()
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    assert await cache.get(key(1)) == Recording(b"y", 1.0)
    await cache.close()


async def test_a_cache_that_cannot_read_has_nothing(database: AsyncEngine, tmp_path: Path) -> None:
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    cache.put(key(1), Recording(b"sound", 1.0))
    await cache.close()
    blob = next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.unlink()
    blob.mkdir()
    cache = Cache(database, Blobs.local(tmp_path / "blobs"), 10_000)
    assert await cache.get(key(1)) is None
    await cache.close()

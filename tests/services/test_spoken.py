"""What is spoken waits in memory to be joined while there is room, else in storage."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from polyvox.domain.errors import Unavailable
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job, Part
from polyvox.domain.speech import Word
from polyvox.services.spoken import Rows, Spoken, Take, unit_name
from polyvox.storage.blobs import Blobs
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows
from polyvox.storage.parts import PartRows

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Store:
    job: str
    parts: PartRows
    blobs: Blobs

    async def keep(self, number: int, take: Take) -> None:
        await self.blobs.put(unit_name(self.job, number), take.data)
        await self.parts.put(self.job, part(number, take))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    database = await connect(f"sqlite:///{tmp_path}/jobs.db")
    job = await JobRows(database).add(Job(new_id(), "narration", {}, "tone"))
    yield Store(job.id, PartRows(database), Blobs.local(tmp_path / "blobs"))
    await database.dispose()


def take(number: int, size: int = MEGABYTE) -> Take:
    return Take(bytes([number]) * size, (Word(f"word{number}", 0.0, 1.0, 0, 5),))


def part(number: int, of: Take) -> Part:
    return Part(number, "digest", 1.0, of.words)


async def test_what_was_just_spoken_is_not_read_from_storage(store: Store) -> None:
    spoken = Spoken(store.job, store.parts, store.blobs, [0])
    asking = asyncio.ensure_future(spoken.take(0))
    await asyncio.sleep(0)
    assert not asking.done()
    spoken.add(0, take(0))
    assert await asking == take(0)


async def test_what_finds_no_room_is_read_once_it_is_kept(store: Store) -> None:
    spoken = Spoken(store.job, store.parts, store.blobs, range(12))
    for number in range(12):
        spoken.add(number, take(number))
    assert [await spoken.take(number) for number in range(8)] == [take(n) for n in range(8)]
    asking = asyncio.ensure_future(spoken.take(9))
    await asyncio.sleep(0)
    assert not asking.done(), "it is not in storage yet"
    await store.keep(9, take(9))
    spoken.kept([9])
    assert await asking == take(9)


async def test_what_is_waited_for_always_finds_room(store: Store) -> None:
    spoken = Spoken(store.job, store.parts, store.blobs, range(12))
    asking = asyncio.ensure_future(spoken.take(0))
    await asyncio.sleep(0)
    for number in range(11, -1, -1):
        spoken.add(number, take(number))
    assert await asking == take(0)


async def test_units_that_were_kept_before_are_read_in_order(store: Store) -> None:
    for number in range(120):
        await store.keep(number, take(number, 10))
    spoken = Spoken(store.job, store.parts, store.blobs)
    for number in range(120):
        assert await spoken.take(number) == take(number, 10)


async def test_a_unit_that_storage_has_lost_is_named(store: Store) -> None:
    await store.keep(0, take(0))
    await store.blobs.delete([unit_name(store.job, 0)])
    spoken = Spoken(store.job, store.parts, store.blobs)
    for number in (0, 1):
        with pytest.raises(Unavailable, match=f"Segment {number} of job"):
            await spoken.take(number)


async def test_rows_are_kept_some_at_a_time_and_all_in_the_end(store: Store) -> None:
    told: list[Sequence[int]] = []

    async def kept(numbers: Sequence[int]) -> None:
        assert set(numbers) <= set(await store.parts.all(store.job))
        told.append(numbers)

    async with Rows(store.job, store.parts, kept) as rows:
        for number in range(250):
            await rows.add(part(number, take(number, 1)))
    assert [number for numbers in told for number in numbers] == list(range(250))
    assert len(told) <= 4


async def test_a_row_that_cannot_be_kept_is_heard_of(store: Store) -> None:
    async def kept(numbers: Sequence[int]) -> None:
        raise AssertionError(numbers)

    async def spoken() -> None:
        async with Rows(new_id(), store.parts, kept) as rows:
            for number in range(250):
                added.append(number)
                await rows.add(part(number, take(number, 1)))

    added: list[int] = []
    with pytest.raises(IntegrityError):
        await spoken()
    assert len(added) < 250, "the next one that comes is told"

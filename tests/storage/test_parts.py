"""What a job has done is kept part by part, and found again without reading all of it; on both
databases."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from polyvox.domain.identity import new_id
from polyvox.domain.job import Job, Part
from polyvox.domain.speech import Word
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows
from polyvox.storage.parts import PartRows

WORDS = (Word("Straße", 0.1, 0.52, 0, 6), Word("雨", 0.6, 0.9, 7, 8))


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[tuple[PartRows, str]]:
    """The rows, and the id of a job."""
    database = await connect(database_url)
    job = await JobRows(database).add(Job(new_id(), "narration", {}, "tone"))
    yield PartRows(database), job.id
    await database.dispose()


def part(number: int) -> Part:
    return Part(number, f"digest {number}", 1.5, WORDS)


async def test_parts_come_back_as_they_were_kept(rows: tuple[PartRows, str]) -> None:
    parts, job = rows
    failed = Part(2, "other", error="It could not be spoken.")
    await parts.put(job, part(0), failed)
    assert await parts.all(job) == {0: part(0), 2: failed}
    assert await parts.digests(job) == {0: "digest 0", 2: "other"}


async def test_a_part_takes_the_place_of_the_one_with_its_number(
    rows: tuple[PartRows, str],
) -> None:
    parts, job = rows
    await parts.put(job, part(0), part(1))
    newer = replace(part(1), digest="newer", words=())
    await parts.put(job, newer, part(2))
    assert await parts.all(job) == {0: part(0), 1: newer, 2: part(2)}


async def test_a_page_has_the_numbers_that_were_asked_for(rows: tuple[PartRows, str]) -> None:
    parts, job = rows
    await parts.put(job, *(part(number) for number in range(10) if number != 5))
    assert list(await parts.some(job, 4, 3)) == [4, 6]
    assert await parts.some(job, 4, 1) == {4: part(4)}
    assert await parts.some(new_id(), 0, 10) == {}


async def test_thousands_of_parts_are_forgotten_and_no_others(rows: tuple[PartRows, str]) -> None:
    parts, job = rows
    await parts.put(job, *(part(number) for number in range(2000)))
    await parts.drop(job, range(1, 2000))
    assert list(await parts.digests(job)) == [0]


async def test_parts_that_come_together_are_all_kept_or_none(rows: tuple[PartRows, str]) -> None:
    parts, job = rows
    with pytest.raises(IntegrityError):
        await parts.put(job, part(0), part(1), part(1))
    assert await parts.all(job) == {}

"""Narrations: what is spoken is joined from memory or from storage, with the same sound, whatever
was stopped in between; and length costs next to no memory."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyvox.app import worker
from polyvox.domain.job import Job
from polyvox.services import Services
from polyvox.settings import Settings

LINE = "Some more words to hum, six."


def text(lines: int) -> str:
    return "\n\n".join(f"{number} {LINE}" for number in range(lines))


async def asked(services: Services, lines: int, **given: Any) -> Job:
    how = {"text": text(lines), "model": "tone", "language": "en", "format": "wav", **given}
    job, _ = await services.jobs.submit("narration", how)
    return job


async def narrated(settings: Settings, services: Services, job: Job) -> Job:
    await worker(settings, services).take(job.id)
    done = await services.jobs.get(job.id)
    assert done.status == "completed", done.error
    return done


def kept(settings: Settings, job: Job, name: str) -> Path:
    return settings.storage.folder / "blobs" / "jobs" / job.id / name


async def stopped(
    settings: Settings, services: Services, job: Job, enough: Callable[[int], bool]
) -> None:
    """Work at the job until enough of its segments are kept."""
    task = asyncio.create_task(worker(settings, services).take(job.id))
    while not enough(len((await services.jobs.segments(job.id))[1])):  # noqa: ASYNC110 – in a database
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_read_back_sounds_as_what_was_handed_on(
    settings: Settings, services: Services
) -> None:
    job = await narrated(settings, services, await asked(services, 12))
    file = kept(settings, job, "audio.wav")
    at_once = file.read_bytes()
    file.unlink()
    opened, _ = await services.jobs.audio(job.id)
    assert b"".join([piece async for piece in opened.pieces]) == at_once


async def test_a_stopped_narration_ends_as_one_that_was_not(
    settings: Settings, services: Services
) -> None:
    whole = await narrated(settings, services, await asked(services, 30))
    slow = {"options": {"real_time_factor": 0.01}}
    job = await asked(services, 30, **slow)
    await stopped(settings, services, job, lambda count: count >= 5)
    units = kept(settings, job, "units")
    spoken = (await services.jobs.segments(job.id))[1]
    assert 5 <= len(spoken) < 30
    before = {number: (units / f"{number:06}.pcm").stat().st_mtime_ns for number in spoken}
    job = await narrated(settings, services, job)
    after = {number: (units / f"{number:06}.pcm").stat().st_mtime_ns for number in spoken}
    assert after == before, "what was kept is not spoken again"
    for name in ("audio.wav", "words.json"):
        assert kept(settings, job, name).read_bytes() == kept(settings, whole, name).read_bytes()


async def test_a_narration_that_fails_keeps_what_it_has(
    settings: Settings, services: Services
) -> None:
    chapters = [{"text": text(6)}, {"text": "x" * 150}]
    fails = {"text": None, "chapters": chapters, "options": {"fail_after": 5.0}}
    job = await asked(services, 0, **fails)
    await worker(settings, services).take(job.id)
    assert (await services.jobs.get(job.id)).error == "asked to fail after 5.0 s"
    assert list((await services.jobs.segments(job.id))[1]) == [0, 1, 2, 3, 4, 5]


async def test_words_are_kept_with_their_places_in_the_whole_text(
    settings: Settings, services: Services
) -> None:
    job = await narrated(settings, services, await asked(services, 20))
    words = json.loads(kept(settings, job, "words.json").read_bytes())
    whole = text(20)
    assert [word[0] for word in words] == whole.split()
    assert [whole[first:last] for _, _, _, first, last in words] == whole.split()
    times = [time for _, start, end, _, _ in words for time in (start, end)]
    assert times == sorted(times)
    assert times[-1] <= job.result["seconds"]


async def test_a_narration_without_words_has_an_empty_list_of_them(
    settings: Settings, services: Services
) -> None:
    job = await narrated(settings, services, await asked(services, 0, text="[pause:1s] …"))
    assert json.loads(kept(settings, job, "words.json").read_bytes()) == []


async def test_a_segment_with_another_seed_is_spoken_again_alone(
    settings: Settings, services: Services
) -> None:
    job = await narrated(settings, services, await asked(services, 8))
    files = sorted(kept(settings, job, "units").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    await services.jobs.again(job.id, 3, 7)
    await narrated(settings, services, job)
    after = [file.stat().st_mtime_ns for file in files]
    assert [old != new for old, new in zip(before, after, strict=True)] == [
        number == 3 for number in range(8)
    ]


@pytest.mark.long
async def test_length_costs_next_to_no_memory(settings: Settings, services: Services) -> None:
    """Of what is joined from storage, where nothing waits in memory to be joined."""
    peaks = []
    for lines in (2, 100, 400):
        job = await asked(services, 0, text="\n\n".join(["a " * 20] * lines))
        await narrated(settings, services, job)
        tracemalloc.start()
        await services.jobs.audio(job.id, "pcm")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[2] - peaks[1]) / 300 < 2500, "bytes of a segment of 20 words"

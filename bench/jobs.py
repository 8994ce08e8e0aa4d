"""Jobs: how much of the bare engine's throughput a narration of 1,000 segments keeps, what a queue
costs for each job, how soon a stopped narration goes on, memory against length, and 10,000 jobs
that wait. Every share is taken within one run. Celery needs redis-server.

    python -m bench.jobs
    python -m bench.jobs --quick      100 segments, 1,000 jobs
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from bench.processes import cores, free_port
from bench.texts import texts
from polyvox.app import running
from polyvox.app import worker as working
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.registry import Registry
from polyvox.jobs.queue import Embedded, Queue
from polyvox.jobs.worker import Report, Rules, Worker
from polyvox.services import Services
from polyvox.settings import Settings
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows

_PACED = 0.02
"""Seconds that the hum waits for a second of sound: 50 × real time in each process, faster than
neural engines are."""
_ROUNDS = 3


@dataclass(frozen=True)
class Spoken:
    """What the bare engine is given."""

    engine: str
    segment: Segment
    voice: Voice
    options: Mapping[str, Any] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="100 segments, 1,000 jobs")
    parser.add_argument("--lengths", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--celery", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lengths:
        asyncio.run(_one_length(Path(given.lengths[0]), int(given.lengths[1])))
    elif given.celery:
        _be_celery(*given.celery)
    else:
        segments, waiting = (100, 1_000) if given.quick else (1_000, 10_000)
        asyncio.run(_throughput(segments, 1 if given.quick else _ROUNDS))
        asyncio.run(_resuming(segments))
        asyncio.run(_queues(200 if given.quick else 1_000))
        asyncio.run(_many(waiting))
        _memory((segments // 10, segments, segments * 3))


def _asked(segments: int, fmt: str, paced: bool) -> dict[str, Any]:
    text = "\n\n".join(each[:180] for each in texts(segments))
    how = {"model": "tone", "options": {"real_time_factor": _PACED}} if paced else {}
    return {"text": text, "language": "en", "format": fmt, **how}


async def _throughput(segments: int, rounds: int) -> None:
    for paced in (False, True):
        for fmt in ("pcm", "wav", "mp3"):
            shares, rates = list[float](), list[float]()
            count = segments // 5 if paced else segments
            for _ in range(1 if paced else rounds):
                async with _services() as (settings, served):
                    bare, took, sound = await _compare(settings, served, _asked(count, fmt, paced))
                shares.append(bare / took)
                rates.append(sound / took)
            name = f"tone at {1 / _PACED:.0f} ×" if paced else "espeak"
            print(
                f"{name}, {fmt}, {count} segments on {cores()} cores: {_middle(shares, '.2f')} "
                f"of the bare engine's throughput, {_middle(rates, '.0f')} × real time"
            )


async def _compare(
    settings: Settings, served: Services, asked: dict[str, Any]
) -> tuple[float, float, float]:
    """Seconds of the bare engine in as many processes as cores, of the narration, of the sound."""
    script = await served.jobs.submit("narration", {**asked, "text": "Warm."})
    await _work(settings, served, script[0])
    job, _ = await served.jobs.submit("narration", asked)
    units = (await served.jobs.segments(job.id))[0].units
    given = [
        Spoken(unit.plan.engine.name, unit.segment, unit.plan.voice, unit.plan.options)
        for unit in units
        if not unit.piece.silent
    ]
    bare = await asyncio.to_thread(_bare, given)
    begun = time.perf_counter()
    await _work(settings, served, job)
    took = time.perf_counter() - begun
    done = await served.jobs.get(job.id)
    assert done.status == "completed", done.error
    return bare, took, float(done.result["seconds"])


def _bare(given: Sequence[Spoken]) -> float:
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(_say, given[: 8 * cores()], chunksize=8))
        begun = time.perf_counter()
        list(pool.map(_say, given, chunksize=4))
        return time.perf_counter() - begun


def _say(given: Spoken) -> int:
    engine = _loaded(given.engine)
    chunks = engine.synthesize(given.segment, given.voice, engine.Options(**given.options))
    return sum(len(chunk.samples) for chunk in chunks)


@lru_cache
def _loaded(name: str) -> Synthesizer:
    engine = Registry().synthesizer(name)()
    engine.load("cpu")
    return engine


async def _resuming(segments: int) -> None:
    async with _services() as (settings, served):
        job, _ = await served.jobs.submit("narration", _asked(segments, "wav", False))
        task = asyncio.create_task(_work(settings, served, job))
        await _until(lambda: _spoken(served, job), segments // 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        spoken = await _spoken(served, job)
        begun = time.perf_counter()
        task = asyncio.create_task(_work(settings, served, job))
        await _until(lambda: _spoken(served, job), spoken + 1)
        print(
            f"stopped after {spoken} of {segments} segments: the next one is kept "
            f"{1000 * (time.perf_counter() - begun):.0f} ms after it is taken up again"
        )
        await task


async def _work(settings: Settings, served: Services, job: Job) -> None:
    worker = working(settings, served)
    async with worker.living():
        await worker.take(job.id)


async def _spoken(served: Services, job: Job) -> int:
    return len((await served.jobs.segments(job.id))[1])


async def _until(look: Callable[[], Awaitable[int]], least: int) -> None:
    while await look() < least:  # noqa: ASYNC110 – what is looked at lies in a database
        await asyncio.sleep(0.002)


async def _queues(count: int) -> None:
    for name in ("embedded", "celery"):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            url = f"sqlite:///{folder}/jobs.db"
            async with (
                _rows(url) as rows,
                _worked(name, url, rows, Path(folder)) as queue,
            ):
                await _timed(rows, queue, 1)
                waits = [await _timed(rows, queue, 1) for _ in range(20)]
                rate = count / await _timed(rows, queue, count)
        print(
            f"{name}: a job that does nothing is over {1000 * statistics.median(waits):.1f} ms "
            f"after it was put; of {count} at once {rate:.0f} a second, "
            f"{1000 / rate:.1f} ms each"
        )


@contextlib.asynccontextmanager
async def _worked(name: str, url: str, rows: JobRows, folder: Path) -> AsyncIterator[Queue]:
    if name == "embedded":
        queue = Embedded()
        task = asyncio.create_task(Worker(rows, _nothing, Rules(per_engine=99)).work(queue))
        yield queue
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return
    from polyvox.jobs.celery import Brokered

    port = str(free_port())
    broker = f"redis://127.0.0.1:{port}/0"
    command = ["redis-server", "--port", port, "--save", "", "--dir", str(folder)]
    ours = [sys.executable, "-m", "bench.jobs", "--celery", url, broker]
    with _process(command), _process(ours):
        brokered = Brokered(broker)
        yield brokered
        await brokered.close()


@contextlib.contextmanager
def _process(command: Sequence[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield
        process.terminate()


def _be_celery(url: str, broker: str) -> None:
    from polyvox.jobs.celery import work

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Worker]:
        async with _rows(url) as rows:
            yield Worker(rows, _nothing, Rules(per_engine=99))

    work(broker, opened, Rules().slots)


async def _nothing(job: Job, report: Report) -> Mapping[str, Any]:
    return {}


async def _timed(rows: JobRows, queue: Queue, count: int) -> float:
    """Seconds from the first put until all are over."""
    before = (await rows.counts()).get("completed", 0)
    begun = time.perf_counter()
    for _ in range(count):
        await queue.put(await rows.add(_job()))

    async def done() -> int:
        return (await rows.counts()).get("completed", 0)

    await _until(done, before + count)
    return time.perf_counter() - begun


async def _many(count: int) -> None:
    async with _rows() as rows:
        jobs = [_job() for _ in range(count)]
        print(f"{count} jobs that wait, milliseconds each:")
        await _each("add", [partial(rows.add, job) for job in jobs])
        await _each("list the first 50", [lambda: rows.search(count=50)] * 20)
        await _each(
            "list the last 50", [lambda: rows.search(statuses=["queued"], first=count - 50)] * 20
        )
        await _each("count by status", [rows.counts] * 20)
        await _each("claim", [lambda: rows.claim("bench", count)] * 200)
        await _each("cancel", [partial(rows.cancel, job.id) for job in jobs[-200:]])


async def _each(name: str, calls: Sequence[Callable[[], Any]]) -> None:
    times = list[float]()
    for call in calls:
        begun = time.perf_counter()
        await call()
        times.append(1000 * (time.perf_counter() - begun))
    times.sort()
    print(f"  {name:20} median {statistics.median(times):6.1f}, most {times[-1]:6.1f}")


def _memory(lengths: Sequence[int]) -> None:
    found = []
    for length in lengths:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            command = [sys.executable, "-m", "bench.jobs", "--lengths", folder, str(length)]
            found.append(json.loads(subprocess.run(command, check=True, stdout=-1).stdout))
    for length, (peak, sound) in zip(lengths, found, strict=True):
        print(f"{length} segments, {sound / 60:.0f} minutes of sound: peak {peak:.0f} MB")


async def _one_length(folder: Path, segments: int) -> None:
    async with _services(folder) as (settings, served):
        job, _ = await served.jobs.submit("narration", _asked(segments, "mp3", False))
        await _work(settings, served, job)
        done = await served.jobs.get(job.id)
    assert done.status == "completed", done.error
    print(json.dumps([_peak(), done.result["seconds"]]))


def _peak() -> float:
    """Megabytes that this process had in memory at most."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM"))


@contextlib.asynccontextmanager
async def _rows(url: str | None = None) -> AsyncIterator[JobRows]:
    """Of a database of its own where no address is given."""
    with tempfile.TemporaryDirectory(prefix="bench-") as own:
        database = await connect(url or f"sqlite:///{own}/jobs.db")
        try:
            yield JobRows(database)
        finally:
            await database.dispose()


@contextlib.asynccontextmanager
async def _services(folder: Path | None = None) -> AsyncIterator[tuple[Settings, Services]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as own:
        given = {
            "engines": {"enabled": ("espeak", "tone")},
            "storage": {"folder": folder or own},
            "cache": {"enabled": False},
        }
        settings = Settings.model_validate(given)
        async with running(settings) as served:
            yield settings, served


def _job() -> Job:
    now = time.time()
    return Job(new_id(), "bench", {}, "tone", created_at=now, ready_at=now)


def _middle(values: Sequence[float], form: str) -> str:
    text = f"{statistics.median(values):{form}}"
    if len(values) == 1:
        return text
    return f"{text} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()

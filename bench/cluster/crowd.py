"""Many listeners at once through one gateway: whether all hear everything, and what the gateway's
memory grows by, with listeners that read at once and with such that read a little faster than they
listen."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.cluster.listening import BYTES_A_SECOND, Heard, Meter, asked, hear, line, listeners
from bench.cluster.machines import Machines, spent, url_of
from bench.load import Refused
from bench.processes import Served, proportional

_SLOW = 1.5
"""Times real time at which a slow listener reads."""
_WATCH = 0.25
"""Seconds between two looks at the memory."""
_SEGMENT = 5.0
"""Seconds of sound."""


@dataclass(frozen=True)
class Told:
    """What was seen while they listened."""

    whole: int
    """Listeners who heard everything."""
    peak: float
    """Megabytes of the gateway."""
    before: float
    sound: float
    """Seconds that were heard."""
    took: float
    first: float
    """Median, in seconds."""
    cpu: float
    """Processor seconds of the gateway."""


async def crowd(machines: Machines, quick: bool) -> None:
    """Prints a line for each size of crowd."""
    gateway = machines.gateway()
    machines.workers(gateway, 2)
    few, many = (10, 100) if quick else (50, 500)
    seconds = 5.0 if quick else 30.0
    for slow in (False, True):
        told = [await _listen(gateway, count, seconds, slow=slow) for count in (few, many)]
        for count, each in zip((few, many), told, strict=True):
            print(
                f"{count} {'slow ' if slow else ''}listeners, {seconds:g} s of sound each: "
                f"{each.whole} heard all of it, in {each.took:.1f} s, first sound after "
                f"{each.first:.2f} s; the gateway had {each.before:.0f} MB, at most "
                f"{each.peak:.0f}; {1000 * each.cpu / each.sound:.2f} ms of its processor for a "
                "second of sound",
                flush=True,
            )
        grown = (told[1].peak - told[0].peak) / (many - few)
        print(
            f"  {told[1].peak / told[0].peak:.2f} × the memory for {many / few:.0f} × the "
            f"listeners, {grown:.2f} MB for each more"
        )
    await _long(gateway, 10 if quick else 50, 3.0 if quick else 60.0)


async def _listen(gateway: Served, count: int, seconds: float, *, slow: bool) -> Told:
    said = asked("\n\n".join([line(_SEGMENT)] * round(seconds / _SEGMENT)))
    meter, cpu, peaks = Meter(), list[float](), [proportional(gateway.pid) / 1e6]
    begun = time.perf_counter()
    async with listeners(slow=slow) as session, _watched(gateway.pid, peaks):
        with spent(gateway.pid, cpu):
            pace = _SLOW if slow else None
            hearing = [hear(session, url_of(gateway), said, meter, pace) for _ in range(count)]
            ended = await asyncio.gather(*hearing, return_exceptions=True)
    took = time.perf_counter() - begun
    heard = [each for each in ended if isinstance(each, Heard)]
    whole = sum(each.size >= 0.9 * seconds * BYTES_A_SECOND for each in heard)
    for each in ended:
        if isinstance(each, BaseException) and not isinstance(each, (Refused, aiohttp.ClientError)):
            raise each
    first = statistics.median(each.first for each in heard)
    return Told(whole, max(peaks), peaks[0], meter.seconds, took, first, cpu[0])


async def _long(gateway: Served, count: int, seconds: float) -> None:
    """Slow listeners of texts as long as may be, for some seconds; then they leave."""
    segment = 18.0
    said = asked("\n\n".join([line(segment)] * 20))
    peaks = [proportional(gateway.pid) / 1e6]
    async with listeners(slow=True) as session, _watched(gateway.pid, peaks):
        hearing = [
            asyncio.create_task(hear(session, url_of(gateway), said, pace=_SLOW))
            for _ in range(count)
        ]
        await asyncio.sleep(seconds)
        for each in hearing:
            each.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)
    each_grew = (max(peaks) - peaks[0]) / count
    print(
        f"{count} slow listeners of 20 segments of {segment:g} s, for {seconds:g} s: the gateway "
        f"had {peaks[0]:.0f} MB, at most {max(peaks):.0f}; {each_grew:.1f} MB a listener, "
        f"{each_grew / (segment * BYTES_A_SECOND * 2 / 1e6):.1f} segments as floats"
    )


@asynccontextmanager
async def _watched(pid: int, found: list[float]) -> AsyncIterator[None]:
    """Adds the megabytes of the process again and again, while the block runs."""

    async def watch() -> None:
        while True:
            found.append(await asyncio.to_thread(proportional, pid) / 1e6)
            await asyncio.sleep(_WATCH)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

"""What a gateway gets out of its nodes: throughput against the bare engine, which runs beside it in
the same seconds, and how much sooner a long text is spoken by more nodes."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor

import aiohttp

from bench.cluster.listening import Meter, asked, hear, line, listeners
from bench.cluster.machines import Machines, busy_share, machine_clock, spent, url_of
from bench.processes import Served, cores
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Voice
from polyvox.engines.registry import Registry

PACE = 0.5
"""Seconds of waiting for a second of sound: as slow as neural engines, so that eight nodes on two
cores wait for their engine, not for the processor."""
_NARRATED = 0.1
"""The same, for a long text."""
_SEGMENT = 2.0
"""Seconds of sound of one request."""
_CLIENTS = 3
"""For each node."""
_WARM = 1.5
"""Seconds before it is measured."""
_LOOK = 0.02


async def throughput(machines: Machines, quick: bool) -> None:
    """Prints a line for each number of nodes."""
    gateway = machines.gateway("--balance", "least-outstanding")
    counts = (1, 2) if quick else (1, 2, 4, 8)
    window, rounds = (2.0, 1) if quick else (8.0, 3)
    alone = dict[str, float]()
    nodes = 0
    with ProcessPoolExecutor(1) as beside:
        await asyncio.wrap_future(beside.submit(bare, 0.1))
        for count in counts:
            await asyncio.to_thread(machines.workers, gateway, count - nodes)
            nodes = count
            shares = [await _share(gateway, nodes, window, beside) for _ in range(rounds)]
            shares.sort()
            middle = shares[len(shares) // 2]
            print(
                f"{nodes} nodes: {middle[0]:.3f} of {nodes} × the bare engine beside it "
                f"({shares[0][0]:.3f} to {shares[-1][0]:.3f}), {middle[1]:.1f} s of sound a "
                f"second; gateway {middle[2]:.2f} ms of processor for a second of sound; "
                f"the machine's {cores()} cores {100 * middle[3]:.0f} % busy; "
                f"aim >= 0.95: {'met' if middle[0] >= 0.95 else 'MISSED'}",
                flush=True,
            )
            await _narration(gateway, nodes, 8 if quick else 48, alone)


async def _share(
    gateway: Served, nodes: int, window: float, beside: ProcessPoolExecutor
) -> tuple[float, float, float, float]:
    """Of the engine's throughput times the nodes; seconds of sound a second; the gateway's
    processor milliseconds for a second of sound; how busy the machine was."""
    meter, heard = Meter(), set[str]()
    said = asked(line(_SEGMENT), PACE)

    async def client(session: aiohttp.ClientSession, late: float) -> None:
        await asyncio.sleep(late)
        while True:
            heard.add((await hear(session, url_of(gateway), said, meter)).node)

    async with listeners() as session:
        ends = _SEGMENT * PACE / nodes
        clients = [
            asyncio.create_task(client(session, ends * number))
            for number in range(_CLIENTS * nodes)
        ]
        await asyncio.sleep(_WARM + 2 * ends)
        limit = asyncio.wrap_future(beside.submit(bare, window))
        cpu, clock = list[float](), machine_clock()
        with spent(gateway.pid, cpu):
            before, begun = meter.seconds, time.perf_counter()
            await asyncio.sleep(window)
            rate = (meter.seconds - before) / (time.perf_counter() - begun)
        busy, bare_rate = busy_share(clock), await limit
        for each in clients:
            each.cancel()
        ended = await asyncio.gather(*clients, return_exceptions=True)
    for error in ended:
        if error and not isinstance(error, asyncio.CancelledError):
            raise error
    assert len(heard) == nodes, f"{len(heard)} of {nodes} nodes spoke"
    assert "" not in heard, "the gateway spoke itself"
    return rate / nodes / bare_rate, rate, 1000 * cpu[0] / (rate * window), busy


def bare(seconds: float) -> float:
    """Seconds of sound that the engine makes in a second, called directly, again and again."""
    engine = Registry().synthesizer("tone")()
    engine.load("cpu")
    segment = Segment(line(_SEGMENT), "en", 0, None)
    voice, options = (
        Voice("middle", "middle", "tone", "preset", "middle"),
        engine.Options(real_time_factor=PACE),
    )
    begun, sound = time.perf_counter(), 0.0
    while time.perf_counter() - begun < seconds:
        sound += sum(each.duration for each in engine.synthesize(segment, voice, options))
    return sound / (time.perf_counter() - begun)


async def _narration(gateway: Served, nodes: int, segments: int, alone: dict[str, float]) -> None:
    """A long text as one stream and as a job; `alone` are the times with one node."""
    text = "\n\n".join(line(_SEGMENT, number + 1) for number in range(segments))
    said = asked(text, _NARRATED)
    least = segments * _SEGMENT * _NARRATED
    async with listeners() as session:
        stream = (await hear(session, url_of(gateway), said)).last
        job = await _job(session, url_of(gateway), said)
    took = {"stream": stream, "job": job}
    for name, seconds in took.items():
        alone.setdefault(name, seconds)
    parts = [
        f"{name} {alone[name] / seconds:.2f} × as soon as by one, {least / nodes / seconds:.2f} of "
        "what the engines could"
        for name, seconds in took.items()
    ]
    print(f"  {segments} segments of {_SEGMENT:g} s: " + "; ".join(parts), flush=True)


async def _job(session: aiohttp.ClientSession, url: str, said: dict[str, object]) -> float:
    """Seconds until a narration of the text is over."""
    begun = time.perf_counter()
    narrated = {**said, "text": said["input"]}
    async with session.post(f"{url}/v1/jobs", json=narrated) as answer:
        answer.raise_for_status()
        id = (await answer.json())["id"]
    while True:
        async with session.get(f"{url}/v1/jobs/{id}") as answer:
            job = await answer.json()
        if job["status"] == "completed":
            return time.perf_counter() - begun
        assert job["status"] in ("queued", "running"), job
        await asyncio.sleep(_LOOK)

"""A thousand nodes that register and beat: what that costs a gateway, and what it costs to know
them all and to choose one. The nodes only register and beat; nobody asks them to speak."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp

from bench.cluster.listening import asked, hear, line, listeners
from bench.cluster.machines import Machines, spent, url_of
from bench.processes import Served, proportional
from polyvox.cluster.balance import BALANCES
from polyvox.cluster.members import Members
from polyvox.cluster.registry import SharedRegistry
from polyvox.domain.node import READY, Load, Node, Offer

_AT_ONCE = 16
_MODEL = "another"
"""Which they have in memory, beside one that sleeps."""
_LANGUAGES = ("zh", "en", "ja", "ko", "de", "fr", "ru", "pt")
_BEAT_EVERY = 10.0
_IN_TURN = 10
_AGAIN = 10
"""How often what takes milliseconds is timed."""


async def registry(machines: Machines, quick: bool) -> None:
    """Prints what each act costs."""
    nodes = 200 if quick else 1000
    redis = machines.redis()
    gateway = machines.gateway("--redis", redis)
    machines.workers(gateway, 1)
    async with listeners() as session:
        asking = await _speaking(session, gateway)
        quiet = 1.0 if quick else 5.0
        idle = await _share(gateway, quiet, _nothing)
        memory = proportional(gateway.pid) / 1e6
        cpu = list[float]()
        begun = time.perf_counter()
        with spent(gateway.pid, cpu):
            await _all(session, "register", gateway, [_registered(each) for each in range(nodes)])
        took = time.perf_counter() - begun
        print(
            f"{nodes} nodes register in {took:.1f} s, {1000 * cpu[0] / nodes:.2f} ms of the "
            "gateway's processor each"
        )
        print(
            f"a request takes {asking:.2f} ms of the gateway's processor with one node, "
            f"{await _speaking(session, gateway):.2f} where {nodes} others sleep"
        )
        known = await _share(gateway, quiet, _nothing)
        window = 3.0 if quick else 2 * _BEAT_EVERY
        beaten = list[int]()
        beating = await _share(
            gateway, window, lambda: _beat(session, gateway, nodes, window, beaten)
        )
        each = (beating - known) * window / len(beaten)
        print(
            f"one core's share of the gateway: {100 * idle:.1f} % with no node, {100 * known:.1f} "
            f"with {nodes} that are silent, {100 * beating:.1f} while {len(beaten) / window:.0f} "
            f"beat in a second; {1000 * each:.2f} ms a beat with its way through Redis; memory "
            f"{memory:.0f} MB, then {proportional(gateway.pid) / 1e6:.0f}"
        )
        times = [await _listed(session, gateway) for _ in range(_AGAIN)]
        print(f"a list of all of them: {1000 * statistics.median(times):.0f} ms (GET /api/nodes)")
    await _known(redis)


async def _speaking(session: aiohttp.ClientSession, gateway: Served) -> float:
    """Processor milliseconds of the gateway for a short request."""
    cpu, said = list[float](), asked(line(0.2))
    for _ in range(_AGAIN):
        with spent(gateway.pid, cpu):
            for _ in range(_IN_TURN):
                assert (await hear(session, url_of(gateway), said)).node
    return 1000 * statistics.median(cpu[1:]) / _IN_TURN


async def _known(redis: str) -> None:
    """In this process, from the same Redis: reading all again, and choosing."""
    book = SharedRegistry(redis)
    members = Members(book, 3600.0)
    first = await _spent(members.refresh)
    nodes = [each.node for each in members.all()]
    before = await _sent(redis)
    again = [await _spent(members.refresh) for _ in range(_AGAIN)]
    bytes_read = (await _sent(redis) - before) / (_AGAIN + 1)
    changed = list[float]()
    for turn in range(_AGAIN):
        for node in nodes[turn % 10 :: 10]:
            await book.put(replace(node, beats=node.beats + turn + 1))
        changed.append(await _spent(members.refresh))
    print(
        f"reading {len(nodes)} nodes again: {1000 * first:.1f} ms of processor the first time, "
        f"{1000 * statistics.median(again):.1f} unchanged, {1000 * statistics.median(changed):.1f} "
        f"where a tenth has beaten; {bytes_read / 1000:.0f} kB from Redis, "
        f"{bytes_read / len(nodes):.0f} bytes a node"
    )
    for name, balance in BALANCES.items():
        looking, choosing = list[float](), list[float]()
        for _ in range(5 * _AGAIN):
            begun = time.perf_counter()
            ready = members.ready(_MODEL)
            free = [each for each in ready if each.free(_MODEL) > 0]
            looking.append(time.perf_counter() - begun)
            member = balance(free, _MODEL, None)
            choosing.append(time.perf_counter() - begun - looking[-1])
            member.chosen += 1
        look, choose = (1000 * statistics.median(each) for each in (looking, choosing))
        print(
            f"one choice of {len(nodes)}, {name}: {look:.2f} ms to look who is free, "
            f"{choose:.2f} to choose; {1000 * (look + choose) / len(nodes):.2f} µs a node"
        )
    await book.close()


async def _spent(act: Callable[[], Awaitable[object]]) -> float:
    """Processor seconds of this process."""
    begun = time.process_time()
    await act()
    return time.process_time() - begun


async def _sent(redis: str) -> float:
    """Bytes that Redis has sent so far."""
    from redis.asyncio import Redis

    client = Redis.from_url(redis)
    try:
        return float((await client.info("stats"))["total_net_output_bytes"])
    finally:
        await client.aclose()


async def _share(gateway: Served, seconds: float, act: Callable[[], Awaitable[None]]) -> float:
    """Of one core, that the gateway uses meanwhile."""
    cpu, begun = list[float](), time.perf_counter()
    with spent(gateway.pid, cpu):
        await act()
        await asyncio.sleep(max(0.0, seconds - (time.perf_counter() - begun)))
    return cpu[0] / (time.perf_counter() - begun)


async def _nothing() -> None:
    pass


async def _beat(
    session: aiohttp.ClientSession, gateway: Served, nodes: int, seconds: float, done: list[int]
) -> None:
    """As evenly as nodes do that started at different times."""
    every, begun = _BEAT_EVERY / nodes, time.perf_counter()
    under_way = set[asyncio.Task[None]]()
    for number in range(int(seconds / every)):
        await asyncio.sleep(max(0.0, begun + number * every - time.perf_counter()))
        path = f"{_id(number % nodes)}/heartbeat"
        said = {"status": "ready", "cpu": number % 100, "request_count": number}
        task = asyncio.create_task(_post(session, gateway, path, said))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        done.append(number)
    await asyncio.gather(*under_way)


async def _all(
    session: aiohttp.ClientSession, path: str, gateway: Served, all_said: list[dict[str, Any]]
) -> None:
    waiting = list(reversed(all_said))

    async def work() -> None:
        while waiting:
            await _post(session, gateway, path, waiting.pop())

    async with asyncio.TaskGroup() as workers:
        for _ in range(_AT_ONCE):
            workers.create_task(work())


async def _post(
    session: aiohttp.ClientSession, gateway: Served, path: str, said: dict[str, Any]
) -> None:
    async with session.post(f"{url_of(gateway)}/api/nodes/{path}", json=said) as answer:
        told = await answer.json()
        assert answer.status == 200, told
        assert told["success"], told


async def _listed(session: aiohttp.ClientSession, gateway: Served) -> float:
    begun = time.perf_counter()
    async with session.get(f"{url_of(gateway)}/api/nodes") as answer:
        await answer.read()
    return time.perf_counter() - begun


def _registered(number: int) -> dict[str, Any]:
    """As a node with a GPU says it."""
    node = Node(
        _id(number),
        f"http://127.0.0.1:{20000 + number}",
        (Offer("tone", "tone", 1, _LANGUAGES), Offer("tone", _MODEL, 1, _LANGUAGES, True)),
        READY,
        load=Load(12.5, 40.0, 80.0, 60.0, 1, 0, 1000, 2, 850.0),
        boot=f"{number:032x}",
        about={"machine": f"machine-{number}", "system": "Linux"},
    )
    offers = [
        {"engine": each.engine, "model": each.model, "seats": each.seats}
        | {"languages": each.languages, "loaded": each.loaded}
        for each in node.offers
    ]
    return {
        "node_id": node.id,
        "engine_type": "tone",
        "url": node.url,
        "status": node.state,
        "offers": offers,
        "boot": node.boot,
        "about": dict(node.about),
        "version": "1",
    }


def _id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"

"""Several gateways with the same nodes: how long requests wait for a seat when each gateway only
knows what it has sent itself, and nodes let others wait in line, or refuse when they are busy."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence

from bench.cluster.listening import Heard, asked, hear, line, listeners
from bench.cluster.machines import Machines, url_of
from bench.processes import Served

_NODES, _GATEWAYS = 4, 3
_PACE, _SOUND = 0.5, 1.0
"""Seconds of waiting for a second of sound, and seconds of sound of a request."""
_BUSY = 0.75
"""Of the nodes' time, how much is asked for."""


async def sharing(machines: Machines, quick: bool) -> None:
    """Prints a line for one gateway, and one for several with each way."""
    seconds = 10.0 if quick else 40.0
    for waiting, count in (("4", 1), ("4", _GATEWAYS), ("0", _GATEWAYS)):
        redis = machines.redis()
        gateways = [machines.gateway("--redis", redis) for _ in range(count)]
        machines.workers(gateways[0], _NODES, POLYVOX_CLUSTER__WAITING=waiting)
        await asyncio.sleep(2.5)  # the others look every second
        waits = await _arrivals(gateways, seconds)
        taken = _PACE * _SOUND
        print(
            f"{count} gateways, {_NODES} nodes {100 * _BUSY:.0f} % busy, {waiting} may wait at a "
            f"node: {len(waits)} requests wait {statistics.fmean(waits) / taken:.2f} of the time "
            f"that one takes, at most {max(waits) / taken:.2f}",
            flush=True,
        )


async def _arrivals(gateways: Sequence[Served], seconds: float) -> list[float]:
    """Requests that come at random; what each waits more than the quickest one."""
    chance, coming = random.Random(2026), list[asyncio.Task[Heard]]()
    said, every = asked(line(_SOUND), _PACE), _PACE * _SOUND / _NODES / _BUSY
    begun = at = time.perf_counter()
    async with listeners() as session:
        while at < begun + seconds:
            at += chance.expovariate(1 / every)
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            url = url_of(chance.choice(gateways))
            coming.append(asyncio.create_task(hear(session, url, said)))
        heard = await asyncio.gather(*coming)
    assert all(each.node for each in heard), "a gateway spoke itself"
    quickest = min(each.first for each in heard)
    return [each.first - quickest for each in heard]

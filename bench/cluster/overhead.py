"""What the way through a gateway and a node adds to one server that speaks itself: for a request,
and for each chunk of its sound. Both are asked in turns within the same seconds."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

import aiohttp

from bench.cluster.listening import asked, hear, line, listeners
from bench.cluster.machines import Machines, spent, url_of
from bench.processes import Served

_IN_TURN = 5
"""Requests to one before the other has its turn."""
_FACTOR = 0.1
"""So slow that each tenth of a second of sound is a message of its own."""
_SHORT, _LONG = 0.2, 3.0
"""Seconds of sound; in tenths of a second, the chunks of each."""
_AIM = 2.0
"""Milliseconds."""


@dataclass
class Turn:
    """What was measured of a server with one kind of request."""

    first: list[float] = field(default_factory=list)
    """Seconds to the first byte, of each request."""
    cpu: list[float] = field(default_factory=list)
    """Processor seconds of its own process for each request, a mean of each turn."""

    @property
    def milliseconds(self) -> float:
        return 1000 * statistics.median(self.first)

    @property
    def processor(self) -> float:
        """Milliseconds a request."""
        return 1000 * statistics.median(self.cpu)


async def overhead(machines: Machines, quick: bool) -> None:
    """Prints both beside each other, and their difference against the aim."""
    server, gateway = machines.server(), machines.gateway()
    machines.workers(gateway, 1)
    turns, few = (12, 1) if quick else (80, 10)
    async with listeners() as session:
        first = await _compare(session, server, gateway, _SHORT, 0.0, turns)
        short = await _compare(session, server, gateway, _SHORT, _FACTOR, few)
        long = await _compare(session, server, gateway, _LONG, _FACTOR, few)
    server_first, gateway_first = first
    added = gateway_first.milliseconds - server_first.milliseconds
    print(
        f"first byte, median of {len(gateway_first.first)}: {server_first.milliseconds:.1f} ms "
        f"from a server, {gateway_first.milliseconds:.1f} through a gateway and a node, "
        f"+ {added:.1f} ms; aim <= {_AIM:g}: {'met' if added <= _AIM else 'MISSED'}"
    )
    print(
        f"processor for a request: {server_first.processor:.1f} ms in the server's own process, "
        f"{gateway_first.processor:.1f} in the gateway's, "
        f"+ {gateway_first.processor - server_first.processor:.1f} ms"
    )
    chunks = 10 * (_LONG - _SHORT)
    each = [
        1000 * (more.processor - less.processor) / chunks
        for less, more in zip(short, long, strict=True)
    ]
    print(
        f"processor for a chunk of 100 ms: {each[0]:.0f} µs in the server's own process, "
        f"{each[1]:.0f} in the gateway's, + {each[1] - each[0]:.0f} µs"
    )


async def _compare(
    session: aiohttp.ClientSession,
    server: Served,
    gateway: Served,
    seconds: float,
    factor: float,
    turns: int,
) -> tuple[Turn, Turn]:
    """Of the server, and of the gateway."""
    said, found = asked(line(seconds), factor), (Turn(), Turn())
    for turn in range(turns + 1):
        keep = found if turn else (Turn(), Turn())
        await _ask(session, server, said, keep[0], through=False)
        await _ask(session, gateway, said, keep[1], through=True)
    return found


async def _ask(
    session: aiohttp.ClientSession,
    served: Served,
    said: dict[str, object],
    turn: Turn,
    *,
    through: bool,
) -> None:
    cpu = list[float]()
    with spent(served.pid, cpu):
        for _ in range(_IN_TURN):
            heard = await hear(session, url_of(served), said)
            assert bool(heard.node) == through, heard
            turn.first.append(heard.first)
    turn.cpu.append(cpu[0] / _IN_TURN)

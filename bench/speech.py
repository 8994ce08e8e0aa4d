"""Speaking over HTTP, four ways with the same texts, in turns on the same machine:

- the limit: engine, resampler and encoder in a loop, a process per core, no HTTP (`peers/bare`);
- Polyvox as `polyvox serve` starts it, cache off;
- FastAPI with an espeak-ng process per request, a uvicorn worker per core (`peers/subprocesses`);
- LitServe with Polyvox's engine and encoder, a worker per core (`peers/lit`).

The load is a closed loop of 1, 8 and 32 clients in a process of its own, on the same cores.
Figures are medians of rounds; ratios are taken within a round, as the machine's mood changes.
Linux only, for processor time is read from /proc.

    python -m bench.speech --rounds 3
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.figures import COMPARISONS, Figures, Place, figures, medians, table
from bench.paths import LIMIT, Server, awake, loaded, peers, polyvox, started
from bench.peers.bare import Bare
from bench.processes import Served, cores, freeze
from bench.texts import texts

FORMATS = ("mp3", "wav")
CLIENTS = (1, 8, 32)
_WARMING = 8
"""Texts that go through a path before it is measured."""


def main() -> None:
    chosen = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        servers = _available([polyvox(), *([] if chosen.no_peers else peers())])
        running = {each.name: _ready(stack, each, folder) for each in servers}
        bare = stack.enter_context(Bare.ready(cores()))
        spoken = texts(chosen.texts)
        rounds = [
            _round(running, bare, spoken, turn, chosen.rounds) for turn in range(chosen.rounds)
        ]
    _print(rounds, len(spoken))
    if chosen.json:
        _write(chosen.json, rounds)


def _round(
    running: Mapping[str, Served], bare: Bare, spoken: Sequence[str], turn: int, turns: int
) -> dict[Place, Figures]:
    """Every path once with every format and number of clients; who begins changes."""
    found: dict[Place, Figures] = {}
    for format_name in FORMATS:
        for clients in CLIENTS:
            order = [LIMIT, *running]
            for path in order[turn % len(order) :] + order[: turn % len(order)]:
                run = partial(_limit, bare) if path == LIMIT else partial(_served, running[path])
                row = found[path, format_name, clients] = run(clients, spoken, format_name)
                _say(
                    f"round {turn + 1}/{turns}  {format_name} {clients:2} clients  "
                    f"{path:20} {row.requests:6.1f} req/s"
                )
    return {place: found[place] for place in sorted(found, key=_in_order)}


def _in_order(place: Place) -> tuple[int, int, int]:
    path, format_name, clients = place
    order = [LIMIT, polyvox().name, *(each.name for each in peers())]
    return FORMATS.index(format_name), clients, order.index(path)


def _limit(bare: Bare, clients: int, spoken: Sequence[str], format_name: str) -> Figures:
    result = bare.run(min(clients, cores()), spoken, format_name)
    return figures(result, result.cpu, 0.0, format_name)


def _served(served: Served, clients: int, spoken: Sequence[str], format_name: str) -> Figures:
    with awake(served):
        loaded(served, _WARMING, spoken[:_WARMING], format_name)
        result, cpu = loaded(served, clients, spoken, format_name)
    return figures(result, cpu, result.cpu, format_name)


def _available(servers: Sequence[Server]) -> list[Server]:
    for each in servers:
        if each.missing:
            _say(f"LEFT OUT: {each.name}, because {each.missing}")
    return [each for each in servers if not each.missing]


def _ready(stack: contextlib.ExitStack, server: Server, folder: Path) -> Served:
    _say(f"starting {server.name}")
    served = stack.enter_context(started(server, folder))
    freeze(served.pid)
    return served


def _print(rounds: Sequence[Mapping[Place, Figures]], count: int) -> None:
    print(f"{count} texts of 1 to 60 words, {cores()} cores, medians of {len(rounds)} rounds\n")
    print("\n".join(table(medians(rounds))))
    print("\nWithin a round (median; range):\n")
    print("\n".join(each.line(rounds) for each in COMPARISONS))


def _write(file: Path, rounds: Sequence[Mapping[Place, Figures]]) -> None:
    rows = [
        {"round": turn, "path": path, "format": name, "clients": clients, **asdict(row)}
        for turn, run in enumerate(rounds, 1)
        for (path, name, clients), row in run.items()
    ]
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.speech",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--texts", type=int, default=400, help="how many texts (400)")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds (3)")
    parser.add_argument("--quick", action="store_true", help="40 texts, one round: a smoke test")
    parser.add_argument("--no-peers", action="store_true", help="Polyvox and the limit only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.texts, chosen.rounds = 40, 1
    return chosen


if __name__ == "__main__":
    main()

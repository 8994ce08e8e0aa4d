"""A cluster of gateway and workers, with an engine of known pace: how much of its nodes' throughput
a gateway passes on, what the way through it adds to a request, what many listeners and a thousand
nodes cost, and what several gateways know of each other. Linux only (/proc); needs redis-server.

    python -m bench.cluster
    python -m bench.cluster --quick              smaller, about a minute, without `sharing`
    python -m bench.cluster --only overhead      throughput, overhead, crowd, registry or sharing
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.cluster.crowd import crowd
from bench.cluster.machines import Machines
from bench.cluster.overhead import overhead
from bench.cluster.registry import registry
from bench.cluster.sharing import sharing
from bench.cluster.throughput import throughput

_PARTS = {
    "throughput": throughput,
    "overhead": overhead,
    "crowd": crowd,
    "registry": registry,
    "sharing": sharing,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.cluster",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="smaller, without `sharing`")
    parser.add_argument(
        "--only", action="append", choices=list(_PARTS), help="a part of it; repeat for more"
    )
    given = parser.parse_args()
    left_out = {"sharing"} if given.quick else set[str]()
    for name in given.only or [each for each in _PARTS if each not in left_out]:
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            Machines(Path(folder)) as machines,
        ):
            asyncio.run(_PARTS[name](machines, given.quick))


if __name__ == "__main__":
    main()

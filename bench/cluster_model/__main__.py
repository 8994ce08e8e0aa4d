"""A cluster too large to build, as a model: what 10,000 nodes ask of gateways and Redis, how long
segments wait under each way to choose a node, and how many requests are lost when many nodes die at
once. Costs are those that `bench.cluster` measured; everything else is drawn from a seed.

    python -m bench.cluster_model
    python -m bench.cluster_model --nodes 2000 --gateways 4
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence

from bench.cluster_model.deaths import Death, deaths
from bench.cluster_model.needs import Costs, Work, need
from bench.cluster_model.waits import WAYS, Waits

_FEWER = 500
"""Nodes with which waiting is drawn: it depends on how busy they are, not on how many."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--gateways", type=int, default=16)
    given = parser.parse_args()
    costs, work = Costs(), Work()
    _print_needs((100, 1_000, given.nodes), costs, work)
    _print_waits(_FEWER, given.gateways)
    _print_deaths(given.nodes, given.gateways)


def _print_needs(sizes: Sequence[int], costs: Costs, work: Work) -> None:
    print(
        f"{'nodes':>6} {'':26} {'gateways':>8} {'sound':>6} {'looking':>7} {'reading':>7} "
        f"{'beats/s':>7} {'Redis commands/s':>16} {'MB/s':>6}"
    )
    for nodes in sizes:
        for name, changed_only, indexed in (
            ("as it is", False, False),
            ("choice from an index", False, True),
            ("and registry by difference", True, True),
        ):
            it = need(nodes, costs, work, changed_only=changed_only, indexed=indexed)
            print(
                f"{nodes:6} {name:26} {it.gateways:8.1f} {it.sound:6.0%} {it.looking:7.0%} "
                f"{it.reading:7.0%} {it.beats:7.0f} {it.commands:16.0f} {it.traffic:6.1f}"
            )


def _print_waits(nodes: int, gateways: int) -> None:
    print(
        f"\n{nodes} nodes: what a segment of {Work().taken:.1f} s waits for its seat, mean and "
        "99 %, and nodes asked for it"
    )
    for busy in (0.8, 0.95):
        for count in (1, gateways):
            print(f"{busy:.0%} busy, {count} gateways")
            for way in WAYS:
                model = Waits(nodes, count, Work(busy=busy), way)
                waits = sorted(model.run(120.0))
                asked = model.asked / (2 * len(waits))
                print(
                    f"  {way:32} {statistics.fmean(waits):6.2f} s {_late(waits):6.2f} s "
                    f"{asked:6.1f}"
                )


def _late(waits: Sequence[float]) -> float:
    """What one in a hundred waits longer than."""
    return waits[99 * len(waits) // 100]


def _print_deaths(nodes: int, gateways: int) -> None:
    print(
        "\nnodes that die at once; of the segments begun until all know, how many meet so many "
        "dead ones"
    )
    for count in (1, gateways):
        for notice, how in ((0.0, "refusing"), (3.0, "silent")):
            for share in (0.01, 0.1, 0.3):
                it = deaths(nodes, count, Work(busy=0.6), Death(share, notice))
                print(
                    f"{count:3} gateways, {share:4.0%} {how:9} one {it.at_least(1):7.3%}, two "
                    f"{it.at_least(2):7.3%}, three {it.at_least(3):7.4%}, late by "
                    f"{it.seconds:.0f} s at most"
                )


if __name__ == "__main__":
    main()

"""How many dead nodes segments meet when many die at once, until every gateway knows."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.cluster_model.needs import Work
from bench.cluster_model.waits import SEED


@dataclass(frozen=True)
class Death:
    """How nodes die and how that is noticed."""

    share: float
    """Of all nodes, at once."""
    notice: float
    """Seconds until one that is asked is known to be lost: none where its machine refuses, three
    where nothing answers."""
    rest: float = 5.0
    """Seconds for which a gateway leaves a node alone that it has lost."""
    dead: float = 30.0
    """Seconds until all gateways know."""


@dataclass(frozen=True)
class Late:
    """Segments that are begun until all gateways know."""

    begun: int
    met: tuple[int, ...]
    """By how many dead nodes they met, those that met none at the front."""
    seconds: float
    """That one was late at most."""

    def at_least(self, dead: int) -> float:
        """The share of those that met so many."""
        return sum(self.met[dead:]) / self.begun


def deaths(nodes: int, gateways: int, work: Work, death: Death, seed: int = SEED) -> Late:
    """What is begun from the moment in which so many nodes die, in round robin. A segment that has
    met a dead node goes on to one of which no harm is known there; live ones refuse nothing."""
    chance = random.Random(seed)
    dead = set(chance.sample(range(nodes), round(nodes * death.share)))
    rate = (nodes - len(dead)) * work.busy / work.taken
    busy = [[0.0] * nodes for _ in range(gateways)]
    """Until when a gateway will not ask a node, because of what it sent there or of a rest."""
    doubtful = [set[int]() for _ in range(gateways)]
    turn = [chance.randrange(nodes) for _ in range(gateways)]
    now, met, most = 0.0, [0] * 50, 0.0

    def next_one(gateway: int, at: float, careful: bool) -> int:
        for _ in range(nodes):
            turn[gateway] = (turn[gateway] + 1) % nodes
            node = turn[gateway]
            if busy[gateway][node] <= at and not (careful and node in doubtful[gateway]):
                break
        return turn[gateway]

    while now < death.dead:
        now += chance.expovariate(rate)
        gateway, tries, at = chance.randrange(gateways), 0, now
        while (node := next_one(gateway, at, tries > 0)) in dead:
            tries, at = tries + 1, at + death.notice
            busy[gateway][node] = at + death.rest
            doubtful[gateway].add(node)
        busy[gateway][node] = at + chance.gammavariate(4.0, work.taken / 4)
        met[min(tries, len(met) - 1)] += 1
        most = max(most, at - now)
    return Late(sum(met), tuple(met), most)

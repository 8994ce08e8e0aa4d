"""How long segments wait under each way to choose a node: a queue for each node, event by event."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence

from bench.cluster_model.needs import Work

SEED = 2026
WAYS = (
    "at random",
    "round robin",
    "two choices",
    "two choices, nodes asked first",
    "round robin, busy nodes refuse",
    "at random, busy nodes refuse",
)
"""To choose a node: by nothing, by what a gateway itself has sent, and by what nodes say."""


class Waits:
    """Nodes with one seat and a line each, gateways that know what they have sent themselves."""

    def __init__(self, nodes: int, gateways: int, work: Work, way: str, seed: int = SEED) -> None:
        self._chance, self._work = random.Random(seed), work
        self._nodes, self._gateways, self._way = nodes, gateways, way
        self._until = [0.0] * nodes
        """When a node has spoken all that it was sent."""
        self._sent = [[0] * nodes for _ in range(gateways)]
        """What a gateway knows that a node has not ended."""
        self._ends = [[0.0] * nodes for _ in range(gateways)]
        """When it will have."""
        self._turn = [self._chance.randrange(nodes) for _ in range(gateways)]
        self._under_way = list[tuple[float, int, int]]()
        """End, gateway and node of what was sent, the next to end first."""
        self.asked = 0
        """Nodes that were asked, those that refused among them."""

    def run(self, seconds: float) -> list[float]:
        """What each segment waited for its seat, in the second half of that time."""
        rate = self._nodes * self._work.busy / self._work.taken
        now, waits = 0.0, list[float]()
        while now < seconds:
            now += self._chance.expovariate(rate)
            self._end(now)
            gateway = self._chance.randrange(self._gateways)
            node = self._choose(gateway, now)
            begins = max(now, self._until[node])
            # lengths of texts: spread by half of their mean
            taken = self._chance.gammavariate(4.0, self._work.taken / 4)
            self._until[node] = begins + taken
            self._sent[gateway][node] += 1
            self._ends[gateway][node] = begins + taken
            heapq.heappush(self._under_way, (begins + taken, gateway, node))
            if now > seconds / 2:
                waits.append(begins - now)
        return waits

    def _end(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            _, gateway, node = heapq.heappop(self._under_way)
            self._sent[gateway][node] -= 1

    def _choose(self, gateway: int, now: float) -> int:
        self.asked += 1
        sent = self._sent[gateway]
        if self._way.startswith("two choices"):
            one, other = (self._chance.randrange(self._nodes) for _ in range(2))
            if self._way == "two choices":
                return min(one, other, key=lambda each: sent[each])
            self.asked += 1
            return min(one, other, key=lambda each: self._until[each])
        node = self._next(gateway, sent)
        for _ in range(self._nodes if self._way.endswith("refuse") else 0):
            none_known = sent[node] and self._way.startswith("round robin")
            if self._until[node] <= now or none_known:
                break
            self.asked += 1
            node = self._next(gateway, sent)
        return node

    def _next(self, gateway: int, sent: Sequence[int]) -> int:
        """The next one in the row with a free seat, as far as this gateway knows, or else the one
        that will first have ended what it was sent from here; at random any."""
        if self._way.startswith("at random"):
            return self._chance.randrange(self._nodes)
        for _ in range(self._nodes):
            self._turn[gateway] = (self._turn[gateway] + 1) % self._nodes
            if not sent[self._turn[gateway]]:
                return self._turn[gateway]
        ends = self._ends[gateway]
        return min(range(self._nodes), key=lambda each: ends[each])

"""The nodes as this gateway sees them: who has been heard of lately, who is busy with what it was
given from here, who rests after an error."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

from polyvox.cluster.registry import Registry
from polyvox.domain.errors import Unavailable
from polyvox.domain.node import DRAINING, FAILED, LOADING, OFFLINE, Node
from polyvox.runtime.breaker import CLOSED, HALF_OPEN, OPEN, Breaker

_log = logging.getLogger(__name__)
_FORGOTTEN_AFTER = 3600.0
"""Seconds without a sign of life after which a node is no longer listed."""
_STATES_KNOWN = 1000
_REST = 5.0
"""Seconds for which a node is left alone that was lost in the middle of something."""
_LATE = 3
"""Times as long between two looks as there should be mean that this process stood still."""
_FULL = 0.1
"""Seconds until a node is asked again that had no seat left, because others ask it too."""


class Member:
    """A node, from here."""

    def __init__(self, node: Node, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.node = node
        self.heard = clock()
        """When its last sign of life was noticed, by our own clock: others' clocks may jump."""
        self.taken: Counter[str] = Counter()
        """Segments that it is speaking for this gateway, by model."""
        self.elsewhere = node.load.current_concurrent
        """Requests that it was answering for others, when it was heard of last."""
        self.chosen = 0
        """When it was chosen last, counting choices."""
        self.breaker = Breaker(most=3, rest=_REST, clock=clock)
        self._holds: OrderedDict[str, None] = OrderedDict()
        self._full = dict[str, float]()
        self._seats = _seats(node)

    def seen(self, node: Node) -> None:
        """What the registry says of it now."""
        if (node.boot, node.beats) != (self.node.boot, self.node.beats):
            self.heard = self._clock()
            self.elsewhere = max(0, node.load.current_concurrent - self.taken.total())
        if node.boot != self.node.boot:
            self._holds.clear()
            self.breaker.passed()
        if node.offers != self.node.offers:
            self._seats = _seats(node)
        self.node = node

    def holds(self, digest: str | None) -> bool:
        """Whether it has been given that voice state."""
        return digest is None or digest in self._holds

    def given(self, digest: str) -> None:
        """It has been given that voice state."""
        self._holds[digest] = None
        self._holds.move_to_end(digest)
        while len(self._holds) > _STATES_KNOWN:
            self._holds.popitem(last=False)

    def lacks(self, digest: str) -> None:
        """It has said that it does not hold that voice state."""
        self._holds.pop(digest, None)

    def free(self, model: str) -> int:
        """Seats that are free, as far as is known here. After an error one request tries first."""
        if self.breaker.state == HALF_OPEN and self.taken.total():
            return 0
        seats = self._seats.get(model)
        if seats is None or (model in self._full and self._clock() < self._full[model]):
            return 0
        return seats - self.taken.get(model, 0)

    def full(self, model: str) -> None:
        """It has said that it has no seat for a model now."""
        self._full[model] = self._clock() + _FULL

    @property
    def doubtful(self) -> bool:
        """Whether the last thing that was heard of it is an error."""
        return self.breaker.state != CLOSED

    @property
    def resting(self) -> bool:
        """Whether it is left alone after an error."""
        return self.breaker.state == OPEN


@dataclass(frozen=True)
class _Ranked:
    """Nodes that offer a model."""

    loaded: list[Member]
    """Those that have it in memory."""
    awake: list[Member]
    """Those that are not bringing anything there."""
    all: list[Member]


class Members:
    """All nodes, as far as they are heard of."""

    def __init__(
        self, registry: Registry, dead_after: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """`dead_after` that many seconds without a sign of life, a node gets nothing more."""
        self.registry, self._dead_after, self._clock = registry, dead_after, clock
        self._members: dict[str, Member] = {}
        self._ranked: dict[str, _Ranked] = {}
        """By model; written anew when a node says something else."""
        self._changed = asyncio.Event()
        self.learn: Callable[[str], None] = lambda engine: None
        """Told of every engine that a new node offers."""

    def all(self) -> list[Member]:
        """Those that are listed, in the order in which they registered."""
        return sorted(self._members.values(), key=lambda each: each.node.registered_at)

    def get(self, id: str) -> Member | None:
        return self._members.get(id)

    def state(self, member: Member) -> str:
        """What the node says of itself, unless nothing has been heard of it."""
        return OFFLINE if self.silent(member) > self._dead_after else member.node.state

    def silent(self, member: Member) -> float:
        """Seconds since its last sign of life was noticed."""
        return self._clock() - member.heard

    def serving(self, model: str) -> list[Member]:
        """Those that can be asked to speak with a model, in memory or not."""
        return self._alive(self._offering(model).all)

    def ready(self, model: str, without: Collection[str] = ()) -> list[Member]:
        """Those of them that have it in memory; where none has, those that bring it there when
        they are asked. `without` are ids of others."""
        offering = self._offering(model)
        for members in (offering.loaded, offering.awake, offering.all):
            alive = self._alive(members)
            if found := [each for each in alive if each.node.id not in without]:
                return found
        return []

    def _offering(self, model: str) -> _Ranked:
        """Those that say that they can speak with it, whether they still live or not."""
        found = self._ranked.get(model)
        if found is None:
            offering = [
                each
                for each in self._members.values()
                if each.node.offer(model) and each.node.state not in (OFFLINE, DRAINING, FAILED)
            ]
            found = _Ranked(
                [each for each in offering if (it := each.node.offer(model)) and it.loaded],
                [each for each in offering if each.node.state != LOADING],
                offering,
            )
            self._ranked[model] = found
        return found

    def _alive(self, members: Iterable[Member]) -> list[Member]:
        """Those that have been heard of lately, and do not rest."""
        oldest = self._clock() - self._dead_after
        return [each for each in members if each.heard >= oldest and not each.resting]

    def apply(self, node: Node) -> None:
        """A node has been heard of here."""
        if known := self._members.get(node.id):
            if (node.state, node.offers) != (known.node.state, known.node.offers):
                self._ranked.clear()
            known.seen(node)
        else:
            self._ranked.clear()
            self._members[node.id] = Member(node, self._clock)
            for engine in dict.fromkeys(offer.engine for offer in node.offers):
                self.learn(engine)
        self.stir()

    def forget(self, id: str) -> None:
        self._members.pop(id, None)
        self._ranked.clear()
        self.stir()

    def stir(self) -> None:
        """Wake those who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, within: float) -> None:
        """Wait until something changes, or for that many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def refresh(self) -> None:
        """Read the registry. Raises Unavailable; what was known then still counts."""
        nodes = {node.id: node for node in await self.registry.all()}
        for node in nodes.values():
            self.apply(node)
        alive = {each.node.url for each in self._members.values() if self.state(each) != OFFLINE}
        for id, member in list(self._members.items()):
            if id not in nodes:
                self.forget(id)
            elif self.silent(member) > self._listed_for(member.node.url in alive):
                await self.registry.remove(id)
                self.forget(id)

    def _listed_for(self, replaced: bool) -> float:
        """Seconds without a sign of life; another node may have taken its place."""
        return self._dead_after if replaced else _FORGOTTEN_AFTER

    async def watch(self, every: float) -> None:
        """Read the registry again and again, until cancelled."""
        away, looked = False, self._clock()
        while True:
            try:
                await self.refresh()
                away = False
            except Unavailable as error:
                if not away:
                    _log.warning("nodes are as they were last known: %s", error.message)
                away = True
            missed = self._clock() - looked
            if away or missed > _LATE * every:
                self._excuse(missed)
            looked = self._clock()
            await asyncio.sleep(every)

    def _excuse(self, seconds: float) -> None:
        """So long nobody could be heard, for a reason of ours: the nodes' book was away, or this
        process stood still."""
        now = self._clock()
        for each in self._members.values():
            each.heard = min(now, each.heard + seconds)


def _seats(node: Node) -> Mapping[str, int]:
    """By model."""
    return {offer.model: offer.seats for offer in reversed(node.offers)}

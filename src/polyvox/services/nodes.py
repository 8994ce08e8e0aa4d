"""Nodes: who registers, how they are doing, what they are told to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import time
from typing import Any

from polyvox.cluster.cluster import Cluster
from polyvox.cluster.desk import COMMANDS
from polyvox.cluster.members import Member
from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.domain.identity import new_id
from polyvox.domain.node import DRAINING, OFFLINE, Load, Node, Offer
from polyvox.services.engines import Engines

_WATCH_EVERY = 1.0
"""Seconds between two looks at what other gateways know."""


@dataclass(frozen=True)
class Seen:
    """A node as it looks from here."""

    node: Node
    state: str
    """Offline when nothing has been heard of it."""
    silent: float
    """Seconds since its last sign of life was noticed."""
    under_way: int
    """Segments that it is speaking: given from here, or what it said last, if that is more."""


@dataclass(frozen=True)
class Summary:
    """All nodes together."""

    online: int
    total: int
    requests: int
    errors: int
    concurrent: int
    seats: int
    mean_ms: float
    """Of the answers of all nodes."""
    engines: Mapping[str, int]
    """Nodes that are online, by engine."""


class Nodes:
    """Those of a gateway."""

    def __init__(self, cluster: Cluster, engines: Engines) -> None:
        self._cluster, self._engines = cluster, engines
        self._members = cluster.members

    async def register(self, node: Node) -> Node:
        """Take a node in, or back. Raises InvalidInput for one with an engine of which nothing
        is known here, Unavailable while it cannot be kept."""
        if not node.offers:
            raise InvalidInput("A node offers at least one model.", param="offers")
        for engine in dict.fromkeys(offer.engine for offer in node.offers):
            self._engines.add(engine)
        known = await self._members.registry.get(node.id) if node.id else None
        since = known.registered_at if known else time()
        node = replace(node, id=node.id or new_id(), registered_at=since, beats=1)
        await self._keep(node)
        return node

    def offers(self, engine: str) -> tuple[Offer, ...]:
        """What a node of that engine offers that does not say it: its first model, one at once.
        Raises NotFound."""
        self._engines.add(engine)
        declared = self._engines.synthesizer(engine)
        model = self._engines.model_of(engine)
        return (Offer(engine, model.id, 1, tuple(declared.languages)),)

    async def beat(
        self,
        id: str,
        load: Load,
        state: str | None = None,
        offers: Sequence[Offer] | None = None,
        error: str | None = None,
    ) -> bool:
        """A sign of life; False tells the node to register again."""
        node = await self._members.registry.get(id)
        if node is None:
            return False
        node = replace(
            node,
            load=load,
            state=state or node.state,
            offers=node.offers if offers is None else tuple(offers),
            error=error,
            beats=node.beats + 1,
        )
        await self._keep(node)
        return True

    async def remove(self, id: str) -> None:
        """Forget a node. Raises NotFound."""
        gone = await self._members.registry.remove(id)
        self._members.forget(id)
        if not gone:
            raise _unknown(id)

    def all(self, engine: str | None = None, state: str | None = None) -> list[Seen]:
        """The nodes, or those of an engine, or in a state, in the order they registered."""
        return [
            seen
            for seen in map(self._seen, self._members.all())
            if engine is None or any(offer.engine == engine for offer in seen.node.offers)
            if state in (None, seen.state)
        ]

    def get(self, id: str) -> Seen:
        """Raises NotFound."""
        return self._seen(self._member(id))

    async def command(self, id: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have a node do something; its answer. Raises NotFound, InvalidInput, NodeLost."""
        member = self._member(id)
        if command not in COMMANDS:
            raise InvalidInput(
                f"A node knows no command '{command:.40}'. Known: {', '.join(COMMANDS)}.",
                param="command",
            )
        return await self._cluster.command(member, command, params)

    def summary(self) -> Summary:
        """All of them together."""
        seen = self.all()
        online = [each for each in seen if each.state not in (OFFLINE, DRAINING)]
        loads = [each.node.load for each in online]
        requests = sum(load.request_count for load in loads)
        spent = sum(load.avg_response_time_ms * load.request_count for load in loads)
        engines: dict[str, int] = {}
        for each in online:
            for engine in dict.fromkeys(offer.engine for offer in each.node.offers):
                engines[engine] = engines.get(engine, 0) + 1
        return Summary(
            online=len(online),
            total=len(seen),
            requests=requests,
            errors=sum(load.error_count for load in loads),
            concurrent=sum(each.under_way for each in online),
            seats=sum(offer.seats for each in online for offer in each.node.offers),
            mean_ms=round(spent / requests, 1) if requests else 0.0,
            engines=engines,
        )

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Knows what other gateways know, while the block runs."""
        with contextlib.suppress(Unavailable):
            await self._members.refresh()
        watching = asyncio.create_task(self._members.watch(_WATCH_EVERY))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _keep(self, node: Node) -> None:
        await self._members.registry.put(node)
        self._members.apply(node)

    def _member(self, id: str) -> Member:
        member = self._members.get(id)
        if member is None:
            raise _unknown(id)
        return member

    def _seen(self, member: Member) -> Seen:
        under_way = max(member.taken.total(), member.node.load.current_concurrent)
        state, silent = self._members.state(member), self._members.silent(member)
        return Seen(member.node, state, silent, under_way)


def _unknown(id: str) -> NotFound:
    return NotFound(f"There is no node '{id:.60}'.", param="node_id")

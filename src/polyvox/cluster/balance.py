"""Which of several nodes speaks next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from polyvox.cluster.members import Member
from polyvox.domain.voice import Voice

Balance = Callable[[Sequence[Member], str, Voice | None], Member]
"""Of members with a free seat for a model, the one that speaks with a voice."""


def round_robin(members: Sequence[Member], model: str, voice: Voice | None) -> Member:
    """One after the other, whatever they are doing."""
    return min(members, key=lambda each: each.chosen)


def least_outstanding(members: Sequence[Member], model: str, voice: Voice | None) -> Member:
    """The one that is busiest least: segments under way for each of its seats, those counted from
    here and those that the node has from others."""

    def busy(member: Member) -> tuple[float, int]:
        offer = member.node.offer(model)
        seats = offer.seats if offer else 1
        return (member.taken.total() + member.elsewhere) / seats, member.chosen

    return min(members, key=busy)


def affinity(members: Sequence[Member], model: str, voice: Voice | None) -> Member:
    """The same node for the same voice, as long as it has a free seat: it holds the voice already.
    By rendezvous hashing (Thaler and Ravishankar, 1998), so that a node that comes or goes moves
    only its own voices."""
    key = f"{model} {(voice.digest or voice.id) if voice else ''}"

    def weight(member: Member) -> bytes:
        return blake2b(f"{member.node.id} {key}".encode(), digest_size=8).digest()

    return max(members, key=weight)


BALANCES: Mapping[str, Balance] = {
    "round-robin": round_robin,
    "least-outstanding": least_outstanding,
    "affinity": affinity,
}

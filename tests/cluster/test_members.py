"""Who is alive is told by our own clock; who is asked, by what they say and how they did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from polyvox.cluster.balance import affinity, least_outstanding, round_robin
from polyvox.cluster.members import Member, Members
from polyvox.cluster.registry import OwnRegistry
from polyvox.domain.errors import NodeLost
from polyvox.domain.node import BUSY, DRAINING, LOADING, OFFLINE, READY, STANDBY, Load, Node, Offer
from polyvox.domain.voice import PRESET, Voice


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def members(clock: Clock) -> Members:
    return Members(OwnRegistry(), 30.0, clock)


def _node(id: str = "a", state: str = READY, *, loaded: bool = True, **more: Any) -> Node:
    offers = (Offer("tone", "tone", more.pop("seats", 1), ("en",), loaded),)
    return Node(id, f"http://127.0.0.1/{id}", offers, state, boot="1", beats=1, **more)


def _ids(members: list[Member]) -> list[str]:
    return [each.node.id for each in members]


async def _known(members: Members, *nodes: Node) -> None:
    for node in nodes:
        await members.registry.put(node)
    await members.refresh()


async def test_a_node_is_dead_thirty_seconds_after_its_last_beat_and_alive_with_the_next(
    members: Members, clock: Clock
) -> None:
    await _known(members, _node())
    clock.now += 29
    await members.refresh()
    assert _ids(members.ready("tone")) == ["a"]
    clock.now += 2
    await members.refresh()
    assert members.ready("tone") == []
    assert members.state(members.all()[0]) == OFFLINE
    await _known(members, replace(_node(), beats=2))
    assert _ids(members.ready("tone")) == ["a"]


async def test_what_the_nodes_clocks_say_does_not_matter(members: Members) -> None:
    await _known(members, _node(registered_at=9e12), _node("b", registered_at=0))
    assert len(members.ready("tone")) == 2


async def test_a_node_that_left_is_forgotten(members: Members) -> None:
    await _known(members, _node(), _node("b"))
    await members.registry.remove("a")
    await members.refresh()
    assert _ids(members.all()) == ["b"]


async def test_a_node_that_is_silent_for_an_hour_is_no_longer_listed(
    members: Members, clock: Clock
) -> None:
    await _known(members, _node())
    clock.now += 3601
    await members.refresh()
    assert members.all() == []
    assert await members.registry.all() == []


@pytest.mark.parametrize("state", [DRAINING, OFFLINE, "error"])
async def test_who_does_not_want_to_is_not_asked(members: Members, state: str) -> None:
    await _known(members, _node(state=state))
    assert members.serving("tone") == []


async def test_those_with_the_model_in_memory_are_asked_before_those_without(
    members: Members,
) -> None:
    await _known(
        members,
        _node("cold", STANDBY, loaded=False),
        _node("coming", LOADING, loaded=False),
        _node("warm", BUSY),
    )
    assert _ids(members.ready("tone")) == ["warm"]
    assert _ids(members.ready("tone", ["warm"])) == ["cold"]
    assert _ids(members.ready("tone", ["warm", "cold"])) == ["coming"]
    assert members.ready("other") == []


async def test_a_node_that_was_lost_rests_and_is_asked_again_after(
    members: Members, clock: Clock
) -> None:
    await _known(members, _node(), _node("b"))
    members.all()[0].breaker.failed(NodeLost("gone"))
    assert len(members.ready("tone")) == 1
    clock.now += 6
    assert len(members.ready("tone")) == 2


async def test_a_node_that_was_started_again_is_asked_at_once_and_holds_no_voice(
    members: Members,
) -> None:
    await _known(members, _node())
    member = members.all()[0]
    member.given("digest")
    member.breaker.failed(NodeLost("gone"))
    assert member.holds("digest")
    await _known(members, replace(_node(), boot="2"))
    assert _ids(members.ready("tone")) == ["a"]
    assert not member.holds("digest")


async def test_a_node_that_says_it_is_full_is_left_alone_for_a_moment(
    members: Members, clock: Clock
) -> None:
    await _known(members, _node(seats=3))
    member = members.all()[0]
    member.taken["tone"] = 2
    assert member.free("tone") == 1
    member.full("tone")
    assert member.free("tone") == 0
    clock.now += 0.2
    assert member.free("tone") == 1
    assert member.free("other") == 0


async def test_engines_that_nodes_bring_are_learnt_once(members: Members) -> None:
    learnt = list[str]()
    members.learn = learnt.append
    await _known(members, _node(), _node("b"))
    await members.refresh()
    assert learnt == ["tone", "tone"]


def _voice(id: str) -> Voice:
    return Voice(id, id, "tone", PRESET)


async def test_round_robin_takes_each_in_turn_and_a_new_one_only_its_turn(
    members: Members,
) -> None:
    await _known(members, _node("a"), _node("b"))
    turns = list[str]()
    for count in range(1, 9):
        if count == 5:
            await _known(members, _node("c"))
        chosen = round_robin(members.all(), "tone", None)
        chosen.chosen = count
        turns.append(chosen.node.id)
    assert sorted(turns[:4]) == ["a", "a", "b", "b"]
    assert turns[4] == "c"
    assert turns.count("c") == 2


async def test_least_outstanding_counts_what_others_give_a_node_too(members: Members) -> None:
    await _known(
        members,
        _node("here", seats=4),
        _node("elsewhere", seats=4, load=Load(current_concurrent=3)),
        _node("small"),
    )
    here, _, small = members.all()
    here.taken["tone"], small.taken["tone"] = 2, 1
    assert least_outstanding(members.all(), "tone", None).node.id == "here"
    here.taken["tone"] = 4
    assert least_outstanding(members.all(), "tone", None).node.id == "elsewhere"


async def test_affinity_keeps_a_voice_and_a_new_node_takes_only_its_share(
    members: Members,
) -> None:
    await _known(members, *(_node(f"n{number}") for number in range(4)))
    voices = [_voice(f"v{number}") for number in range(400)]
    before = {each.id: affinity(members.all(), "tone", each).node.id for each in voices}
    assert all(60 <= list(before.values()).count(f"n{number}") <= 140 for number in range(4))
    await _known(members, _node("n4"))
    after = {each.id: affinity(members.all(), "tone", each).node.id for each in voices}
    moved = [id for id in before if before[id] != after[id]]
    assert all(after[id] == "n4" for id in moved)
    assert 50 <= len(moved) <= 120

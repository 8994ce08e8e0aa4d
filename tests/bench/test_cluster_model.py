"""The model of a large cluster agrees with what is known of queues, and with itself."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from bench.cluster_model.deaths import Death, deaths
from bench.cluster_model.needs import Costs, Work, need
from bench.cluster_model.waits import Waits

WORK = Work(busy=0.5)


def waited(way: str, gateways: int, work: Work = WORK, seconds: float = 200.0) -> float:
    return statistics.fmean(Waits(200, gateways, work, way).run(seconds))


def test_nodes_chosen_at_random_wait_as_pollaczek_and_khinchine_say() -> None:
    """An own queue for each node: busy / (1 - busy) * time * (1 + spread²) / 2."""
    known = 0.5 / (1 - 0.5) * WORK.taken * (1 + 0.25) / 2
    assert waited("at random", 3, seconds=400) == pytest.approx(known, rel=0.05)


def test_one_gateway_sees_who_is_free() -> None:
    assert waited("round robin", 1) < 0.001 * WORK.taken


def test_gateways_that_know_little_of_each_other_wait_more_the_more_they_are() -> None:
    few, many = waited("round robin", 2), waited("round robin", 16)
    assert 0 < few < many < 1.1 * waited("at random", 16)


def test_nodes_that_refuse_make_every_gateway_find_a_free_one() -> None:
    model = Waits(200, 16, WORK, "at random, busy nodes refuse")
    waits = model.run(200.0)
    assert statistics.fmean(waits) < 0.001 * WORK.taken
    # asked until one is free: 1 / (1 - busy)
    assert model.asked / (2 * len(waits)) == pytest.approx(2, rel=0.1)


def test_a_segment_meets_dead_nodes_as_often_as_there_are_some() -> None:
    it = deaths(5000, 16, WORK, Death(0.3, notice=0.0, dead=1.0, rest=0.0))
    assert it.at_least(0) == 1
    assert it.at_least(1) == pytest.approx(0.3, rel=0.15)
    assert it.at_least(2) == pytest.approx(0.09, rel=0.3)
    assert it.seconds == 0


def test_a_gateway_alone_soon_knows_the_dead_ones() -> None:
    alone, many = (deaths(1000, each, WORK, Death(0.3, notice=0.0)) for each in (1, 16))
    assert alone.at_least(2) < many.at_least(2)


def test_each_silent_node_delays_by_as_long_as_nobody_notices() -> None:
    it = deaths(1000, 4, WORK, Death(0.3, notice=3.0))
    most = max(dead for dead, segments in enumerate(it.met) if segments)
    assert it.seconds == pytest.approx(3 * most)
    assert most > 1


def test_what_gateways_need_grows_faster_than_the_nodes_until_they_look_at_what_changed() -> None:
    costs, sizes = Costs(), (1_000, 10_000)
    few, many = (need(each, costs, WORK, changed_only=False, indexed=False) for each in sizes)
    assert many.gateways > 20 * few.gateways
    few, many = (need(each, costs, WORK, changed_only=True, indexed=True) for each in sizes)
    assert many.gateways < 11.5 * few.gateways
    assert many.looking == 0


def test_a_registry_that_takes_a_whole_core_to_read_has_no_answer() -> None:
    slow = replace(Costs(), same=1.0)
    assert need(1_000, slow, WORK, changed_only=False, indexed=True).gateways == float("inf")

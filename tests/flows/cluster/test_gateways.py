"""Gateways that are killed, suspended or thrown in time, alone and beside another one."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.brokers import Redis, redis
from tests.flows.cluster.hearing import LINE, Alone, lines, spoken
from tests.flows.cluster.processes import Gateway, Machines, Pair, Program
from tests.flows.working import Caller
from tests.processes import within

pytestmark = pytest.mark.cluster
TEXT = lines(2)
_FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("libfaketime.so.1"))


def test_workers_join_a_gateway_again_that_was_killed(alone: Alone, pair: Pair) -> None:
    pair.gateway.kill()
    time.sleep(1)
    pair.gateway.start()
    started = time.monotonic()
    pair.gateway.ready(*pair.workers, seconds=30)
    assert time.monotonic() - started < 20
    alone.same(spoken(pair.gateway.url, TEXT), TEXT)


def test_a_gateway_that_was_suspended_takes_no_node_for_dead(
    alone: Alone, machines: Machines
) -> None:
    gateway = machines.gateway(POLYVOX_CLUSTER__DEAD_SECONDS="2")
    worker = machines.worker(gateway.url, POLYVOX_CLUSTER__BEAT_SECONDS="1")
    gateway.ready(worker, seconds=30)
    for each in (gateway, worker):
        each.signal(signal.SIGSTOP)
    time.sleep(4)
    gateway.signal(signal.SIGCONT)
    assert gateway.node(worker)["status"] == "ready"
    worker.signal(signal.SIGCONT)
    alone.same(spoken(gateway.url, TEXT), TEXT)


def test_a_clock_that_jumps_kills_no_node(alone: Alone, machines: Machines, tmp_path: Path) -> None:
    stamp = tmp_path / "time"
    stamp.write_text("+0")
    environment = {
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    assert _FAKETIME.is_file(), "libfaketime is needed"
    gateway = machines.gateway(POLYVOX_CLUSTER__DEAD_SECONDS="3", **environment)
    worker = machines.worker(gateway.url)
    gateway.ready(worker, seconds=30)
    id = gateway.node(worker)["node_id"]
    for jump in ("+3600", "-3600"):
        stamp.write_text(jump)
        within(5, lambda jump=jump: abs(_now(gateway) - time.time() - int(jump)) < 60)  # type: ignore[misc]
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert gateway.node(worker)["status"] == "ready"
            alone.same(spoken(gateway.url, LINE), LINE)
        assert gateway.node(worker)["node_id"] == id


def _now(gateway: Gateway) -> float:
    """By the gateway's clock, in seconds since 1970."""
    told = httpx.get(f"{gateway.url}/api/status").headers["date"]
    return parsedate_to_datetime(told).timestamp()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def two(machines: Machines, book: Redis, tmp_path: Path) -> list[Gateway]:
    """Gateways that share nodes, files and jobs."""
    home = tmp_path / "home"
    home.mkdir()
    given = {"POLYVOX_CLUSTER__REDIS": book.url, "POLYVOX_JOBS__SILENCE_SECONDS": "2"}
    return [machines.gateway(home=home, **given) for _ in range(2)]


def known(gateways: list[Gateway], *workers: Program) -> None:
    for gateway in gateways:
        gateway.ready(*workers, seconds=30)


def test_a_node_of_one_gateway_speaks_for_the_other_and_its_seat_is_shared(
    alone: Alone, machines: Machines, two: list[Gateway]
) -> None:
    worker = machines.worker(two[0].url, seats=1)
    known(two, worker)
    alone.same(spoken(two[1].url, TEXT), TEXT)
    before = two[0].node(worker)["request_count"]
    with ThreadPoolExecutor(12) as threads:
        urls = [gateway.url for gateway in two] * 6
        for heard in threads.map(lambda url: spoken(url, LINE, 0.05), urls):
            alone.same(heard, LINE)
    within(5, lambda: two[1].node(worker)["request_count"] >= before + 12)
    assert two[0].node(worker)["error_count"] == 0


def test_redis_may_go_and_lose_everything(
    alone: Alone, machines: Machines, two: list[Gateway], book: Redis
) -> None:
    workers = [machines.worker(gateway.url) for gateway in two]
    known(two, *workers)
    book.kill()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for gateway in two:
            alone.same(spoken(gateway.url, LINE), LINE)
    book.again(empty=True)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        for gateway in two:
            alone.same(spoken(gateway.url, LINE), LINE)
    known(two, *workers)


def test_what_a_killed_gateway_had_accepted_is_done_by_another(
    machines: Machines, two: list[Gateway]
) -> None:
    worker = machines.worker(two[1].url)
    known(two, worker)
    with Caller(two[0].url) as first, Caller(two[1].url) as second:
        ids = [first.ask(str(n), lines=5, factor=0.2, model="far") for n in range(4)]
        within(20, lambda: any(first.get(id)["done"] for id in ids))
        two[0].kill()
        jobs = [second.ended(id) for id in ids]
    assert {job["status"] for job in jobs} == {"completed"}
    assert {round(job["duration"], 1) for job in jobs} == {5 * 2 + 4 * 0.6}


def test_a_gateway_with_another_token_is_refused_and_says_so(
    machines: Machines, book: Redis
) -> None:
    tokens = [{"POLYVOX_CLUSTER__TOKEN": f"token-number-{n}-is-long-enough"} for n in range(2)]
    shared = {"POLYVOX_CLUSTER__REDIS": book.url}
    good, bad = (machines.gateway(**shared, **token) for token in tokens)
    worker = machines.worker(good.url, **tokens[0])
    known([good, bad], worker)
    assert spoken(good.url, LINE).status == 200
    refused = spoken(bad.url, LINE)
    assert refused.status == 503
    assert b"cluster.token" in refused.data
    assert "refuses our token (cluster.token)" in bad.log
    stranger = machines.worker(good.url, **tokens[1])
    within(15, lambda: "401" in stranger.log)
    assert "The token is missing or wrong (cluster.token)" in stranger.log
    assert not good.node(stranger)

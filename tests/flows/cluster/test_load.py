"""Many clients at once: slow nodes, nodes that are told to stop, full lines, clients that leave."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.flows.cluster.hearing import LINE, Alone, Heard, Later, asked, lines, spoken
from tests.flows.cluster.processes import Gateway, Machines, Pair, Program
from tests.processes import within

pytestmark = pytest.mark.cluster


class Crowd:
    """Clients who ask again and again, until they are let go."""

    def __init__(self, url: str, count: int, factor: float) -> None:
        self.heard = list[Heard]()
        self._url, self._factor = url, factor
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for each in self._threads:
            each.start()

    def go(self) -> list[Heard]:
        self._over.set()
        for each in self._threads:
            each.join()
        return self.heard

    def _ask(self) -> None:
        while not self._over.is_set():
            self.heard.append(spoken(self._url, LINE, self._factor))


def test_a_slow_node_does_not_stop_the_others_and_gets_less(
    alone: Alone, machines: Machines
) -> None:
    gateway = machines.gateway("--balance", "least-outstanding")
    slow = machines.worker(gateway.url, settings={"slow": 0.15})
    quick = machines.worker(gateway.url, settings={"slow": 0.005})
    gateway.ready(slow, quick, seconds=30)
    with ThreadPoolExecutor(3) as threads:
        for heard in threads.map(lambda _: spoken(gateway.url, LINE), range(30)):
            alone.same(heard, LINE)
    time.sleep(0.7)
    counts = [gateway.node(each)["request_count"] for each in (slow, quick)]
    assert sum(counts) == 30
    assert counts[0] * 2 < counts[1], counts


@pytest.mark.parametrize("how", ["SIGTERM", "command"])
def test_nobody_notices_when_a_node_is_told_to_stop(
    alone: Alone, pair: Pair, machines: Machines, how: str
) -> None:
    gateway = pair.gateway
    third = machines.worker(gateway.url)
    gateway.ready(third, seconds=30)
    crowd = Crowd(gateway.url, 6, 0.1)
    within(10, lambda: gateway.node(third).get("current_concurrent"))
    if how == "SIGTERM":
        third.signal(signal.SIGTERM)
    else:
        answer = gateway.command(third, "stop")
        assert answer.json()["status"] == "draining"
    assert third.process.wait(20) == 0
    gateway.until(third, "gone")
    time.sleep(1)
    heard = crowd.go()
    assert len(heard) > 12
    for each in heard:
        alone.same(each, LINE)
    assert "Traceback" not in third.log
    assert "lost" not in gateway.log


@pytest.fixture
def narrow(machines: Machines) -> tuple[Gateway, Program]:
    gateway = machines.gateway(
        POLYVOX_SPEECH__MAX_WAITING="2", POLYVOX_SPEECH__MAX_WAIT_SECONDS="9"
    )
    worker = machines.worker(gateway.url, seats=1)
    gateway.ready(worker, seconds=30)
    return gateway, worker


def test_a_full_line_is_said_at_once_with_a_time(
    alone: Alone, narrow: tuple[Gateway, Program]
) -> None:
    gateway, worker = narrow
    hearing = [Later(gateway.url, LINE, 1.0)]
    within(5, lambda: gateway.node(worker)["current_concurrent"])
    hearing += [Later(gateway.url, "abc", 0.1) for _ in range(2)]
    time.sleep(0.4)
    since = time.monotonic()
    refused = spoken(gateway.url, "abc")
    assert time.monotonic() - since < 1
    assert (refused.status, int(refused.headers["retry-after"]) >= 1) == (503, True)
    alone.same(hearing[0].heard(), LINE)
    for each in hearing[1:]:
        alone.same(each.heard(), "abc")


def test_a_client_that_leaves_frees_its_node(alone: Alone, pair: Pair) -> None:
    request = asked(lines(4), 2.0)
    with httpx.stream("POST", f"{pair.gateway.url}/v1/audio/speech", json=request) as answer:
        next(answer.iter_raw())
        within(5, lambda: _busy(pair))
    left = time.monotonic()
    within(5, lambda: not _busy(pair))
    assert time.monotonic() - left < 3
    alone.same(spoken(pair.gateway.url, LINE), LINE)


def _busy(pair: Pair) -> int:
    return sum(pair.gateway.node(each)["current_concurrent"] for each in pair.workers)

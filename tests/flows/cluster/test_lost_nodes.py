"""A node is lost while it speaks; another one goes on, and nobody hears it."""

from __future__ import annotations

import signal
import time

import pytest

from tests.flows.cluster.hearing import Alone, Later, lines, spoken
from tests.flows.cluster.processes import Gateway, Machines, Pair, Program
from tests.processes import within

pytestmark = pytest.mark.cluster
TEXT = lines(3)


@pytest.fixture
def gateway(pair: Pair) -> Gateway:
    return pair.gateway


@pytest.fixture
def workers(pair: Pair) -> list[Program]:
    return pair.workers


def test_a_node_killed_before_its_first_sound_is_not_missed(
    alone: Alone, gateway: Gateway, workers: list[Program]
) -> None:
    hearing = Later(gateway.url, "abc", 8)
    gateway.speaking(*workers).kill()
    assert not hearing.over
    alone.same(hearing.heard(), "abc")


def test_a_node_killed_in_the_middle_of_a_segment_is_not_missed(
    alone: Alone, gateway: Gateway, workers: list[Program]
) -> None:
    killed = list[Program]()

    def kill() -> None:
        time.sleep(0.2)
        killed.append(gateway.speaking(*workers))
        killed[0].kill()

    heard = spoken(gateway.url, TEXT, 0.3, kill)
    alone.same(heard, TEXT)
    assert killed


def test_words_keep_their_times_when_a_node_is_killed(
    alone: Alone, gateway: Gateway, workers: list[Program]
) -> None:
    text = "one two three four five six seven. eight nine ten eleven twelve thirteen."
    more = {"stream_format": "sse", "timestamps": True}
    heard = spoken(gateway.url, text, 0.3, lambda: gateway.speaking(*workers).kill(), **more)
    assert heard.status == 200
    wanted = alone.says(text, **more)
    assert [word["text"] for word in wanted.words] == text.split()
    assert heard.words == wanted.words
    assert heard.sound == wanted.sound


def test_a_node_that_hangs_is_left_in_time_and_comes_back(
    alone: Alone, gateway: Gateway, workers: list[Program]
) -> None:
    hung, since = list[Program](), 0.0

    def hang() -> None:
        nonlocal since
        hung.append(gateway.speaking(*workers))
        hung[0].signal(signal.SIGSTOP)
        since = time.monotonic()

    heard = spoken(gateway.url, "x" * 19 + ".", 0.5, hang)
    alone.same(heard, "x" * 19 + ".")
    spent = time.monotonic() - since
    assert spent < 2 + 1 + 2.5, "silence_seconds, half of the text, what is spoken again"
    alone.same(spoken(gateway.url, TEXT), TEXT)
    hung[0].signal(signal.SIGCONT)
    next(each for each in workers if each is not hung[0]).kill()
    within(10, lambda: spoken(gateway.url, "abc").status == 200)
    alone.same(spoken(gateway.url, TEXT), TEXT)


def test_a_request_that_kills_every_engine_takes_none_from_others(
    alone: Alone, gateway: Gateway, workers: list[Program]
) -> None:
    for _ in range(3):
        assert spoken(gateway.url, "abc", options={"die_after": 0}).status >= 500
        alone.same(spoken(gateway.url, "abc"), "abc")


def test_without_another_node_a_stream_breaks_and_a_new_request_is_refused(
    gateway: Gateway, workers: list[Program]
) -> None:
    worker, other = workers
    other.kill()
    within(10, lambda: spoken(gateway.url, "abc").status == 200)
    heard = spoken(gateway.url, TEXT, 0.3, worker.kill)
    assert (heard.status, heard.broken) == (200, True)
    refused = spoken(gateway.url, TEXT)
    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    worker.start()
    within(15, lambda: spoken(gateway.url, "abc").status == 200)


def test_the_declared_engine_speaks_where_no_node_is_left(machines: Machines) -> None:
    gateway = machines.gateway(POLYVOX_ENGINES__FALLBACKS='{"far": ["espeak"]}')
    worker = machines.worker(gateway.url)
    gateway.ready(worker)
    assert spoken(gateway.url, "Hello.").headers["x-engine"] == "far"
    worker.kill()
    heard = spoken(gateway.url, "Hello.", voice="alloy")
    assert heard.status == 200
    assert heard.headers["x-engine"] == "espeak"
    assert "lost" in heard.headers["x-fallback-reason"]

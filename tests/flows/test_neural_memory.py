"""A neural engine's memory: it is given back when the engine is unloaded, unused or not to be kept,
measured over the server and all its processes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.neural_home import CLONES, PRESETS, Running, serving
from tests.processes import memory_of, within

pytestmark = pytest.mark.engines
MODEL = 300.0
"""Megabytes that a tiny model takes at least: its process holds PyTorch (some 550 were seen)."""
MARGIN = 25.0
"""Megabytes that may remain. One was seen; the rest is for the libraries' pages that the server
shares with strangers, of which more are its own when those end. A forgotten host is ten times it.
"""


@pytest.fixture
def home(qwen_home: Callable[..., Path]) -> Path:
    return qwen_home(PRESETS, CLONES)


def _memory_at_rest(running: Running) -> float:
    """After the server has done once what it does with any engine."""
    running.check_it_still_speaks()
    assert running.hosts == []
    return memory_of(running.server)


def _check_it_is_back(running: Running, before: float, seconds: float) -> None:
    within(seconds, lambda: not running.hosts)
    within(3, lambda: memory_of(running.server) < before + MARGIN)
    assert running.client.get("/v1/engines/qwen3").json()["state"] == "sleeping"


def test_unloading_gives_the_memory_of_all_models_back(home: Path) -> None:
    with serving(home) as running:
        before = _memory_at_rest(running)
        running.load(PRESETS)
        one = memory_of(running.server)
        assert one > before + MODEL
        running.load(CLONES)
        assert memory_of(running.server) > one + MODEL / 2
        running.unload()
        _check_it_is_back(running, before, 0.5)


def test_a_model_that_is_not_used_leaves_after_its_time(home: Path) -> None:
    with serving(home, POLYVOX_ENGINES__KEEP_ALIVE_SECONDS="2") as running:
        before = _memory_at_rest(running)
        assert running.speak().status_code == 200
        assert memory_of(running.server) > before + MODEL
        time.sleep(1.2)
        assert running.speak().status_code == 200
        time.sleep(1.2)
        assert len(running.hosts) == 1, "its time counts from the last request"
        _check_it_is_back(running, before, 4)


def test_with_low_memory_each_request_gives_it_back(home: Path) -> None:
    with serving(home, POLYVOX_ENGINES__LOW_MEMORY="true") as running:
        before = _memory_at_rest(running)
        for _ in range(2):
            assert running.speak().status_code == 200
            _check_it_is_back(running, before, 4)

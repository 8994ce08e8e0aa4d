"""Where nodes are kept, in this process or in a real Redis: the same rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from polyvox.cluster.registry import OwnRegistry, Registry, SharedRegistry
from polyvox.domain.errors import Unavailable
from polyvox.domain.node import READY, Load, Node, Offer
from tests.brokers import redis

_NODE = Node(
    "a",
    "http://127.0.0.1:1",
    (Offer("tone", "tone", 2, ("en", "de"), True), Offer("tone", "other")),
    READY,
    load=Load(cpu=12.5, gpu=None, current_concurrent=3),
    version="1",
    boot="b",
    beats=7,
    registered_at=1.5,
    about={"machine": "m"},
)


@pytest.fixture(params=["own", pytest.param("shared", marks=pytest.mark.cluster)])
async def registry(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Registry]:
    if request.param == "own":
        yield OwnRegistry()
        return
    with redis(tmp_path) as server:
        shared = SharedRegistry(server.url)
        yield shared
        await shared.close()


async def test_what_is_put_is_found_as_it_was(registry: Registry) -> None:
    await registry.put(_NODE)
    assert await registry.get("a") == _NODE
    assert await registry.all() == [_NODE]
    await registry.put(changed := replace(_NODE, beats=8))
    assert await registry.all() == [changed]


async def test_what_is_removed_is_gone(registry: Registry) -> None:
    await registry.put(_NODE)
    assert await registry.remove("a")
    assert not await registry.remove("a")
    assert await registry.get("a") is None
    assert await registry.all() == []


async def test_a_redis_that_is_away_is_the_operators_matter() -> None:
    registry = SharedRegistry("redis://127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"cluster\.redis"):
        await registry.all()
    await registry.close()

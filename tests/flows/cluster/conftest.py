"""What the proofs of the cluster share: machines of each test, and an engine to compare with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.cluster.hearing import Alone
from tests.flows.cluster.processes import Machines, Pair
from tests.server import served


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with served(tmp_path_factory.mktemp("alone"), POLYVOX_ENGINES__ENABLED="espeak,tone") as server:
        yield Alone(server.url)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    made = Machines(tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Machines(tmp_path_factory.mktemp("pair"))
    try:
        gateway = made.gateway()
        yield Pair(gateway, [made.worker(gateway.url) for _ in range(2)])
    finally:
        made.end()


@pytest.fixture
def pair(shared: Pair) -> Pair:
    return shared.mended()

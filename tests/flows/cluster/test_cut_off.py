"""A node whose network is cut while it speaks, and heals; another goes on, and it comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.flows.cluster.hearing import Alone, Later, lines, spoken
from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.processes import within

pytestmark = pytest.mark.cluster
NAME, HERE, THERE = "polyvox-far", "10.213.77.1", "10.213.77.2"
NOBODY = "02:00:00:00:00:99"
"""A hardware address that no machine has: what is sent there is lost without a word."""
TOKEN = {"POLYVOX_CLUSTER__TOKEN": "a token of thirty-two characters".replace(" ", "-")}
TEXT = lines(3)


def ran(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)


@dataclass
class Cable:
    """Between this machine and a network of its own."""

    def pull(self) -> None:
        ran("ip link set pvx-here down")

    def plug(self) -> None:
        ran("ip link set pvx-here up")

    def lose(self) -> None:
        """Every packet, without anybody being told."""
        ran(f"ip neigh replace {THERE} lladdr {NOBODY} nud permanent dev pvx-here")
        ran(f"ip -n {NAME} neigh replace {HERE} lladdr {NOBODY} nud permanent dev pvx-there")

    def lose_nothing(self) -> None:
        ran(f"ip neigh del {THERE} dev pvx-here")
        ran(f"ip -n {NAME} neigh del {HERE} dev pvx-there")


@pytest.fixture(scope="module")
def cable() -> Iterator[Cable]:
    ran(f"ip netns add {NAME}")
    try:
        ran(f"ip link add pvx-here type veth peer name pvx-there netns {NAME}")
        ran(f"ip addr add {HERE}/24 dev pvx-here")
        ran(f"ip -n {NAME} addr add {THERE}/24 dev pvx-there")
        ran("ip link set pvx-here up")
        ran(f"ip -n {NAME} link set pvx-there up")
        ran(f"ip -n {NAME} link set lo up")
        yield Cable()
    finally:
        ran(f"ip netns del {NAME}")


@dataclass
class Two:
    gateway: Gateway
    far: Program
    near: Program


@pytest.fixture(scope="module")
def two(cable: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    machines = Machines(tmp_path_factory.mktemp("cut"))
    try:
        given = {**TOKEN, "POLYVOX_CLUSTER__DEAD_SECONDS": "4"}
        gateway = machines.gateway("--insecure", host="0.0.0.0", **given)
        there = f"http://{HERE}:{gateway.port}"
        before = ("ip", "netns", "exec", NAME)
        far = machines.worker(there, before=before, host=THERE, **given)
        near = machines.worker(gateway.url, **given)
        gateway.ready(far, near, seconds=30)
        yield Two(gateway, far, near)
    finally:
        machines.end()


@pytest.mark.parametrize("how", ["pulled", "silent"])
def test_a_node_that_is_cut_off_is_not_missed_and_comes_back_by_itself(
    alone: Alone, cable: Cable, two: Two, how: str
) -> None:
    gateway = two.gateway
    hearing = [Later(gateway.url, TEXT, 0.3) for _ in range(2)]
    within(10, lambda: gateway.node(two.far).get("current_concurrent"))
    (cable.pull if how == "pulled" else cable.lose)()
    for each in hearing:
        alone.same(each.heard(), TEXT)
    gateway.until(two.far, "offline", seconds=10)
    assert two.near.process.poll() is None
    alone.same(spoken(gateway.url, TEXT), TEXT)
    (cable.plug if how == "pulled" else cable.lose_nothing)()
    healed = time.monotonic()
    gateway.ready(two.far, seconds=30)
    assert time.monotonic() - healed < 25
    before = gateway.node(two.far)["request_count"]
    within(15, lambda: spoken(gateway.url, TEXT).status == 200 and _asked(two, before))
    assert two.far.process.poll() is None


def _asked(two: Two, before: int) -> bool:
    """Whether the far node has been asked again since."""
    time.sleep(0.5)
    found: int = two.gateway.node(two.far).get("request_count", 0)
    return found > before

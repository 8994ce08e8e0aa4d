"""Nodes as a gateway's own API shows them: looked at, told what to do, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.processes import within

pytestmark = pytest.mark.long

DEAD = 2


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def gateway(machines: Machines) -> Gateway:
    return machines.gateway(POLYVOX_CLUSTER__DEAD_SECONDS=str(DEAD))


@pytest.fixture(scope="module")
def far(machines: Machines, gateway: Gateway) -> Program:
    """A worker that all tests see."""
    worker = machines.worker(gateway.url, seats=3)
    gateway.ready(worker)
    return worker


@pytest.fixture
def asleep(machines: Machines, gateway: Gateway) -> Iterator[Program]:
    """A worker of one test, without a model in memory."""
    worker = machines.worker(gateway.url, engine="tone", load=False, seats=1)
    gateway.until(worker, "standby")
    yield worker
    worker.end()


@pytest.fixture
def nodes(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{gateway.url}/v1", timeout=20) as client:
        yield client


def id_of(gateway: Gateway, worker: Program) -> str:
    return str(gateway.node(worker)["node_id"])


def problem(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def test_a_node_is_told_with_what_it_offers_and_how_it_is_doing(
    gateway: Gateway, far: Program, nodes: httpx.Client
) -> None:
    (node,) = nodes.get("/nodes").json()["nodes"]
    assert node["url"] == far.url
    assert node["state"] == "ready"
    (offer,) = node["offers"]
    assert (offer["engine"], offer["model"], offer["seats"]) == ("far", "far", 3)
    assert offer["loaded"] is True
    assert 0 <= node["silent_seconds"] <= DEAD
    assert 0 < node["load"]["memory"] <= 100
    assert node["registered_at"].endswith("Z")
    assert nodes.get(f"/nodes/{node['id']}").json()["id"] == node["id"] == id_of(gateway, far)


def test_what_it_has_spoken_is_counted(gateway: Gateway, far: Program, nodes: httpx.Client) -> None:
    def count() -> int:
        return int(nodes.get(f"/nodes/{id_of(gateway, far)}").json()["load"]["request_count"])

    before = count()
    said = {"input": "Once more.", "model": "far", "response_format": "wav"}
    assert httpx.post(f"{gateway.url}/v1/audio/speech", json=said).status_code == 200
    within(5, lambda: count() == before + 1)


def test_nodes_are_found_by_engine_and_by_state(
    gateway: Gateway, far: Program, asleep: Program, nodes: httpx.Client
) -> None:
    def urls(**query: str) -> list[str]:
        return [node["url"] for node in nodes.get("/nodes", params=query).json()["nodes"]]

    assert urls() == [far.url, asleep.url]
    assert urls(engine="tone") == [asleep.url]
    assert urls(state="ready") == [far.url]
    assert urls(engine="tone", state="ready") == []


def test_a_command_brings_a_model_into_memory_and_gives_it_back(
    gateway: Gateway, asleep: Program, nodes: httpx.Client
) -> None:
    id = id_of(gateway, asleep)
    answer = nodes.post(f"/nodes/{id}/command", json={"command": "activate"})
    assert answer.status_code == 200
    assert answer.json() == {"id": id, "command": "activate", "state": "loading"}
    within(15, lambda: nodes.get(f"/nodes/{id}").json()["state"] == "ready")
    asked = {"command": "unload_model", "params": {"model": "tone"}}
    assert nodes.post(f"/nodes/{id}/command", json=asked).json()["state"] == "standby"
    within(5, lambda: nodes.get(f"/nodes/{id}").json()["state"] == "standby")
    assert not nodes.get(f"/nodes/{id}").json()["offers"][0]["loaded"]


def test_a_node_that_is_stopped_ends_and_leaves(
    gateway: Gateway, asleep: Program, nodes: httpx.Client
) -> None:
    id = id_of(gateway, asleep)
    assert (
        nodes.post(f"/nodes/{id}/command", json={"command": "stop"}).json()["state"] == "draining"
    )
    within(10, lambda: nodes.get(f"/nodes/{id}").status_code == 404)
    assert asleep.process.wait(10) == 0


def test_what_it_cannot_be_told_is_refused(
    gateway: Gateway, far: Program, nodes: httpx.Client
) -> None:
    id = id_of(gateway, far)
    answer = nodes.post(f"/nodes/{id}/command", json={"command": "dance"})
    assert answer.status_code == 400
    assert problem(answer)["param"] == "command"
    assert "activate" in problem(answer)["message"]
    other = {"command": "activate", "params": {"model": "bigger"}}
    answer = nodes.post(f"/nodes/{id}/command", json=other)
    assert (answer.status_code, problem(answer)["code"]) == (404, "not_found")
    assert nodes.post(f"/nodes/{id}/command", json={}).status_code == 400
    assert gateway.node(far)["status"] == "ready"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nobody"), ("POST", "/nobody/command"), ("DELETE", "/nobody")]
)
def test_a_node_that_nobody_knows_is_not_found(nodes: httpx.Client, method: str, path: str) -> None:
    body = {"command": "stop"} if method == "POST" else None
    answer = nodes.request(method, f"/nodes{path}", json=body)
    assert answer.status_code == 404
    assert problem(answer)["param"] == "node_id"


def test_a_node_that_died_goes_offline_and_can_be_forgotten(
    gateway: Gateway, asleep: Program, nodes: httpx.Client
) -> None:
    id = id_of(gateway, asleep)
    asleep.kill()
    answer = nodes.post(f"/nodes/{id}/command", json={"command": "activate"})
    assert (answer.status_code, problem(answer)["code"]) == (503, "node_lost")
    within(DEAD + 5, lambda: nodes.get(f"/nodes/{id}").json()["state"] == "offline")
    assert nodes.get(f"/nodes/{id}").json()["silent_seconds"] >= DEAD
    assert nodes.delete(f"/nodes/{id}").status_code == 204
    assert nodes.get(f"/nodes/{id}").status_code == 404


def test_a_node_that_lives_and_is_forgotten_registers_again(
    gateway: Gateway, asleep: Program, nodes: httpx.Client
) -> None:
    assert nodes.delete(f"/nodes/{id_of(gateway, asleep)}").status_code == 204
    gateway.until(asleep, "standby", seconds=5)

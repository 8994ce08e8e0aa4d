"""Nodes of a gateway on the command line: listed, shown, told what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.test_cli import environment, polyvox
from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.server import Server

pytestmark = pytest.mark.long

__all__ = ["environment"]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def gateway(machines: Machines) -> Gateway:
    return machines.gateway()


@pytest.fixture
def worker(machines: Machines, gateway: Gateway) -> Iterator[Program]:
    """One with nothing in memory."""
    made = machines.worker(gateway.url, load=False, seats=1)
    gateway.until(made, "standby")
    yield made
    made.end()
    for each in gateway.nodes():
        httpx.delete(f"{gateway.url}/v1/nodes/{each['node_id']}")


@dataclass(frozen=True)
class Line:
    """The command line of somebody who knows where the gateway is."""

    environment: dict[str, str]
    folder: Path
    url: str

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        """What it says; on the error stream where it fails."""
        told = (*arguments, "--url", self.url)
        done = polyvox(self.environment, self.folder, "nodes", *told, stdin=stdin)
        assert done.returncode == code, done.stderr.decode()
        return (done.stderr if code else done.stdout).decode()


@pytest.fixture
def nodes(environment: dict[str, str], tmp_path: Path, gateway: Gateway) -> Line:
    return Line(environment, tmp_path, gateway.url)


def id_of(gateway: Gateway, worker: Program) -> str:
    return str(gateway.node(worker)["node_id"])


def test_nodes_are_listed_by_how_their_ids_begin(
    nodes: Line, gateway: Gateway, worker: Program
) -> None:
    said = nodes("list")
    assert re.search(rf"{id_of(gateway, worker)[:8]} +far +standby", said)
    assert worker.url in said
    found: list[dict[str, Any]] = json.loads(nodes("list", "--json"))
    assert [node["id"] for node in found] == [id_of(gateway, worker)]
    assert worker.url not in nodes("list", "--state", "ready")
    assert worker.url in nodes("list", "--engine", "far")


def test_without_any_the_command_that_starts_one_is_told(nodes: Line, gateway: Gateway) -> None:
    assert f"polyvox worker --gateway {gateway.url}" in nodes("list")


def test_one_is_shown_and_told_what_to_do(nodes: Line, gateway: Gateway, worker: Program) -> None:
    id = id_of(gateway, worker)
    assert "loading" in nodes("activate", id[:8], "--model", "far")
    gateway.ready(worker)
    shown = nodes("show", id[:8])
    assert f"id         {id}" in shown
    assert "far of far, 1 at once, in memory" in shown
    assert "standby" in nodes("standby", id)
    gateway.until(worker, "standby")


def test_a_node_is_stopped_once_somebody_has_agreed(
    nodes: Line, gateway: Gateway, worker: Program
) -> None:
    id = id_of(gateway, worker)
    nodes("stop", id, stdin=b"n\n", code=1)
    gateway.until(worker, "standby")
    assert "draining" in nodes("stop", id, stdin=b"y\n")
    assert worker.process.wait(10) == 0


def test_a_node_that_nobody_knows_is_a_wrong_request(
    nodes: Line, machines: Machines, gateway: Gateway, worker: Program
) -> None:
    assert "There is no node 'zzz'" in nodes("show", "zzz", code=2)
    other = machines.worker(gateway.url, load=False)
    gateway.until(other, "standby")
    assert "Several nodes begin with ''" in nodes("activate", "", code=2)
    other.end()


def test_what_the_gateway_refuses_is_told_in_its_words(
    nodes: Line, gateway: Gateway, worker: Program
) -> None:
    said = nodes("activate", id_of(gateway, worker), "--model", "bigger", code=2)
    assert "There is no model 'bigger'. Known: far." in said


def test_a_server_without_nodes_says_how_to_get_them(
    environment: dict[str, str], tmp_path: Path, server: Server
) -> None:
    said = Line(environment, tmp_path, server.url)("list", code=1)
    assert "polyvox: This server speaks by itself." in said
    assert "polyvox gateway" in said


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://127.0.0.1:9", 1, "No gateway answers at http://127.0.0.1:9"),
        ("nowhere", 2, "--url needs http(s)://HOST:PORT"),
        ("http://127.0.0.1:high", 2, "--url needs http(s)://HOST:PORT"),
    ],
)
def test_a_gateway_that_is_not_there_is_told(
    environment: dict[str, str], tmp_path: Path, url: str, code: int, words: str
) -> None:
    assert words in Line(environment, tmp_path, url)("list", code=code)


def test_another_server_is_not_taken_for_a_gateway(
    environment: dict[str, str], tmp_path: Path, worker: Program
) -> None:
    said = Line(environment, tmp_path, worker.url)("list", code=1)
    assert "answers 404, not as a gateway does" in said

"""Nodes come with their token, people who look at them with a key."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.flows.access.processes import TOKEN, Made, bearer, local, polyvox
from tests.processes import within
from tests.server import Server

pytestmark = pytest.mark.long


def test_a_node_registers_with_the_token_of_nodes_and_with_no_key(
    anybody: httpx.Client, make: Made, admin: str
) -> None:
    node = {"node_id": "n", "url": "http://127.0.0.1:9", "engine_type": "tone"}
    assert anybody.post("/api/nodes/register", json=node).status_code == 401
    for key in (make("speak")["key"], admin):
        answer = anybody.post("/api/nodes/register", json=node, headers=bearer(key))
        assert answer.status_code in (401, 403)
        gone = anybody.delete("/api/nodes/n", headers=bearer(key))
        assert gone.status_code in (401, 403)
    registered = anybody.post("/api/nodes/register", json=node, headers=bearer(TOKEN))
    assert registered.status_code == 200, registered.text
    assert anybody.delete("/api/nodes/n", headers=bearer(TOKEN)).status_code == 200


def test_the_token_of_nodes_is_no_key(anybody: httpx.Client) -> None:
    for path in ("/v1/nodes", "/api/nodes", "/v1/voices", "/v1/keys"):
        assert anybody.get(path, headers=bearer(TOKEN)).status_code == 401, path


def test_a_worker_needs_no_key(
    anybody: httpx.Client, house: Server, make: Made, tmp_path: Path
) -> None:
    options = ("--engine", "tone", "--port", "0", "--gateway", local(house))
    worker = polyvox(tmp_path, "worker", *options, POLYVOX_CLUSTER__TOKEN=TOKEN)
    key = bearer(make("speak")["key"])
    try:
        within(20, lambda: anybody.get("/v1/nodes", headers=key).json()["nodes"])
    finally:
        worker.terminate()
        worker.wait(20)


def test_live_updates_are_told_to_whoever_has_a_key(house: Server, make: Made) -> None:
    url = f"ws://127.0.0.1:{house.port}/ws"
    for headers in ({}, bearer("pv_wrong"), bearer(TOKEN), bearer(make("voices")["key"])):
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=headers)
        assert refused.value.response.status_code == 403
    key = make("speak")["key"]
    for headers in (bearer(key), {"Cookie": f"polyvox_key={key}"}):
        with connect(url, additional_headers=headers) as watching:
            assert '"type": "status"' in str(watching.recv(5))

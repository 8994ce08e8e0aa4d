"""A server that speaks by itself has no nodes, and says how to get them."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/x"), ("POST", "/x/command"), ("DELETE", "/x")],
)
def test_a_server_that_speaks_by_itself_says_how_to_get_nodes(
    client: httpx.Client, method: str, path: str
) -> None:
    body = {"command": "stop"} if method == "POST" else None
    answer = client.request(method, f"/v1/nodes{path}", json=body)
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "unavailable"
    assert "polyvox gateway" in error["message"]

"""Live updates: how a gateway's nodes are doing, told to whoever watches."""

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.server import Server, served

pytestmark = pytest.mark.long

GATEWAY = {"POLYVOX_CLUSTER__ENABLED": "true", "POLYVOX_RATES__PER_ADDRESS": "1000"}
_MOST = 100


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("gateway"), **GATEWAY) as server:
        yield server


def watching(server: Server, **given: Any) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{server.port}/ws", **given)


def read_on(watcher: ClientConnection) -> None:
    """Until the connection is closed, which raises."""
    while True:
        watcher.recv(5)


def register(server: Server, *ids: str, **about: str) -> None:
    with httpx.Client(base_url=server.url) as client:
        for id in ids:
            place = {"node_id": id, "url": "http://127.0.0.1:9"}
            said = {"engine_type": "espeak", "about": about, **place}
            client.post("/api/nodes/register", json=said).raise_for_status()


def test_the_status_comes_at_once_and_again(gateway: Server) -> None:
    with watching(gateway) as watcher:
        first = json.loads(watcher.recv(1))
        assert (set(first), first["type"]) == ({"type", "status", "nodes"}, "status")
        assert first["status"] == httpx.get(f"{gateway.url}/api/status").json()
        register(gateway, "later")
        began = time.monotonic()
        second = json.loads(watcher.recv(5))
        assert 1 < time.monotonic() - began < 3
        assert [node["node_id"] for node in second["nodes"]] == ["later"]
        assert second["status"]["total_nodes"] == 1


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://127.0.0.1:x"]
)
def test_pages_of_other_sites_may_not_watch(gateway: Server, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        watching(gateway, origin=origin)
    assert refused.value.response.status_code == 403


def test_pages_of_our_own_may_watch(gateway: Server) -> None:
    with watching(gateway, origin=gateway.url) as watcher:
        assert watcher.recv(1)


def test_where_there_are_no_nodes_there_is_nothing_to_watch(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        watching(server)
    assert refused.value.response.status_code == 503
    assert "by itself" in json.loads(refused.value.response.body)["detail"]


def test_who_talks_much_is_closed(gateway: Server) -> None:
    with watching(gateway) as watcher:
        watcher.send("nobody listens")
        assert watcher.recv(1)
        watcher.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            read_on(watcher)


@pytest.mark.long
def test_a_hundred_may_watch_and_who_leaves_makes_room(gateway: Server) -> None:
    with contextlib.ExitStack() as stack:
        watchers = [stack.enter_context(watching(gateway)) for _ in range(_MOST)]
        assert all(each.recv(5) for each in watchers)
        with pytest.raises(InvalidStatus) as refused:
            watching(gateway)
        assert refused.value.response.status_code == 503
        watchers[0].close()
        with watching(gateway) as another:
            assert another.recv(1)


@pytest.mark.long
def test_who_does_not_answer_is_dropped(gateway: Server) -> None:
    with raw(gateway) as silent:
        time.sleep(11.5)
        assert ended(silent)


@pytest.mark.long
def test_who_does_not_read_is_cut_off(tmp_path: Path) -> None:
    """What it has not read does not pile up, and does not keep the server from stopping."""
    with served(tmp_path, POLYVOX_SERVER__STALL_SECONDS="1", **GATEWAY) as server:
        about = {f"k{number}": "x" * 300 for number in range(20)}
        register(server, *(f"n{number}" for number in range(800)), **about)
        with raw(server) as stuck:
            time.sleep(6)
            assert ended(stuck)
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(20)
        assert time.monotonic() - began < 4


@pytest.mark.long
def test_watchers_are_told_when_the_server_stops(tmp_path: Path) -> None:
    with served(tmp_path, **GATEWAY) as server, watching(server) as watcher:
        assert watcher.recv(1)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            read_on(watcher)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        server.process.wait(20)
        assert time.monotonic() - began < 5


@contextlib.contextmanager
def raw(server: Server) -> Iterator[socket.socket]:
    """A client that has said hello, and says and reads nothing more."""
    hello = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as client:
        client.sendall(hello.encode())
        assert client.recv(12) == b"HTTP/1.1 101"
        yield client


def ended(client: socket.socket) -> bool:
    """Whether the server has closed the connection, once all that came is read."""
    try:
        while client.recv(1 << 20):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return True

"""A node's life as the gateway shows it; what commands do; what travels to it, and how often."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from tests.flows.cluster.hearing import LINE, Later, spoken
from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.processes import hosts_of, within
from tests.server import Server

pytestmark = pytest.mark.cluster


STORY = (
    "The old harbour lay quiet in the evening light. A few boats came home with the tide, and "
    "their crews talked about the weather. Nobody on the pier was in a hurry. Somebody began "
    "to sing, and after a while everybody else was listening. Then it grew dark at last."
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    machines = Machines(tmp_path_factory.mktemp("lives"))
    try:
        yield machines.gateway()
    finally:
        machines.end()


class Watch:
    """The states of a node, one after the other, until it is gone."""

    def __init__(self, gateway: Gateway, worker: Program) -> None:
        self.seen = list[str]()
        self._gateway, self._worker = gateway, worker
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def over(self) -> list[str]:
        self._thread.join(60)
        return self.seen

    def _look(self) -> None:
        while self.seen[-2:] != ["draining", "gone"] and len(self.seen) < 50:
            state = self._gateway.node(self._worker).get("status", "gone")
            if self.seen[-1:] != [state]:
                self.seen.append(state)


def test_a_node_lives_from_standby_to_its_end(gateway: Gateway, machines: Machines) -> None:
    worker = machines.worker(gateway.url, load=False, seats=1, settings={"load": 1.0})
    gateway.until(worker, "standby", seconds=30)
    watch = Watch(gateway, worker)
    assert gateway.command(worker, "activate").json()["status"] == "loading"
    gateway.ready(worker, seconds=30)
    hosts = _hosts(worker)
    assert len(hosts) == 1
    assert spoken(gateway.url, LINE, 0.5).status == 200
    gateway.ready(worker)
    hearing = Later(gateway.url, LINE, 1.0)
    gateway.until(worker, "busy")
    assert gateway.command(worker, "stop").is_success
    assert hearing.heard().status == 200
    assert worker.process.wait(15) == 0
    wanted = ["standby", "loading", "ready", "busy", "ready", "busy", "draining", "gone"]
    assert watch.over() == wanted
    assert not Path(f"/proc/{hosts[0]}").exists()


def test_standby_gives_memory_back_and_a_request_takes_it_again(
    gateway: Gateway, machines: Machines
) -> None:
    worker = machines.worker(gateway.url, seats=2, settings={"load": 1.0})
    gateway.ready(worker, seconds=30)
    within(10, lambda: len(_hosts(worker)) == 2)
    assert gateway.command(worker, "standby").is_success
    within(15, lambda: not _hosts(worker))
    gateway.until(worker, "standby")
    assert spoken(gateway.url, LINE).status == 200
    gateway.ready(worker)
    assert gateway.command(worker, "unload_model").is_success
    within(5, lambda: not _hosts(worker))
    assert gateway.command(worker, "load_model").is_success
    gateway.ready(worker)
    assert gateway.command(worker, "dance").status_code == 400


def test_a_node_whose_engine_cannot_load_says_why_and_may_be_mended(
    gateway: Gateway, machines: Machines, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    worker = machines.worker(gateway.url, settings={"broken": str(broken)})
    gateway.until(worker, "error", seconds=30)
    assert "its weights are damaged" in gateway.node(worker)["error"]
    assert spoken(gateway.url, LINE).status == 503
    broken.unlink()
    assert gateway.command(worker, "activate").is_success
    gateway.ready(worker)
    assert gateway.node(worker)["error"] is None
    assert spoken(gateway.url, LINE).status == 200


class Counting:
    """A way to a worker on which bytes are counted."""

    def __init__(self, port: int) -> None:
        self.count = 0
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def taken(self) -> int:
        """Since the last time."""
        count, self.count = self.count, 0
        return count

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                try:
                    theirs = socket.create_connection(("127.0.0.1", self._port))
                except OSError:
                    ours.close()
                    continue
                for pair in ((ours, theirs, True), (theirs, ours, False)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError), closing(sink), closing(source):
            while data := source.recv(65536):
                self.count += len(data) if counted else 0
                sink.sendall(data)


@pytest.fixture
def way(gateway: Gateway, machines: Machines) -> Iterator[tuple[Program, Counting]]:
    """A worker that is reached through a way that counts."""
    worker = machines.worker("http://127.0.0.1:1", engine="espeak", seats=1)
    with closing(Counting(worker.port)) as counting:
        worker.kill()
        worker.arguments = [*worker.arguments, "--advertise", f"http://127.0.0.1:{counting.port}"]
        where = worker.arguments.index("http://127.0.0.1:1")
        worker.arguments = [*worker.arguments[:where], gateway.url, *worker.arguments[where + 1 :]]
        worker.url = f"http://127.0.0.1:{counting.port}"
        worker.start()
        gateway.ready(worker, seconds=30)
        yield worker, counting


def test_a_voice_state_travels_once_and_again_to_a_node_that_forgot_it(
    gateway: Gateway, way: tuple[Program, Counting]
) -> None:
    worker, counting = way
    said = {"model": "espeak", "voice": "espeak.male_deep", "response_format": "wav", "options": {}}
    recording = spoken(gateway.url, STORY, **said).data
    made = httpx.post(
        f"{gateway.url}/v1/voices",
        data={"name": "Deep", "engine": "espeak", "consent": "true"},
        files={"audio": ("deep.wav", recording)},
        timeout=60,
    )
    assert made.status_code in (200, 201), made.text
    voice = made.json()["id"]
    counting.taken()

    def cost(text: str) -> int:
        heard = spoken(gateway.url, text, model="espeak", voice=voice, options={})
        assert heard.status == 200, heard.data
        return counting.taken()

    first, second = cost("Hello."), cost("Hello.")
    assert first - second > 100, (first, second)
    worker.kill()
    gateway.revive(worker)
    counting.taken()
    again = cost("Hello.")
    assert again >= first - 50, (first, second, again)
    assert abs(cost("Hello.") - second) < 50


def _hosts(worker: Program) -> list[int]:
    return hosts_of(Server(worker.url, worker.process, worker.folder), "far")  # type: ignore[arg-type]

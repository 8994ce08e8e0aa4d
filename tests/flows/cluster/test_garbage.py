"""A node that answers what no node answers: the request is spoken elsewhere, to the last sample."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

import httpx
import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk
from polyvox.runtime.wire import Message, chunk_message, pack
from tests.flows.cluster.hearing import LINE, Alone, spoken
from tests.flows.cluster.processes import Gateway, Machines

pytestmark = pytest.mark.cluster
WIRE = "application/x-polyvox-wire"
WAITING = pack(Message("waiting", body=bytes(1024)))
NOISE = np.random.default_rng(1).bytes(40_000)
Answer = Callable[[BaseHTTPRequestHandler], None]


def chunk(seconds: float) -> bytes:
    """What a node would really send first: the beginning of the hum."""
    time = np.arange(round(seconds * 24000)) / 24000
    hum = 0.5 * np.sin(2 * np.pi * 220 * time) * np.minimum(time / 0.005, 1)
    return pack(chunk_message(1, AudioChunk(hum.astype(np.float32), 24000)))


def headed(size: int) -> bytes:
    return json.dumps({"kind": "chunk", "id": 1, "size": size, "rate": 24000}).encode() + b"\n"


def sent(*pieces: bytes, status: int = 200, media: str = WIRE, length: int | None = None) -> Answer:
    """Answers these pieces, then closes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", media)
        if length is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()
        for piece in pieces:
            request.wfile.write(piece)
            request.wfile.flush()

    return answer


def without_end(request: BaseHTTPRequestHandler) -> None:
    sent(chunk(0.5))(request)
    with suppress(OSError):
        for _ in range(60):
            request.wfile.write(WAITING)
            request.wfile.flush()
            sleep(0.5)


def raw(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(NOISE)


GARBAGE: dict[str, Answer] = {
    "random bytes": sent(NOISE),
    "random bytes after a sound": sent(chunk(0.5), NOISE),
    "no HTTP": raw,
    "another type": sent(b"<html></html>", media="text/html"),
    "nothing": sent(),
    "half a message": sent(chunk(0.5), chunk(0.5)[:3000]),
    "a body that ends early": sent(chunk(0.5), length=1_000_000),
    "a huge message": sent(headed(2**40)),
    "a negative size": sent(headed(-5)),
    "a line without an end": sent(b"{" * 3_000_000),
    "samples that are none": sent(pack(Message("chunk", 1, {"rate": 24000, "words": []}, b"abc"))),
    "no rate": sent(pack(Message("chunk", 1, {"rate": 0, "words": []}, bytes(400)))),
    "another kind": sent(pack(Message("made", 1, {}, b"state")), pack(Message("done", 1))),
    "samples that are no numbers": sent(
        pack(Message("chunk", 1, {"rate": 24000, "words": []}, b"\xff" * 400))
    ),
    "HTTP 500": sent(b"oops", status=500, media="text/plain"),
    "HTTP 401": sent(b'{"error": {"code": "unauthorized", "message": ""}}', status=401),
    "a redirect": sent(status=307),
    "works without an end": without_end,
}


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that answers every request so; its URL."""

    class Garbage(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with suppress(OSError):
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Garbage)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    machines = Machines(tmp_path_factory.mktemp("garbage"))
    try:
        gateway = machines.gateway(
            POLYVOX_ENGINES__CHUNK_SECONDS="1",
            POLYVOX_SPEECH__MAX_WAIT_SECONDS="2",
        )
        gateway.ready(machines.worker(gateway.url), seconds=30)
        yield gateway
    finally:
        machines.end()


@contextmanager
def joined(gateway: Gateway, url: str) -> Iterator[str]:
    """A node among the gateway's; its id."""
    said = {"engine_type": "far", "url": url, "status": "ready"}
    said["offers"] = [{"engine": "far", "model": "far", "seats": 8, "loaded": True}]  # type: ignore[assignment]
    answer = httpx.post(f"{gateway.url}/api/nodes/register", json=said)
    id: str = answer.json()["node_id"]
    try:
        yield id
    finally:
        httpx.delete(f"{gateway.url}/api/nodes/{id}")


@pytest.mark.parametrize("kinds", [list(GARBAGE)], ids=["all"])
def test_what_a_broken_node_answers_is_never_heard(
    alone: Alone, gateway: Gateway, kinds: Sequence[str]
) -> None:
    for kind in kinds:
        asked = 0

        def counted(request: BaseHTTPRequestHandler, kind: str = kind) -> None:
            nonlocal asked
            asked += 1
            GARBAGE[kind](request)

        with answering(counted) as url, joined(gateway, url) as id:
            for _ in range(3):
                heard = spoken(gateway.url, LINE)
                assert (heard.status, kind) == (200, kind), gateway.log[-3000:]
                alone.same(heard, LINE)
            assert (asked > 0, kind) == (True, kind)
            told = next(line for line in gateway.log.splitlines() if id in line)
            assert len(told) < 400

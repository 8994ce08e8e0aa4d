"""HTTP servers on a port of this machine that answer as a test says, and remember what came."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np


class Exchange(BaseHTTPRequestHandler):
    """One connection; what the test's function is given."""

    protocol_version = "HTTP/1.1"
    body: bytes

    @property
    def asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def whole(self, body: bytes, media_type: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def refused(self, status: int, said: Any, **headers: str) -> None:
        self.whole(json.dumps(said).encode(), "application/json", status, **headers)

    def begin(self, media_type: str) -> None:
        """An answer whose length is not known yet; `piece` sends more, `end` ends it."""
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def piece(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def break_off(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Listener:
    url: str
    came: list[Exchange] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)


@contextlib.contextmanager
def listening(
    answer: Callable[[Exchange], None], port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Listener]:
    class Answering(Exchange):
        def do_POST(self) -> None:
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.came.append(self)
            listener.connections.add(self.client_address)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                answer(self)

    server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.block_on_close = False
    listener = Listener(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sound(seconds: float, rate: int, pitch: float = 220.0) -> bytes:
    """Sixteen-bit samples of a tone that pauses now and then."""
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * pitch * time) * (time % 1 < 0.8)
    return bytes((tone * 32767).astype("<i2").tobytes())

"""The load: clients that each ask again as soon as they have their answer (a closed loop), over a
small HTTP/1.1 keep-alive client on asyncio and httptools. General HTTP clients for Python cost
more than some of the servers that are measured here; this one tells what it cost.

    python -m bench.load < JOB > RESULT      both JSON; see `Job` and `Result`
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from typing import cast

import httptools

_SPEECH = "/v1/audio/speech"
_HEAD = (
    "POST " + _SPEECH + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)


class Refused(Exception):
    """The server did not answer with 200 and a whole body."""


@dataclass(frozen=True)
class Ask:
    """One request to speak; every path takes the same."""

    text: str
    format: str

    def body(self) -> bytes:
        return json.dumps({"input": self.text, "response_format": self.format}).encode()


@dataclass(frozen=True)
class Job:
    """What the load is."""

    port: int
    clients: int
    format: str
    texts: Sequence[str]


@dataclass(frozen=True)
class Result:
    """What came of it; lists have an entry per request."""

    seconds: float
    """From the first request to the last answer."""
    latency: list[float]
    """Seconds to the last byte."""
    first_byte: list[float]
    """Seconds to the first byte of the body."""
    size: list[int]
    """Bytes of the body."""
    cpu: float
    """Processor seconds of the load itself."""


def ask_once(port: int, ask: Ask) -> bytes:
    """The answer to one request. Raises Refused, or OSError while nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", _SPEECH, ask.body(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise Refused(f"{answer.status}: {body[:200]!r}")
    return body


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._begin()
        self._done: asyncio.Future[None] | None = None

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.first_byte, self.size = 0.0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    async def ask(self, request: bytes) -> None:
        """Send the request; `first_byte` and `size` tell of the answer, once it is whole."""
        self._begin()
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._done
        status = self._parser.get_status_code()
        if status != 200 or not self.size:
            raise Refused(f"status {status}, {self.size} bytes")

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(Refused("the connection broke"))

    def on_body(self, data: bytes) -> None:
        self.first_byte = self.first_byte or time.perf_counter()
        self.size += len(data)

    def on_message_complete(self) -> None:
        if self._done and not self._done.done():
            self._done.set_result(None)


async def _run(job: Job) -> Result:
    waiting = [_request(Ask(text, job.format)) for text in reversed(job.texts)]
    latency, first_byte, size = list[float](), list[float](), list[int]()

    async def client() -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", job.port)
        while waiting:
            request = waiting.pop()
            begun = time.perf_counter()
            await connection.ask(request)
            latency.append(time.perf_counter() - begun)
            first_byte.append(connection.first_byte - begun)
            size.append(connection.size)
        connection.close()

    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as clients:
        for _ in range(job.clients):
            clients.create_task(client())
    seconds = time.perf_counter() - begun
    return Result(seconds, latency, first_byte, size, time.process_time() - cpu)


def _request(ask: Ask) -> bytes:
    body = ask.body()
    return _HEAD.format(length=len(body)).encode() + body


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        result = runner.run(_run(Job(**json.load(sys.stdin))))
    json.dump(asdict(result), sys.stdout)

"""Listeners: they ask a server to speak, and read the answer as fast as it comes or at a pace."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.load import Refused

BYTES_A_SECOND = 48000
"""Of sound in pcm: 24,000 samples of two bytes."""
_PIECE = 4800
"""Bytes that a slow listener reads at a time: a tenth of a second."""
_SMALL = 16 * 1024
"""Bytes that the system keeps for a slow listener, so that what it does not read stays behind."""


@dataclass(frozen=True)
class Heard:
    first: float
    """Seconds to the first byte of sound."""
    last: float
    """Seconds to the last one."""
    size: int
    node: str
    """Which node spoke; empty where none did."""


@dataclass
class Meter:
    """Counts what many listeners hear together."""

    bytes: int = 0

    @property
    def seconds(self) -> float:
        """Of sound."""
        return self.bytes / BYTES_A_SECOND


def asked(text: str, factor: float = 0.0) -> dict[str, Any]:
    """A request to hum, with so many seconds of waiting for each second of sound."""
    return {
        "model": "tone",
        "input": text,
        "language": "en",
        "response_format": "pcm",
        "options": {"real_time_factor": factor},
    }


def line(seconds: float, number: int = 0) -> str:
    """A sentence that is hummed for so many seconds, as one segment up to 20."""
    text = f"{number:x}" if number else ""
    return (text + "x" * 200)[: max(1, round(seconds * 10) - 1)] + "."


@asynccontextmanager
async def listeners(*, slow: bool = False) -> AsyncIterator[aiohttp.ClientSession]:
    """For as many at once as there may be."""

    def little(about: Any) -> socket.socket:
        family, kind, protocol = about[:3]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        return made

    connector = aiohttp.TCPConnector(limit=0, socket_factory=little if slow else None)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=60)
    size = _SMALL if slow else 2**16
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, read_bufsize=size
    ) as session:
        yield session


async def hear(
    session: aiohttp.ClientSession,
    url: str,
    said: Mapping[str, Any],
    meter: Meter | None = None,
    pace: float | None = None,
) -> Heard:
    """The whole answer, read at no more than `pace` times real time. Raises Refused."""
    begun, first, size = time.perf_counter(), 0.0, 0
    async with session.post(f"{url}/v1/audio/speech", json=said) as answer:
        if answer.status != 200:
            raise Refused(f"{answer.status}: {(await answer.text())[:200]}")
        pieces = answer.content.iter_chunked(_PIECE) if pace else answer.content.iter_any()
        async for piece in pieces:
            first = first or time.perf_counter() - begun
            size += len(piece)
            if meter:
                meter.bytes += len(piece)
            if pace:
                ahead = size / BYTES_A_SECOND / pace - (time.perf_counter() - begun - first)
                await asyncio.sleep(max(0.0, ahead))
        node = answer.headers.get("X-Node-Id", "")
    return Heard(first, time.perf_counter() - begun, size, node)

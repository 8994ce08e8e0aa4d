"""Recordings that a caller names by URL, from public addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpcore

from polyvox.api.network import PublicNetwork, check_url
from polyvox.domain.errors import InvalidInput, TimedOut, TooLarge

_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Bounds:
    """Of what is fetched."""

    bytes: int
    seconds: float
    """For the whole of it, redirects included."""
    private: bool
    """Whether private and loopback addresses are allowed."""


@contextlib.asynccontextmanager
async def fetched(url: str, bounds: Bounds) -> AsyncIterator[Path]:
    """A file with what is at `url`, until the block is left.

    Raises InvalidInput for an address that is refused or gives no file, TooLarge, and TimedOut.
    """
    with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
        target = Path(folder) / "fetched"
        try:
            async with asyncio.timeout(bounds.seconds):
                await _fetch(url, target, bounds)
        except TimeoutError as error:
            late = f"The recording did not come from its URL within {bounds.seconds:g} s."
            raise TimedOut(late, param="audio") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise InvalidInput(
                f"Nothing can be fetched from the URL: {error}", param="audio"
            ) from (error)
        yield target


async def _fetch(url: str, target: Path, bounds: Bounds) -> None:
    network = PublicNetwork(bounds.private)
    async with httpcore.AsyncConnectionPool(network_backend=network) as pool:
        for _ in range(_REDIRECTS + 1):
            check_url(url, "audio")
            async with pool.stream("GET", url, headers={"User-Agent": "Polyvox"}) as answer:
                if answer.status in _MOVED:
                    url = urljoin(url, _header(answer, b"location"))
                    continue
                if answer.status != 200:
                    raise InvalidInput(f"The URL answers {answer.status}.", param="audio")
                await _write(answer, target, bounds.bytes)
                return
    raise InvalidInput("The URL leads from redirect to redirect.", param="audio")


async def _write(answer: httpcore.Response, target: Path, most: int) -> None:
    too_large = TooLarge(f"What the URL gives is over {most / 1e6:g} MB.", param="audio")
    announced = _header(answer, b"content-length")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    size = 0
    with target.open("wb") as written:
        async for piece in answer.aiter_stream():
            size += len(piece)
            if size > most:
                raise too_large
            written.write(piece)


def _header(answer: httpcore.Response, name: bytes) -> str:
    values: Iterable[bytes] = (value for key, value in answer.headers if key.lower() == name)
    return next(iter(values), b"").decode("latin-1")

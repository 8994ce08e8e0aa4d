"""Hosts of every engine: started when needed, kept warm, shared fairly, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import Busy, PolyvoxError
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.runtime.client import Host

SLEEPING, LOADING, READY, FAILED = "sleeping", "loading", "ready", "failed"


@dataclass(frozen=True)
class Limits:
    """How much is taken on."""

    waiting: int = 256
    """Requests that may wait for a host of one engine."""
    wait: float = 60.0
    """Seconds a request may wait for a host."""
    load: float = 300.0
    """Seconds an engine may take to load."""
    patience: float = 120.0
    """Seconds a loaded engine may take for its next chunk."""


class Pool:
    """Speaks segments through hosts of this machine."""

    def __init__(
        self,
        hosts_of: Callable[[str], int],
        *,
        threads_of: Callable[[str], int | None] = lambda _: None,
        limits: Limits | None = None,
        device: str = "cpu",
        folder: Path | None = None,
    ) -> None:
        """`hosts_of` says how many hosts an engine may have, `threads_of` how many threads each
        may use for numbers; `folder` holds drop-in engines."""
        self._hosts_of, self._threads_of = hosts_of, threads_of
        self._limits = limits or Limits()
        self._device, self._folder = device, folder
        self._lanes: dict[str, _Lane] = {}

    async def speak(
        self,
        engine: str,
        segment: Segment,
        voice: Voice,
        options: Mapping[str, Any],
        *,
        promised: bool = False,
    ) -> AsyncGenerator[AudioChunk, None]:
        """The segment's audio from the next free host.

        A `promised` segment belongs to a request that has been accepted: it waits its turn
        whatever the queue's length. Others raise Busy when the queue is full or too slow.
        """
        async with (
            self._host(engine, promised) as host,
            contextlib.aclosing(host.speak(segment, voice, options)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def enroll(self, engine: str, reference: Reference) -> bytes:
        """The voice state that the engine makes of `reference`."""
        async with self._host(engine) as host:
            return await host.enroll(reference)

    async def design(
        self, engine: str, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """The voice that the engine makes of a description."""
        async with self._host(engine) as host:
            return await host.design(description, language, settings, text)

    async def blend(self, engine: str, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """The state of a voice between `voices`."""
        async with self._host(engine) as host:
            return await host.blend(voices, weights)

    async def warm(self, engine: str) -> None:
        """Start the engine's first host if there is none, then its others."""
        await self._lane(engine).warm()

    def state(self, engine: str) -> str:
        """sleeping, loading, ready or failed."""
        return self._lane(engine).state

    def failure(self, engine: str) -> str | None:
        """Why the engine failed to load the last time it was tried."""
        return self._lane(engine).failure

    def hosts(self, engine: str) -> list[Host]:
        """Those that run now."""
        return self._lane(engine).running

    async def close(self) -> None:
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))

    @contextlib.asynccontextmanager
    async def _host(self, engine: str, promised: bool = False) -> AsyncIterator[Host]:
        """The next free host, until the block is left."""
        lane = self._lane(engine)
        host = await lane.take(promised)
        try:
            yield host
        finally:
            lane.give(host)

    def _lane(self, engine: str) -> _Lane:
        if engine not in self._lanes:
            self._lanes[engine] = _Lane(
                lambda: Host.start(
                    engine,
                    device=self._device,
                    folder=self._folder,
                    threads=self._threads_of(engine),
                    load_within=self._limits.load,
                    patience=self._limits.patience,
                ),
                self._hosts_of(engine),
                self._limits,
            )
        return self._lanes[engine]


class _Lane:
    """The hosts of one engine, and who waits for them, first come first served."""

    def __init__(self, start: Callable[[], Any], size: int, limits: Limits) -> None:
        self._start, self._limits, self._size = start, limits, size
        self._free = asyncio.Semaphore(size)
        self._hosts: set[Host] = set()
        self._idle: list[Host] = []
        self._busy: dict[Host, float] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self._loading = 0
        self._waiting = 0
        self._usual = 0.1
        """Seconds a host is usually held, as a running mean."""
        self.failure: str | None = None

    @property
    def running(self) -> list[Host]:
        return [host for host in self._hosts if host.alive]

    @property
    def state(self) -> str:
        if self.running:
            return READY
        if self._loading:
            return LOADING
        return FAILED if self.failure else SLEEPING

    async def take(self, promised: bool) -> Host:
        await self._turn(promised)
        try:
            while self._idle:
                host = self._idle.pop()
                if host.alive:
                    break
                await self._end(host)
            else:
                host = await self._started()
        except BaseException:
            self._free.release()
            raise
        self._busy[host] = monotonic()
        return host

    def give(self, host: Host) -> None:
        """Back from its request; one that was left in the middle settles first."""
        held = monotonic() - self._busy.pop(host)
        self._usual += 0.1 * (held - self._usual)
        if host.alive and not host.owing:
            self._rest(host)
        else:
            task = asyncio.ensure_future(self._settle(host))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def warm(self) -> None:
        self.give(await self.take(promised=True))
        while len(self.running) + self._loading < self._size:
            await self._free.acquire()
            try:
                self._idle.append(await self._started())
            finally:
                self._free.release()

    async def close(self) -> None:
        for task in list(self._settling):
            task.cancel()
        await asyncio.gather(*self._settling, return_exceptions=True)
        await asyncio.gather(*(self._end(host) for host in list(self._hosts)))
        self._idle.clear()

    async def _turn(self, promised: bool) -> None:
        if not self._free.locked() or promised:
            await self._free.acquire()
            return
        if self._waiting >= self._limits.waiting:
            raise self._full("Too many requests are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._full(f"No voice was free for {self._limits.wait:.0f} seconds") from error
        finally:
            self._waiting -= 1

    def _full(self, what: str) -> Busy:
        seconds = math.ceil(self._usual * self._waiting / self._size)
        seconds = min(max(seconds, 1), 300)
        return Busy(f"{what}; try again in {seconds} s.", retry_after=seconds)

    async def _started(self) -> Host:
        self._loading += 1
        try:
            host: Host = await self._start()
        except PolyvoxError as error:
            self.failure = error.message
            raise
        finally:
            self._loading -= 1
        self.failure = None
        self._hosts.add(host)
        return host

    async def _end(self, host: Host) -> None:
        self._hosts.discard(host)
        await host.close()

    async def _settle(self, host: Host) -> None:
        if host.alive:
            await host.settle()
        if host.alive and not host.owing:
            self._rest(host)
        else:
            self._free.release()
            await self._end(host)

    def _rest(self, host: Host) -> None:
        self._idle.append(host)
        self._free.release()

"""The hosts of one model: started when needed, kept warm, shared fairly, bounded."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import monotonic

from polyvox.domain.errors import Busy, PolyvoxError
from polyvox.runtime.breaker import Breaker
from polyvox.runtime.client import Host
from polyvox.runtime.launch import Launch

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
    loaded: int = 2
    """Models with weights that may be in memory at once."""
    keep: float | None = 300.0
    """Seconds a model with weights stays in memory unused; None is until room is needed."""


Room = Callable[["Lane"], AbstractAsyncContextManager[None]]
"""Waits until there is memory for one more host of a lane, and holds it while the host starts."""


class Lane:
    """The hosts of one model, and who waits for them, first come first served."""

    def __init__(self, launch: Launch, limits: Limits, room: Room) -> None:
        """`room` is asked for before a host is started."""
        self.launch, self._limits, self._room = launch, limits, room
        self._size = size = launch.hosts
        self._free = asyncio.Semaphore(size)
        self._hosts: set[Host] = set()
        self._idle: list[Host] = []
        self._busy: dict[Host, float] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self._loading = 0
        self._waiting = 0
        self._usual = 0.1
        """Seconds a host is usually held, as a running mean."""
        self._resting: asyncio.TimerHandle | None = None
        self.used = 0.0
        """When a host was last given back, on the monotonic clock."""
        self.failure: str | None = None
        self.breaker = Breaker()

    @property
    def loaded(self) -> bool:
        """Whether it holds a model, or is about to."""
        return bool(self.running or self._loading)

    @property
    def idle(self) -> bool:
        """Whether its hosts could end now without anybody noticing."""
        busy = self._busy or self._settling or self._waiting or self._loading
        return not busy and bool(self._hosts)

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
        if self._resting:
            self._resting.cancel()
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
            host = await self._launched()
        except Busy:
            raise
        except PolyvoxError as error:
            self.failure = error.message
            raise
        finally:
            self._loading -= 1
        self.failure = None
        self._hosts.add(host)
        return host

    async def _launched(self) -> Host:
        async with self._room(self):
            return await Host.start(
                self.launch, load_within=self._limits.load, patience=self._limits.patience
            )

    async def rest(self) -> None:
        """End the hosts that nobody uses; the next request starts one again."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._end(host) for host in idle))

    def _rest_later(self) -> None:
        """Give a model's memory back once nobody has asked for it for a while."""
        if self._resting:
            self._resting.cancel()
        if self.launch.heavy and self._limits.keep is not None:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(self._limits.keep, self._rest_now)

    def _rest_now(self) -> None:
        if self.idle:
            task = asyncio.ensure_future(self.rest())
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

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
        self.used = monotonic()
        self._rest_later()

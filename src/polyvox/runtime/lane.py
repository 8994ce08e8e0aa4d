"""The hosts of one model: started when needed, kept warm, shared fairly, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import monotonic
from typing import Any

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


class _Place:
    """One host, from the start of its process on, and how many of its seats are taken."""

    def __init__(self, starting: asyncio.Task[Host]) -> None:
        self.starting = starting
        self.taken = 0

    @property
    def host(self) -> Host | None:
        """None while it starts, and when it could not."""
        done = self.starting.done() and not self.starting.cancelled()
        return self.starting.result() if done and not self.starting.exception() else None

    @property
    def usable(self) -> bool:
        return not self.starting.done() or bool(self.host and self.host.alive)


class Lane:
    """The hosts of one model, and who waits for them, first come first served."""

    def __init__(self, launch: Launch, limits: Limits, room: Room) -> None:
        """`room` is asked for before a host is started."""
        self.launch, self._limits, self._room = launch, limits, room
        self._seats = launch.hosts * launch.seats
        self._free = asyncio.Semaphore(self._seats)
        self._places: list[_Place] = []
        self._settling: set[asyncio.Task[None]] = set()
        self.waiting = 0
        """Requests that wait for a seat, but for the promised ones."""
        self._usual = 0.1
        """Seconds a seat is usually held, as a running mean."""
        self._resting: asyncio.TimerHandle | None = None
        self.used = 0.0
        """When a seat was last given back, on the monotonic clock."""
        self.failure: str | None = None
        self.breaker = Breaker()

    @property
    def idle(self) -> bool:
        """Whether its hosts could end now without anybody noticing."""
        busy = any(place.taken or place.host is None for place in self._places)
        return bool(self._places) and not (busy or self._settling or self.waiting)

    @property
    def free(self) -> int:
        """Seats that are not taken."""
        return self._seats - sum(place.taken for place in self._places)

    @property
    def full(self) -> bool:
        """Whether every seat is taken."""
        return self._free.locked()

    @property
    def running(self) -> list[Host]:
        return [place.host for place in self._places if place.host and place.host.alive]

    @property
    def state(self) -> str:
        if self.running:
            return READY
        if any(place.usable for place in self._places):
            return LOADING
        return FAILED if self.failure else SLEEPING

    @contextlib.asynccontextmanager
    async def seat(self, promised: bool) -> AsyncIterator[Host]:
        """A host that serves the caller, maybe beside others, until the block is left. Raises
        Busy, or what the start of a host raises."""
        await self._turn(promised)
        place = self._place()
        place.taken += 1
        try:
            host = await asyncio.shield(place.starting)
        except BaseException:
            self._leave(place)
            raise
        since = monotonic()
        try:
            yield host
        finally:
            self._usual += 0.1 * (monotonic() - since - self._usual)
            if host.alive and not host.owing:
                self._leave(place)
            else:
                self._later(self._settled(place, host))

    async def warm(self) -> None:
        """Start the first host if there is none, then the others."""
        async with self.seat(promised=True):
            pass
        while sum(place.usable for place in self._places) < self.launch.hosts:
            starting = self._started().starting
            await asyncio.wait((starting,))
            if starting.cancelled():
                return
            starting.result()

    async def rest(self) -> None:
        """End the hosts that nobody uses, those that start among them; the next request starts
        one again."""
        unused = [place for place in self._places if not place.taken]
        self._places = [place for place in self._places if place.taken]
        for place in unused:
            place.starting.cancel()
        await asyncio.gather(*(place.starting for place in unused), return_exceptions=True)
        await asyncio.gather(*(place.host.close() for place in unused if place.host))

    async def close(self) -> None:
        if self._resting:
            self._resting.cancel()
        doing = [*self._settling, *(place.starting for place in self._places)]
        hosts = [place.host for place in self._places if place.host]
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        await asyncio.gather(*(host.close() for host in hosts))
        self._places.clear()

    async def _turn(self, promised: bool) -> None:
        if not self._free.locked() or promised:
            await self._free.acquire()
            return
        if self.waiting >= self._limits.waiting:
            raise self._full("Too many requests are waiting")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._full(f"No voice was free for {self._limits.wait:.0f} seconds") from error
        finally:
            self.waiting -= 1

    def _full(self, what: str) -> Busy:
        seconds = math.ceil(self._usual * self.waiting / self._seats)
        seconds = min(max(seconds, 1), 300)
        return Busy(f"{what}; try again in {seconds} s.", retry_after=seconds)

    def _place(self) -> _Place:
        """An idle host, or a new one where there may be more, or the one with most room."""
        for place in [each for each in self._places if not (each.usable or each.taken)]:
            self._later(self._ended(place))
        usable = [place for place in self._places if place.usable]
        open = [place for place in usable if place.taken < self.launch.seats]
        best = min(open, key=lambda place: place.taken, default=None)
        if best is None or (best.taken and len(usable) < self.launch.hosts):
            return self._started()
        return best

    def _started(self) -> _Place:
        place = _Place(asyncio.ensure_future(self._launched()))
        self._places.append(place)
        place.starting.add_done_callback(lambda _: self._arrived(place))
        return place

    async def _launched(self) -> Host:
        async with self._room(self):
            return await Host.start(
                self.launch, load_within=self._limits.load, patience=self._limits.patience
            )

    def _arrived(self, place: _Place) -> None:
        """A host has started, or could not; those who wait for it are told by its task."""
        if place.host:
            self.failure = None
            self._rest_later()
            return
        if place in self._places:
            self._places.remove(place)
        error = None if place.starting.cancelled() else place.starting.exception()
        if isinstance(error, PolyvoxError) and not isinstance(error, Busy):
            self.failure = error.message

    async def _settled(self, place: _Place, host: Host) -> None:
        """Give the seat back once a request that was left in the middle has ended."""
        await host.settle()
        self._leave(place)
        if not host.alive:
            await self._ended(place)

    async def _ended(self, place: _Place) -> None:
        """Clear away what is left of a process."""
        if place in self._places:
            self._places.remove(place)
        if place.host:
            await place.host.close()

    def _leave(self, place: _Place) -> None:
        place.taken -= 1
        self._free.release()
        self.used = monotonic()
        self._rest_later()

    def _rest_later(self) -> None:
        """Give a model's memory back once nobody has asked for it for a while."""
        if self._resting:
            self._resting.cancel()
        if self.launch.heavy and self._limits.keep is not None:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(self._limits.keep, self._rest_now)

    def _rest_now(self) -> None:
        if self.idle:
            self._later(self.rest())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

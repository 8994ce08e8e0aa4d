"""Hosts of every model, and the memory that they share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import Busy
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.runtime.breaker import FAILURES
from polyvox.runtime.client import Host
from polyvox.runtime.gathering import together
from polyvox.runtime.lane import FAILED, LOADING, READY, SLEEPING, Lane, Limits
from polyvox.runtime.launch import Launch, check_memory
from polyvox.runtime.tally import Tally

__all__ = ["FAILED", "LOADING", "READY", "SLEEPING", "Limits", "Pool"]
_LOOK_AGAIN = 0.2
"""Seconds between two looks for a model that can make room."""


class Pool:
    """Speaks segments through hosts of this machine."""

    def __init__(self, launch_of: Callable[[str], Launch], limits: Limits | None = None) -> None:
        """`launch_of` says how hosts of a model, named by its id, are started."""
        self._launch_of, self._limits = launch_of, limits or Limits()
        self._lanes: dict[str, Lane] = {}
        self.tally = Tally()
        self._making_room = asyncio.Lock()

    async def speak(
        self,
        model: str,
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
            self._host(model, promised) as host,
            contextlib.aclosing(
                self.tally.of(model, host.speak(segment, voice, options))
            ) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def convert(
        self, model: str, spoken: Sequence[AudioChunk], voice: Voice, options: Mapping[str, Any]
    ) -> AsyncGenerator[AudioChunk, None]:
        """What was `spoken`, as if `voice` said it, from the next free host; it takes as long."""
        if not spoken:
            return
        whole = together(spoken)
        source = Reference(whole.samples, whole.sample_rate)
        async with (
            self._host(model, promised=True) as host,
            contextlib.aclosing(
                self.tally.of(model, host.convert(source, voice, options))
            ) as chunks,
        ):
            words = whole.words
            async for chunk in chunks:
                yield replace(chunk, words=words)
                words = ()

    async def enroll(self, model: str, reference: Reference) -> bytes:
        """The voice state that the model makes of `reference`."""
        async with self._host(model) as host:
            return await host.enroll(reference)

    async def design(
        self, model: str, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """The voice that the model makes of a description."""
        async with self._host(model) as host:
            return await host.design(description, language, settings, text)

    async def blend(self, model: str, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """The state of a voice between `voices`."""
        async with self._host(model) as host:
            return await host.blend(voices, weights)

    async def warm(self, model: str) -> None:
        """Start the model's first host if there is none, then its others."""
        await self._lane(model).warm()

    async def rest(self, model: str) -> None:
        """End the model's hosts that speak for nobody; the next request starts one again."""
        await self._lane(model).rest()

    def state(self, model: str) -> str:
        """sleeping, loading, ready or failed."""
        return self._lane(model).state

    def capacity(self, model: str) -> int:
        """Segments of it that can be spoken at once. Raises Unavailable where it is not here."""
        launch = self._lane(model).launch
        return launch.hosts * launch.seats

    def free(self, model: str) -> int:
        """Seats for it that nobody has taken."""
        return self._lane(model).free

    def failure(self, model: str) -> str | None:
        """Why the engine failed to load the last time it was tried."""
        return self._lane(model).failure

    def breaker(self, model: str) -> str:
        """closed, open or half-open."""
        return self._lane(model).breaker.state

    def hosts(self, model: str) -> list[Host]:
        """Those that run now."""
        return self._lane(model).running

    def queued(self, model: str) -> int:
        """Requests that wait for a seat of one model."""
        return self._lanes[model].waiting if model in self._lanes else 0

    def processes(self, model: str) -> list[int]:
        """Ids of its hosts' processes on this machine."""
        running = self._lanes[model].running if model in self._lanes else []
        return [host.process.pid for host in running]

    @property
    def waiting(self) -> int:
        """Requests that wait for a seat."""
        return sum(lane.waiting for lane in self._lanes.values())

    @property
    def full(self) -> bool:
        """Whether no model has a free seat."""
        return all(lane.full for lane in self._lanes.values())

    async def close(self) -> None:
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))

    @contextlib.asynccontextmanager
    async def _host(self, model: str, promised: bool = False) -> AsyncIterator[Host]:
        """The next free host, until the block is left."""
        lane = self._lane(model)
        if not lane.launch.guarded:
            async with lane.seat(promised) as host:
                yield host
            return
        lane.breaker.enter()
        try:
            async with lane.seat(promised) as host:
                yield host
        except FAILURES as error:
            lane.breaker.failed(error)
            raise
        except BaseException:
            lane.breaker.left()
            raise
        lane.breaker.passed()

    def _lane(self, model: str) -> Lane:
        if model not in self._lanes:
            self._lanes[model] = Lane(self._launch_of(model), self._limits, self._room)
        return self._lanes[model]

    @contextlib.asynccontextmanager
    async def _room(self, lane: Lane) -> AsyncIterator[None]:
        """Models with weights load one after the other, and the least recently used one leaves
        when there would be too many."""
        if not lane.launch.heavy:
            yield
            return
        try:
            async with asyncio.timeout(self._limits.wait):
                await self._making_room.acquire()
        except TimeoutError as error:
            raise _full() from error
        try:
            await self._make_room(lane)
            check_memory(lane.launch)
            yield
        finally:
            self._making_room.release()

    async def _make_room(self, lane: Lane) -> None:
        try:
            async with asyncio.timeout(self._limits.wait):
                while len(others := self._loaded_beside(lane)) >= self._limits.loaded:
                    idle = [other for other in others if other.idle]
                    if idle:
                        await min(idle, key=lambda other: other.used).rest()
                    else:
                        await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError as error:
            raise _full() from error

    def _loaded_beside(self, lane: Lane) -> list[Lane]:
        return [
            other
            for other in self._lanes.values()
            if other is not lane and other.launch.heavy and other.running
        ]


def _full() -> Busy:
    return Busy(
        "All models that may be in memory at once are speaking (engines.max_loaded_models); "
        "try again in 5 s.",
        retry_after=5,
    )

"""What a node does and how it is doing: its models, what it is asked, commands, draining."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import replace
from time import monotonic
from typing import Any

from polyvox.cluster.launches import Launches
from polyvox.cluster.measures import Measures
from polyvox.domain.errors import (
    Busy,
    EngineFailed,
    InvalidInput,
    PolyvoxError,
    TimedOut,
    Unavailable,
)
from polyvox.domain.node import BUSY, DRAINING, FAILED, LOADING, READY, STANDBY, Load, Offer
from polyvox.runtime import pool as hosts
from polyvox.runtime.pool import Pool

_log = logging.getLogger(__name__)
ACTIVATE, REST, STOP = ("activate", "load_model"), ("standby", "unload_model"), ("stop",)
_MEND_EVERY = 60.0
"""Seconds."""
_REST_WITHIN, _LOOK_AGAIN = 2.0, 0.2
"""Seconds."""
COMMANDS = (*ACTIVATE, *REST, *STOP)


class Desk:
    """Of one node."""

    def __init__(
        self, launches: Launches, pool: Pool, languages: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """`languages` of each engine."""
        self.pool, self._launches, self._languages = pool, launches, languages or {}
        self._measures = Measures()
        self._doing: dict[str, asyncio.Task[None]] = {}
        """Loading or giving back, by model: what was asked last."""
        self.stopping = asyncio.Event()
        """Set when the node is to take nothing more, and to leave."""
        self.idle = asyncio.Event()
        self.idle.set()
        self._current = self._count = self._errors = 0
        self._usual = 0.0
        """Seconds that an answer takes, as a running mean."""

    @property
    def state(self) -> str:
        """One of `domain.node.STATES`."""
        if self.stopping.is_set():
            return DRAINING
        states = {self.pool.state(model) for model in self._launches.prepared()}
        if hosts.READY in states:
            return BUSY if self._current and self.pool.full else READY
        if hosts.LOADING in states or any(map(self._launches.coming, self._launches.models)):
            return LOADING
        return FAILED if hosts.FAILED in states else STANDBY

    @property
    def error(self) -> str | None:
        """Why it cannot speak, where its state is error."""
        failures = (self.pool.failure(model) for model in self._launches.prepared())
        return next(filter(None, failures), None) if self.state == FAILED else None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The models whose seats are known."""
        return tuple(
            Offer(
                launch.engine,
                model,
                launch.hosts * launch.seats,
                self._languages.get(launch.engine, ()),
                self.pool.state(model) == hosts.READY,
            )
            for model, launch in self._launches.prepared().items()
        )

    @property
    def load(self) -> Load:
        """What it measures of itself now."""
        return replace(
            self._measures.take(),
            current_concurrent=self._current,
            queue_size=self.pool.waiting,
            request_count=self._count,
            error_count=self._errors,
            avg_response_time_ms=round(self._usual * 1000, 1),
        )

    def let_in(self) -> None:
        """Raises Busy when nothing more is taken."""
        if self.stopping.is_set():
            raise Busy("The node takes nothing more: it is being stopped.", retry_after=1)

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """A request, from its start to its end."""
        since = monotonic()
        self._current, self._count = self._current + 1, self._count + 1
        self.idle.clear()
        try:
            yield
        finally:
            self._current -= 1
            share = max(0.1, 1 / self._count)
            self._usual += share * (monotonic() - since - self._usual)
            if not self._current:
                self.idle.set()

    def failed(self, error: PolyvoxError) -> None:
        """A request ended with an error; those of the node itself are counted."""
        if isinstance(error, (EngineFailed, TimedOut, Unavailable)):
            self._errors += 1
            _log.warning("%s: %s", error.code, error.message)

    async def command(self, command: str, params: Mapping[str, Any]) -> str:
        """Do it, or begin to; the state then. Raises InvalidInput."""
        model = params.get("model")
        if model is not None:
            self._launches.check(str(model))
        if command in ACTIVATE:
            self.activate(str(model or self._launches.models[0]))
            await asyncio.sleep(0)
            return LOADING if self.state == STANDBY else self.state
        if command in REST:
            for each in [model] if model else list(self._launches.prepared()):
                await asyncio.wait((self._begin(each, self._rest(each)),), timeout=_REST_WITHIN)
        elif command in STOP:
            self.stopping.set()
        else:
            raise InvalidInput(
                f"A node knows no command '{command:.40}'. Known: {', '.join(COMMANDS)}.",
                param="command",
            )
        return self.state

    def activate(self, model: str) -> None:
        """Begin to bring a model into memory."""
        self._begin(model, self._warm(model))

    async def mend(self) -> None:
        """Try models that could not be loaded again, until cancelled: what was in the way, such as
        another program's memory, may be gone."""
        while True:
            await asyncio.sleep(_MEND_EVERY)
            if self.state == FAILED:
                for model in self._launches.prepared():
                    if self.pool.state(model) == hosts.FAILED:
                        self.activate(model)

    async def close(self) -> None:
        for task in self._doing.values():
            task.cancel()
        await asyncio.gather(*self._doing.values(), return_exceptions=True)
        await self.pool.close()

    def _begin(self, model: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """In place of what was being done with the model."""
        if before := self._doing.get(model):
            before.cancel()
        self._doing[model] = asyncio.create_task(work)
        return self._doing[model]

    async def _rest(self, model: str) -> None:
        """Give back its memory; that of hosts that are still loading once they have loaded."""
        await self.pool.rest(model)
        while self.pool.state(model) == hosts.LOADING:
            await asyncio.sleep(_LOOK_AGAIN)
            await self.pool.rest(model)

    async def _warm(self, model: str) -> None:
        try:
            await self._launches.prepare(model)
            await self.pool.warm(model)
        except PolyvoxError as error:
            self.failed(error)

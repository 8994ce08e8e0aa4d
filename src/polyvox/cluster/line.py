"""Who waits for a seat of a model on any node: first come first served, and only so many."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterator
from time import monotonic

from polyvox.domain.errors import Busy
from polyvox.runtime.lane import Limits


class Line:
    """Of one model."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._first = asyncio.Lock()
        self.waiting = 0
        """Requests that wait; one has the head of the line."""
        self._usual = 0.1
        """Seconds a seat is usually held, as a running mean."""

    @contextlib.asynccontextmanager
    async def head(self, promised: bool, seats: int) -> AsyncIterator[None]:
        """The head of the line, until the block is left. Raises Busy when too many wait, or when
        it takes too long; what is `promised` waits its turn however long."""
        if not promised and self.waiting >= self._limits.waiting:
            raise self._full("Too many requests are waiting", seats)
        self.waiting += 1
        try:
            async with asyncio.timeout(None if promised else self._limits.wait), self._first:
                yield
        except TimeoutError as error:
            reason = f"No node had a free seat for {self._limits.wait:.0f} seconds"
            raise self._full(reason, seats) from error
        finally:
            self.waiting -= 1

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Learns from the time that a seat is held."""
        since = monotonic()
        try:
            yield
        finally:
            self._usual += 0.1 * (monotonic() - since - self._usual)

    def _full(self, what: str, seats: int) -> Busy:
        seconds = math.ceil(self._usual * self.waiting / max(1, seats))
        seconds = min(max(seconds, 1), 300)
        return Busy(f"{what}; try again in {seconds} s.", retry_after=seconds)

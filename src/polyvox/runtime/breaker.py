"""A circuit breaker (Nygard, "Release It!", 2007): a model that keeps failing is left alone for a
while, so that those who ask go to its fallback at once; then one request tries again."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from polyvox.domain.errors import EngineCrashed, EngineFailed, PolyvoxError, TimedOut, Unavailable

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"
FAILURES = (EngineFailed, TimedOut, Unavailable)
"""What speaks against an engine, not against a request."""
_AT_ONCE = (EngineCrashed, TimedOut, Unavailable)


class Breaker:
    """Of one model."""

    def __init__(
        self, most: int = 3, rest: float = 30.0, clock: Callable[[], float] = monotonic
    ) -> None:
        """Opens after `most` failures in a row, or one crash or failed load, for `rest` seconds."""
        self._most, self._rest, self._clock = most, rest, clock
        self._count = 0
        self._until: float | None = None
        self._probing = False
        self.reason: str | None = None
        """Of the last failure."""

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        if self._until is None:
            return CLOSED
        return HALF_OPEN if self._clock() >= self._until else OPEN

    def enter(self) -> None:
        """Before a request. Raises Unavailable while the model rests, and while another request
        finds out whether it has recovered."""
        if self.state == CLOSED:
            return
        if self.state == HALF_OPEN and not self._probing:
            self._probing = True
            return
        raise Unavailable(f"It rests after an error: {self.reason}")

    def passed(self) -> None:
        """A request went well."""
        self._count, self._until, self._probing, self.reason = 0, None, False, None

    def failed(self, error: PolyvoxError) -> None:
        """A request failed because of the engine."""
        self._count += 1
        self.reason = error.message
        if self._probing or self._count >= self._most or isinstance(error, _AT_ONCE):
            self._until = self._clock() + self._rest
        self._probing = False

    def left(self) -> None:
        """A request ended without telling anything about the engine."""
        self._probing = False

"""What can be counted of those who speak: who waits for them, what they have spoken, the memory
that they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from polyvox.domain.engine import Model
from polyvox.runtime.speakers import Speakers
from polyvox.services.engines import Engines

_READ_EVERY = 5.0
"""Seconds between two readings of processes' memory."""


@dataclass(frozen=True)
class Spoken:
    """By one model, since the start."""

    model: Model
    audio: float
    """Seconds of sound."""
    took: float
    """Seconds for which seats were held to speak it."""
    waiting: int
    """Requests that wait for a seat now."""


class Counting:
    """Of this server, and of what it has nodes speak."""

    def __init__(
        self, engines: Engines, speakers: Speakers, clock: Callable[[], float] = monotonic
    ) -> None:
        self._engines, self._speakers, self._clock = engines, speakers, clock
        self._memory: dict[str, int] = {}
        self._read_at = float("-inf")

    def spoken(self) -> list[Spoken]:
        """Every model, but for its other names."""
        tally = self._speakers.tally
        return [
            Spoken(
                model,
                tally.audio.get(model.id, 0.0),
                tally.took.get(model.id, 0.0),
                self._speakers.queued(model.id),
            )
            for model in self._engines.models()
            if model.alias_of is None
        ]

    def memory(self) -> dict[str, int]:
        """Bytes that the hosts of this machine hold, by engine; some seconds old at most."""
        if self._clock() - self._read_at >= _READ_EVERY:
            self._memory, self._read_at = self._read(), self._clock()
        return self._memory

    def _read(self) -> dict[str, int]:
        from polyvox.cluster.memory import resident  # a library that nothing else here needs

        held = dict.fromkeys(self._engines.names, 0)
        for model in self._engines.models():
            if model.alias_of is None:
                held[model.engine] += resident(self._speakers.processes(model.id))
        return held

"""A stream's pace, changed at the same pitch, and its pitch, changed at the same pace."""

from __future__ import annotations

import math

import numpy as np

from polyvox.audio.effects.graph import Graph
from polyvox.audio.resample import Resampler
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput

SLOWEST, FASTEST = 0.25, 4.0
LOWEST, HIGHEST = 0.5, 2.0
_SHORTEST = 0.2
"""Seconds; atempo may leave nothing of less, so a shorter stream ends in silence."""


class TimeStretch:
    """Makes speech `speed` times as fast, by overlapping pieces of its waveform (WSOLA, as
    FFmpeg's `atempo` does it), and `pitch` times as high, by resampling it first and making up
    for the time. The result does not depend on how the stream is cut.

    It holds back about 60 ms, 200 ms at speed 4; with a pitch 40 ms more."""

    def __init__(self, speed: float, sample_rate: int, pitch: float = 1.0) -> None:
        """`speed` within 0.25 and 4, `pitch` within 0.5 and 2, else InvalidInput; at 1 and 1
        samples pass as they are. `sample_rate` in hertz."""
        _within(speed, SLOWEST, FASTEST, "speed")
        _within(pitch, LOWEST, HIGHEST, "pitch")
        self._rate = sample_rate
        self._step = sample_rate // 50
        """Samples in a frame; atempo holds one back whole, so they are short."""
        self._rest = np.zeros(0, np.float32)
        squeezed = round(sample_rate / pitch)
        """Hertz of what is played as if it were of `sample_rate`."""
        self._raised = Resampler(sample_rate, squeezed)
        pace = speed * squeezed / sample_rate
        self._graph = None if pace == 1 else Graph(_steps(pace), sample_rate)

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` (float32, any length) have been taken in."""
        return self._paced(self._raised.push(samples))

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        last = self._paced(self._raised.finish())
        if self._graph is None:
            return last
        if len(self._rest):
            self._graph.take(self._rest)
        if self._graph.taken:
            missing = round(_SHORTEST * self._rate) - self._graph.taken
            if missing > 0:
                self._graph.take(np.zeros(missing, np.float32))
            self._graph.end()
        return np.concatenate([last, self._graph.ready()])

    def _paced(self, samples: Samples) -> Samples:
        if self._graph is None:
            return samples
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._step
        self._rest = samples[whole:]
        for start in range(0, whole, self._step):
            self._graph.take(samples[start : start + self._step])
        return self._graph.ready()


def _within(value: float, least: float, most: float, what: str) -> None:
    if not least <= value <= most:
        raise InvalidInput(f"A {what} of {value:g} is outside {least:g} to {most:g}.", param=what)


def _steps(speed: float) -> list[tuple[str, str]]:
    """A chain of equal steps, each from half to twice the pace: beyond that atempo drops
    samples instead of blending them."""
    count = max(1, math.ceil(abs(math.log2(speed))))
    return [("atempo", f"{speed ** (1 / count):.9f}")] * count

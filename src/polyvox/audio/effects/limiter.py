"""Keeps peaks below a ceiling, those between samples too."""

from __future__ import annotations

from collections import deque

import numpy as np

from polyvox.audio.effects.bands import Fir
from polyvox.audio.effects.line import Line
from polyvox.domain.audio import Samples

CEILING = -1.0
"""Decibels of full scale that true peaks stay below."""
_CEILING = 10 ** ((CEILING - 0.5) / 20)
"""A little below that, since a gain that moves bends the sound."""
_STEPS = 10
"""In a block of a hundredth of a second, each with a gain of its own."""
_AHEAD = 5
"""Steps in which the gain comes down before a peak."""
_RELEASE = 0.02
"""How much of the way back the gain goes in a step."""
_FINER, _HALF = 4, 8
"""How many times finer peaks are sought than samples lie, from so many samples on either side."""


class Limiter:
    """Lowers the sound smoothly around each peak above the ceiling."""

    def __init__(self, step: int) -> None:
        """`step` samples, a hundredth of a second, come at a time."""
        self._edges = np.linspace(0, step, _STEPS + 1).astype(int)
        self.delay = step + _HALF
        self._between = [Fir(_between(part / _FINER)) for part in range(1, _FINER)]
        self._past = np.zeros(self.delay, np.float32)
        self._needed = deque([1.0] * (_AHEAD + 1), _AHEAD + 1)
        self._held = deque([1.0] * _AHEAD, _AHEAD)
        self._gains = [1.0] * _STEPS
        """Of the steps of the last block, on average over what was held."""

    def __call__(self, block: Samples) -> Samples:
        size = len(block)
        joined = np.concatenate([self._past, block])
        self._past = joined[size:]
        late, known = joined[:size], joined[size : 2 * size]
        finer = [np.abs(between(block)) for between in self._between]
        peaks = np.maximum.reduce([np.abs(known), *finer])
        gains = self._gains + [self._follow(peak) for peak in self._highest(peaks)]
        self._gains = gains[_STEPS:]
        # A step is safe with what was on average held while it was among those ahead.
        safe = gains[_AHEAD - 1 : _AHEAD + _STEPS]
        return (late * np.interp(np.arange(size), self._edges, safe)).astype(np.float32)

    def _highest(self, peaks: Samples) -> list[float]:
        return [float(peak) for peak in np.maximum.reduceat(peaks, self._edges[:-1])]

    def _follow(self, peak: float) -> float:
        self._needed.append(min(1.0, _CEILING / peak) if peak else 1.0)
        back = self._held[-1] + (1 - self._held[-1]) * _RELEASE
        self._held.append(min(back, *self._needed))
        return sum(self._held) / _AHEAD


def limited(samples: Samples, rate: int) -> Samples:
    """All of a recording, limited."""
    line = Line([Limiter(rate // 100)], rate // 100)
    return np.concatenate([line.push(samples), line.finish()])


def _between(part: float) -> Samples:
    """Taps for the value `part` of the way to the next sample."""
    places = np.arange(-_HALF, _HALF + 1) + part
    return np.asarray(np.sinc(places) * np.kaiser(2 * _HALF + 1, 6.0), np.float32)

"""Softens hissing sounds: an s that is too sharp, not the speech around it."""

from __future__ import annotations

import math

import numpy as np

from polyvox.audio.effects.bands import Fir, above
from polyvox.domain.audio import Samples

_TRANSITION = 0.15
_STEPS = 10
"""In a block, each with a gain of its own."""
_BELOW_SPEECH = 18.0
"""Decibels that hissing must lie below the peaks of speech; what is above is pressed together."""
_KEPT = 1 / 3
"""How much is left of what is above, in decibels."""
_DEEPEST = 12.0
"""Decibels taken away at most."""
_SPEECH_FALLS = 10 ** (-0.001 * 30 / 10)
"""How fast the level of speech is forgotten, by the millisecond: 30 dB a second."""
_HISS_FALLS = 10 ** (-0.001 * 600 / 10)


class DeEss:
    """Splits the sound at a frequency and lowers the upper part where it is too loud."""

    def __init__(self, rate: int, frequency: float) -> None:
        """`frequency` in hertz, from which sound counts as hissing. Blocks are of 10 ms."""
        self._upper = Fir(above(rate, frequency, _TRANSITION))
        self.delay = self._upper.delay
        self._past = np.zeros(self.delay, np.float32)
        self._edges = np.linspace(0, rate // 100, _STEPS + 1).astype(int)
        self._speech, self._hiss, self._gain = 0.0, 0.0, 1.0

    def __call__(self, block: Samples) -> Samples:
        joined = np.concatenate([self._past, block])
        self._past = joined[len(block) :]
        whole, upper = joined[: len(block)], self._upper(block)
        gains = self._gains(self._powers(whole), self._powers(upper))
        gain = np.interp(np.arange(1, len(block) + 1), self._edges, [self._gain, *gains])
        self._gain = gains[-1]
        return (whole - (1 - gain) * upper).astype(np.float32)

    def _gains(self, whole: list[float], upper: list[float]) -> list[float]:
        gains = []
        for sound, hiss in zip(whole, upper, strict=True):
            self._speech = max(sound, self._speech * _SPEECH_FALLS, 1e-12)
            self._hiss = max(hiss, self._hiss * _HISS_FALLS, 1e-12)
            over = 10 * math.log10(self._hiss / self._speech) + _BELOW_SPEECH
            fall = min(max(over, 0.0) * (1 - _KEPT), _DEEPEST)
            gains.append(10 ** (-fall / 20))
        return gains

    def _powers(self, samples: Samples) -> list[float]:
        sums = np.add.reduceat(np.square(samples), self._edges[:-1])
        return [float(power) for power in sums / np.diff(self._edges)]

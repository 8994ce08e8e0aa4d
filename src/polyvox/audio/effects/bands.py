"""Cuts what lies below or above speech."""

from __future__ import annotations

import numpy as np

from polyvox.audio.effects.graph import Graph
from polyvox.domain.audio import Samples

_CONSTANT = 8.0
"""Hertz below which sound counts as an offset."""
_QUALITIES = (0.541196100, 1.306562965)
"""Of the two halves of a Butterworth filter of the fourth order."""
_ATTENUATION = 80.0
"""Decibels."""
_TRANSITION = 0.1
"""How far above its frequency a low-pass has closed, as a part of it."""


class HighPass:
    """FFmpeg's `highpass`. Nothing is late."""

    delay = 0

    def __init__(self, rate: int, frequency: float, *, steep: bool = True) -> None:
        """24 dB an octave below `frequency`, in hertz, where it is `steep`, else 6 dB."""
        filters = (
            [("highpass", f"f={frequency}:t=q:w={quality}:r=f64") for quality in _QUALITIES]
            if steep
            else [("highpass", f"f={frequency}:p=1:r=f64")]
        )
        self._graph = Graph(filters, rate)

    def __call__(self, block: Samples) -> Samples:
        self._graph.take(block)
        return self._graph.ready()


def without_offset(rate: int) -> HighPass:
    """Takes a constant offset away, within a fifth of a second."""
    return HighPass(rate, _CONSTANT, steep=False)


class Fir:
    """A filter of linear phase, late by half its length."""

    def __init__(self, taps: Samples) -> None:
        """`taps` are odd in number and symmetric."""
        self._taps, self.delay = taps, len(taps) // 2
        self._past = np.zeros(len(taps) - 1, np.float32)

    def __call__(self, block: Samples) -> Samples:
        joined = np.concatenate([self._past, block])
        self._past = joined[len(block) :]
        return np.convolve(joined, self._taps, "valid").astype(np.float32, copy=False)


def below(rate: int, frequency: float, transition: float = _TRANSITION) -> Samples:
    """Taps that leave what is below `frequency`, in hertz, and take 80 dB of what is above
    `(1 + transition) * frequency` (a sinc under Kaiser's window, by his own formulas)."""
    width = frequency * transition
    shape = 0.1102 * (_ATTENUATION - 8.7)
    half = int(np.ceil((_ATTENUATION - 8) / (2.285 * 2 * np.pi * width / rate) / 2))
    middle = 2 * (frequency + width / 2) / rate
    taps = middle * np.sinc(middle * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, shape)
    return np.asarray(taps / taps.sum(), np.float32)


def above(rate: int, frequency: float, transition: float = _TRANSITION) -> Samples:
    """Taps that leave what is above `frequency` alone: the rest of such a low-pass below it."""
    taps = -below(rate, frequency / (1 + transition), transition)
    taps[len(taps) // 2] += 1
    return taps

"""Where a vocal tract resonates: formants by linear prediction (Burg's method)."""

from __future__ import annotations

import numpy as np

from polyvox.engines.espeak.cloning.pitch import HALF_RATE, halved
from polyvox.engines.espeak.cloning.spectrum import HOP, Flags, Numbers, framed

FORMANTS = 4
_ORDER = 11
_WINDOW = 330
"""Samples of a frame at half the rate: 30 ms."""
_MOST_FRAMES = 1500
_LOWEST, _HIGHEST, _WIDEST = 150.0, HALF_RATE / 2 - 100.0, 700.0
"""Hertz: the range of a formant, and its bandwidth at most."""


def formants(samples: Numbers, voiced: Flags) -> Numbers:
    """(FORMANTS,): medians over the voiced frames, in hertz; not numbers where none is found."""
    signal = halved(samples).astype(np.float64)
    brightened = np.append(signal[:1], signal[1:] - 0.95 * signal[:-1])
    frames = framed(brightened, _WINDOW, HOP // 2)[: len(voiced)][voiced]
    if len(frames) > _MOST_FRAMES:
        frames = frames[np.linspace(0, len(frames) - 1, _MOST_FRAMES).astype(int)]
    found = [row for row in map(_resonances, _predictors(frames)) if len(row) == FORMANTS]
    return np.median(found, axis=0) if found else np.full(FORMANTS, np.nan)


def _predictors(frames: Numbers) -> Numbers:
    """(frames, order + 1): prediction polynomials by Burg's recursion."""
    tapered = frames * np.hanning(frames.shape[1])
    forward, backward = tapered[:, 1:], tapered[:, :-1]
    polynomial = np.zeros((len(frames), _ORDER + 1))
    polynomial[:, 0] = 1
    for step in range(_ORDER):
        energy = (forward**2 + backward**2).sum(1) + 1e-12
        reflection = (-2 * (forward * backward).sum(1) / energy)[:, None]
        longer = polynomial.copy()
        longer[:, 1 : step + 2] += reflection * polynomial[:, step::-1]
        polynomial = longer
        forward, backward = (
            (forward + reflection * backward)[:, 1:],
            (backward + reflection * forward)[:, :-1],
        )
    return polynomial


def _resonances(polynomial: Numbers) -> Numbers:
    """The lowest FORMANTS sharp resonances of one prediction polynomial, in hertz."""
    roots = np.roots(polynomial)
    roots = roots[roots.imag > 0.01]
    frequencies = np.angle(roots) * HALF_RATE / (2 * np.pi)
    widths = -np.log(np.abs(roots)) * HALF_RATE / np.pi
    inside = (frequencies > _LOWEST) & (frequencies < _HIGHEST) & (widths < _WIDEST)
    return np.sort(frequencies[inside])[:FORMANTS]

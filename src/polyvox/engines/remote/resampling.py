"""Changes the rate of audio that comes in pieces: a windowed sinc, evaluated where samples lie."""

from __future__ import annotations

from math import gcd

import numpy as np

from polyvox.domain.audio import Samples

_REACH = 32
"""Samples on each side that an output sample depends on."""
_PASS = 0.94
"""Share of the lower of the two bandwidths that is kept."""


class Resampler:
    def __init__(self, source: int, target: int) -> None:
        """Both in hertz."""
        shared = gcd(source, target)
        self._up, self._down = target // shared, source // shared
        self._filters = _filters(self._up, min(1.0, target / source) * _PASS)
        self._waiting = np.zeros(_REACH - 1, np.float32)
        self._first = 1 - _REACH
        """Index, in the input, of the first sample that waits."""
        self._taken, self._given = 0, 0

    def push(self, samples: Samples) -> Samples:
        """What can be said of the output once `samples` have come."""
        self._taken += len(samples)
        return self._advance(samples, self._up * 2**62)

    def flush(self) -> Samples:
        """The rest, after the last piece."""
        whole = -(-self._taken * self._up // self._down)
        return self._advance(np.zeros(_REACH, np.float32), whole)

    def _advance(self, samples: Samples, limit: int) -> Samples:
        self._waiting = np.concatenate([self._waiting, samples])
        end = self._first + len(self._waiting)
        # Output n lies at input n * down / up and needs the inputs up to _REACH after that.
        ready = min(limit, -(-(end - _REACH) * self._up // self._down))
        places = np.arange(self._given, max(ready, self._given), dtype=np.int64) * self._down
        if not len(places):
            return np.zeros(0, np.float32)
        before = places // self._up
        windows = np.lib.stride_tricks.sliding_window_view(self._waiting, 2 * _REACH)
        around = windows[before - _REACH + 1 - self._first]
        made = np.einsum("nk,nk->n", around, self._filters[places % self._up])
        self._given += len(places)
        spare = self._given * self._down // self._up - _REACH + 1 - self._first
        self._waiting = self._waiting[max(0, spare) :]
        self._first += max(0, spare)
        clipped: Samples = np.clip(made, -1, 1).astype(np.float32)
        return clipped


def _filters(phases: int, band: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """For each position between two input samples, the weights of those around it."""
    around = np.arange(1 - _REACH, _REACH + 1)
    time = around[None, :] - np.arange(phases)[:, None] / phases
    window = np.i0(9 * np.sqrt(np.clip(1 - (time / _REACH) ** 2, 0, 1)))
    weights = np.sinc(band * time) * window
    made: np.ndarray[tuple[int, int], np.dtype[np.float32]] = (
        weights / weights.sum(axis=1, keepdims=True)
    ).astype(np.float32)
    return made

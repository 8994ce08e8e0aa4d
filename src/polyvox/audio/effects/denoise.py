"""Takes steady noise, as vocoders leave it, out of speech."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyvox.domain.audio import Samples

_Power = npt.NDArray[np.float64]

_OVERLAP = 4
"""Blocks in a window."""
_DEEPEST = 24.0
"""Decibels that noise falls by at full strength."""
_SMOOTHING = 0.8
"""How much of a band's power is remembered from window to window."""
_RISE = 10 ** (0.06 / 10)
"""How fast what is taken for noise may rise, from window to window: 6 dB a second."""
_BIAS = 2.5
"""How far the mean of noise lies above the least that is seen of it."""
_QUIETEST_PART = 0.15
"""Of the first window's bands, taken for noise: the sounds of speech leave them alone."""
_LEAST = 0.4
"""What the least of a band of that noise would be, beside the power at that part of all bands."""
_TRUST = 0.96
"""In what was found speech in the window before ("decision-directed"; Ephraim and Malah, 1984)."""
_NOTHING = 1e-9
"""Mean square of a window that is silence, -90 dB: nothing is learnt from it."""


class Denoise:
    """Lowers bands in which there is no more than the least of late (a Wiener filter on the
    minimum of the spectrum, which is followed up and down)."""

    def __init__(self, step: int, strength: float) -> None:
        """`step` samples, a hundredth of a second, come at a time. Noise falls by about
        `strength` (0 to 1) times 24 dB."""
        self._step, size = step, step * _OVERLAP
        self.delay = size - step
        self._floor = 10 ** (-_DEEPEST * strength / 20)
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))
        self._heard = np.zeros(size)
        self._made = np.zeros(size)
        self._power: _Power | None = None
        self._noise: _Power = np.zeros(0)
        self._speech: _Power = np.zeros(size // 2 + 1)

    def __call__(self, block: Samples) -> Samples:
        self._heard = np.concatenate([self._heard[self._step :], block])
        spectrum = np.fft.rfft(self._heard * self._window)
        power = np.square(np.abs(spectrum))
        if np.mean(np.square(self._heard)) > _NOTHING:
            self._learn(power)
        cleaned = np.fft.irfft(spectrum * self._gains(power), len(self._window)) * self._window
        self._made = np.concatenate([self._made[self._step :], np.zeros(self._step)]) + cleaned
        return (self._made[: self._step] / (_OVERLAP / 2)).astype(np.float32)

    def _learn(self, power: _Power) -> None:
        if self._power is None:
            least = np.quantile(power, _QUIETEST_PART) / _LEAST
            self._power, self._noise = np.maximum(power, least), np.full(len(power), least)
            return
        self._power = _SMOOTHING * self._power + (1 - _SMOOTHING) * power
        self._noise = np.minimum(self._power, self._noise * _RISE)

    def _gains(self, power: _Power) -> _Power:
        if self._power is None:
            return np.ones(len(power))
        noise = _BIAS * self._noise + 1e-12
        excess = _TRUST * self._speech / noise + (1 - _TRUST) * np.maximum(power / noise - 1, 0)
        gains = np.maximum(excess / (1 + excess), self._floor)
        self._speech = np.square(gains) * power
        return np.asarray(gains)

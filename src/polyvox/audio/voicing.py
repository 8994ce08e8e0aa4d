"""Whether a sound has a pitch as voices have, and moves as mouths do, every 10 ms. Where that
makes speech is decided in `activity`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples

_Floats = npt.NDArray[np.float64]

HOP = 0.01
"""Seconds from frame to frame."""
_RATE, _STEP, _WIDTH, _SIZE = 8000, 80, 320, 512
"""Hertz that the features are computed at; samples in a hop, in a window, in a transform."""
_LOWEST, _HIGHEST = 60, 400
"""Hertz of the pitch."""
_PITCH_BAND = (70, 1500)
"""Hertz that the pitch is sought in; noise and hiss lie above."""
_EDGES = (100, 200, 300, 420, 560, 740, 960, 1240, 1580, 2000, 2500, 3100, 3800)
"""Hertz between the bands that motion is seen in, about as the ear spaces them."""
APART = 5
"""Frames before and after between which the spectrum is compared: a tenth of a second."""
_HEARD = 25.0
"""Decibels below the strongest band."""
_BATCH = 2000
"""Frames transformed at once."""


@dataclass(frozen=True)
class Voicing:
    """Two numbers for every 10 ms."""

    periodicity: _Floats
    """How well the sound repeats itself at the lag of a voice's pitch: 1 perfectly, 0 not."""
    motion: _Floats
    """Decibels by which the bands change against each other within a tenth of a second."""


def voicing(samples: Samples, rate: int, frames: int) -> Voicing:
    """Both for so many frames of `samples` at `rate` hertz."""
    periodicity, bands = [np.zeros(0)], [np.zeros((0, len(_EDGES) - 1))]
    for spectra in _spectra(resampled(samples, rate, _RATE), frames):
        periodicity.append(_periodicity(spectra))
        bands.append(_bands(spectra))
    return Voicing(np.concatenate(periodicity), _motion(np.concatenate(bands)))


def _spectra(samples: Samples, frames: int) -> Iterator[_Floats]:
    """Power by frame and bin, scaled so that bins add up to the mean square, in batches."""
    window = np.hanning(_WIDTH + 1)[:-1].astype(np.float32)
    scale = 2 / (_SIZE * np.square(window).sum())
    half = (_WIDTH - _STEP) // 2
    padded = np.pad(samples, (half, _WIDTH))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WIDTH)[::_STEP][:frames]
    for first in range(0, frames, _BATCH):
        transformed = np.fft.rfft(windows[first : first + _BATCH] * window, _SIZE)
        yield np.square(np.abs(transformed)).astype(np.float64) * scale


def _periodicity(spectra: _Floats) -> _Floats:
    """The highest peak of the autocorrelation at lags of a pitch, freed of the window's own (Paul
    Boersma, "Accurate short-term analysis of the fundamental frequency", 1993)."""
    bins = np.fft.rfftfreq(_SIZE, 1 / _RATE)
    voices = np.where((bins >= _PITCH_BAND[0]) & (bins <= _PITCH_BAND[1]), spectra, 0)
    alike = np.fft.irfft(voices)
    window = np.fft.irfft(np.square(np.abs(np.fft.rfft(np.hanning(_WIDTH + 1)[:-1], _SIZE))))
    lags = slice(_RATE // _HIGHEST, _RATE // _LOWEST + 1)
    peak = alike[:, lags] / (window[lags] / window[0])
    highest: _Floats = peak.max(axis=1) / (alike[:, 0] + 1e-15)
    return np.clip(highest, 0, 1)


def _bands(spectra: _Floats) -> _Floats:
    """Mean square by frame and band."""
    bins = np.searchsorted(np.fft.rfftfreq(_SIZE, 1 / _RATE), _EDGES)
    return np.add.reduceat(spectra[:, : bins[-1]], bins[:-1], axis=1)


def _motion(bands: _Floats) -> _Floats:
    """What a change of level does to all bands alike is no motion, nor what happens in bands far
    below the strongest, or in the noise that is always there."""
    motion = np.zeros(len(bands))
    if len(bands) <= 2 * APART:
        return motion
    levels = 10 * np.log10(bands + np.percentile(bands, 10, axis=0) + 1e-12)
    before, after = levels[: -2 * APART], levels[2 * APART :]
    highest = np.maximum(before, after)
    heard = highest > highest.max(axis=1, keepdims=True) - _HEARD
    change, count = np.where(heard, after - before, 0), heard.sum(axis=1, keepdims=True)
    against = np.where(heard, np.abs(change - change.sum(axis=1, keepdims=True) / count), 0)
    motion[APART:-APART] = (against.sum(axis=1, keepdims=True) / count)[:, 0]
    return motion

"""What can be measured of a voice: pitch, long-term spectrum, formants, mel cepstra. Shares nothing
with what an engine measures, so that none is its own judge. Recordings come at `RATE` hertz."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RATE = 16000
BANDS, CEPSTRA, FORMANTS = 40, 19, 4
_HOPS = 100
"""Frames a second."""
_WINDOW = 512
"""Samples: 32 ms."""
_LOWEST, _HIGHEST = 50.0, 7600.0
"""Hertz of the mel bands."""
_AUDIBLE = 30.0
"""Decibels below the loudest frames where speech ends and a pause begins."""
_PITCH_RATE, _PITCH_WINDOW = 8000, 400
_PITCHES = (60.0, 500.0)
"""Hertz."""
_PERIODIC, _OCTAVE = 0.5, 0.01
"""Correlation that makes a frame voiced, and the price of a pitch an octave lower."""
_FORMANT_RATE, _FORMANT_WINDOW, _ORDER = 11000, 330, 11
_FORMANT_RANGE, _WIDEST = (150.0, 5400.0), 700.0
"""Hertz: where formants are looked for, and their greatest bandwidth."""


def bands(samples: Samples) -> Numbers:
    """(frames, BANDS): decibels in mel bands, of the frames with speech."""
    levels = _levels(samples)
    return levels[_speech(levels)]


def cepstra(samples: Samples) -> Numbers:
    """(frames, CEPSTRA): of the decibels in mel bands, without the one that is loudness; frames
    with speech. Equal recordings at another level give the same."""
    return bands(samples) @ _cosines().T


def changes(cepstra: Numbers) -> Numbers:
    """How fast `cepstra` move: the slope over five frames."""
    padded = np.pad(cepstra, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10


def long_term(samples: Samples) -> Numbers:
    """(BANDS,): decibels of everything that is spoken, around a mean of 0."""
    levels = 10 * np.log10((10 ** (bands(samples) / 10)).mean(0))
    return np.asarray(levels - levels.mean())


def pitch(samples: Samples) -> float:
    """Hertz, the median of the voiced frames; not a number when nothing is voiced."""
    heard = pitches(samples)
    return float(np.median(heard[heard > 0])) if heard.any() else float("nan")


def pitches(samples: Samples) -> Numbers:
    """(frames,): hertz, 0 where nothing is voiced. By autocorrelation (Boersma 1993), first in the
    whole range, then around what was found (De Looze and Hirst 2008)."""
    found = _pitches(samples, *_PITCHES)
    if not found.any():
        return found
    low, high = np.percentile(found[found > 0], [35, 65])
    return _pitches(samples, max(_PITCHES[0], 0.72 * low), min(_PITCHES[1], 1.9 * high))


def formants(samples: Samples) -> Numbers:
    """(FORMANTS,): hertz, medians over the voiced frames, by linear prediction (autocorrelation
    method, order 11); not numbers when no frame shows that many."""
    voiced = pitches(samples) > 0
    sound = resampled(samples, RATE, _FORMANT_RATE).astype(np.float64)
    cut = _frames(np.append(sound[0], sound[1:] - 0.97 * sound[:-1]), _FORMANT_WINDOW)
    count = min(len(cut), len(voiced))
    cut = cut[:count][voiced[:count]] * np.hanning(_FORMANT_WINDOW)
    found = _resonances(cut) if len(cut) else np.zeros((0, FORMANTS))
    return np.asarray(np.median(found, 0)) if len(found) else np.full(FORMANTS, np.nan)


def _levels(samples: Samples) -> Numbers:
    """(frames, BANDS): decibels."""
    cut = _frames(samples.astype(np.float64), _WINDOW) * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(cut)) ** 2
    return np.asarray(10 * np.log10(power @ _triangles().T + 1e-10))


def _speech(levels: Numbers) -> Flags:
    """(frames,): whether somebody speaks."""
    loudness = 10 * np.log10((10 ** (levels / 10)).sum(1))
    return np.asarray(loudness > np.percentile(loudness, 99) - _AUDIBLE)


def _frames(sound: Numbers, window: int) -> Numbers:
    """(frames, window): `_HOPS` a second, around their times; views of one array. The rate follows
    from the window, which is the analysis' own."""
    rate = {_WINDOW: RATE, _PITCH_WINDOW: _PITCH_RATE, _FORMANT_WINDOW: _FORMANT_RATE}[window]
    padded = np.pad(sound, (window // 2, window - window // 2))
    return np.lib.stride_tricks.sliding_window_view(padded, window)[:: rate // _HOPS]


def _triangles() -> Numbers:
    """(BANDS, bins): weights of the mel bands, each of sum 1."""
    lowest, highest = 2595 * np.log10(1 + np.array([_LOWEST, _HIGHEST]) / 700)
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    weights = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)).clip(0)
    nearest = np.abs(bins - middle).argmin(1)
    weights[np.arange(BANDS), nearest] = np.maximum(weights[np.arange(BANDS), nearest], 1e-3)
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _cosines() -> Numbers:
    """(CEPSTRA, BANDS): the orthonormal cosine transform from its second row on."""
    row = np.arange(1, CEPSTRA + 1)[:, None]
    return np.asarray(
        np.cos(np.pi * row * (2 * np.arange(BANDS) + 1) / (2 * BANDS)) * np.sqrt(2 / BANDS)
    )


def _pitches(samples: Samples, low: float, high: float) -> Numbers:
    sound = resampled(samples, RATE, _PITCH_RATE).astype(np.float64)
    cut = _frames(sound, _PITCH_WINDOW)
    cut = cut - cut.mean(1, keepdims=True)
    window = np.hanning(_PITCH_WINDOW)
    lags = np.arange(int(_PITCH_RATE / high), int(np.ceil(_PITCH_RATE / low)) + 1)
    reach = lags[-1] + 2
    likeness = _autocorrelation(cut * window)[:, :reach]
    likeness = likeness / _autocorrelation(window[None])[:, :reach]
    before, here, after = (likeness[:, lags + shift] for shift in (-1, 0, 1))
    peaks = (here > before) & (here >= after)
    worth = np.where(peaks, here - _OCTAVE * np.log2(lags), -np.inf)
    best = worth.argmax(1)[:, None]
    b, h, a = (np.take_along_axis(each, best, 1)[:, 0] for each in (before, here, after))
    exact = lags[best[:, 0]] + 0.5 * (b - a) / np.minimum(b - 2 * h + a, -1e-9)
    loudness = (cut**2).mean(1)
    loud = loudness > np.percentile(loudness, 99) * 10 ** (-_AUDIBLE / 10)
    return np.asarray(np.where(loud & peaks.any(1) & (h > _PERIODIC), _PITCH_RATE / exact, 0.0))


def _autocorrelation(cut: Numbers) -> Numbers:
    """(frames, lags): 1 at lag 0."""
    size = 1 << (2 * cut.shape[1] - 1).bit_length()
    found = np.fft.irfft(np.abs(np.fft.rfft(cut, size)) ** 2)[:, : cut.shape[1]]
    return np.asarray(found / (found[:, :1] + 1e-12))


def _resonances(cut: Numbers) -> Numbers:
    """(some frames, FORMANTS): hertz of the lowest narrow poles of an all-pole model."""
    likeness = _autocorrelation(cut)[:, : _ORDER + 1]
    distance = np.abs(np.subtract.outer(np.arange(_ORDER), np.arange(_ORDER)))
    equations = likeness[:, distance] + 1e-6 * np.eye(_ORDER)
    predictor = np.linalg.solve(equations, likeness[:, 1:, None])[:, :, 0]
    companion = np.tile(np.eye(_ORDER, k=-1), (len(cut), 1, 1))
    companion[:, 0] = predictor
    poles = np.linalg.eigvals(companion)
    hertz = np.angle(poles) * _FORMANT_RATE / (2 * np.pi)
    width = -np.log(np.abs(poles) + 1e-12) * _FORMANT_RATE / np.pi
    narrow = (hertz > _FORMANT_RANGE[0]) & (hertz < _FORMANT_RANGE[1]) & (width < _WIDEST)
    lowest = np.sort(np.where(narrow, hertz, np.inf), 1)[:, :FORMANTS]
    return np.asarray(lowest[np.isfinite(lowest).all(1)])

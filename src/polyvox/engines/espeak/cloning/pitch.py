"""How high a voice is, moment by moment, from the autocorrelation of its frames.

After Boersma (1993, normalised autocorrelation and a best path through candidates) and
De Looze & Hirst (2008, a second pass inside the range that the first one found).
"""

from __future__ import annotations

import numpy as np

from polyvox.engines.espeak.cloning.spectrum import HOP, RATE, Numbers, framed

HALF_RATE = RATE // 2
"""Hertz after `halved`; voices carry their pitch and formants below half of it."""
_WINDOW = 552
"""Samples of a frame at half the rate: 50 ms, three periods of a deep voice."""
_SIZE = 1024
_LOWEST, _HIGHEST = 60.0, 500.0
"""Hertz."""
_CANDIDATES = 6
_UNVOICED, _SWITCH, _JUMP, _OCTAVE = 0.45, 0.14, 0.35, 0.01
"""Costs of a path: strength of no voice, a change of voicing, an octave's leap, a low pitch."""
_QUIET = 0.03
"""Share of the loudest frames' amplitude under which silence grows likely."""
_FEWEST = 20


def halved(samples: Numbers) -> Numbers:
    """`samples` at half the rate, without what would alias."""
    taps = np.arange(-20, 21)
    lowpass = 0.46 * np.sinc(0.46 * taps) * np.hanning(43)[1:-1]
    return np.convolve(samples, lowpass / lowpass.sum(), "same")[::2].astype(np.float32)


def track(samples: Numbers) -> tuple[Numbers, Numbers]:
    """Pitch (hertz, 0 where there is no voice) and amplitude of each frame."""
    frames = framed(halved(samples), _WINDOW, HOP // 2)
    amplitudes = np.sqrt((frames**2).mean(1))
    alike = correlations(frames)
    wide = _best_path(alike, amplitudes, _LOWEST, _HIGHEST)
    heard = wide[wide > 0]
    if len(heard) < _FEWEST:
        return wide, amplitudes
    low, high = np.percentile(heard, [35, 65])
    return _best_path(alike, amplitudes, max(55.0, 0.72 * low), min(600.0, 1.9 * high)), amplitudes


def strengths(samples: Numbers, lowest: float, highest: float) -> tuple[Numbers, Numbers]:
    """How periodic each frame is within a range of pitch (0 to 1), and its amplitude.

    Looks at each frame alone, so that a stream may be cut anywhere.
    """
    frames = framed(halved(samples), _WINDOW, HOP // 2)
    alike = correlations(frames)
    first, last = _lags(lowest, highest)
    inner = alike[:, first:last]
    peaks = (inner > alike[:, first - 1 : last - 1]) & (inner >= alike[:, first + 1 : last + 1])
    return np.where(peaks, inner, 0).max(1), np.sqrt((frames**2).mean(1))


def correlations(frames: Numbers) -> Numbers:
    """Each frame's likeness to itself by lag in samples; 1 at lag 0, 0 for silence."""
    taper = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
    centred = (frames - frames.mean(1, keepdims=True)) * taper
    transformed = np.fft.rfft(centred, _SIZE)
    alike = np.fft.irfft(transformed.real**2 + transformed.imag**2, _SIZE)[:, : _WINDOW // 2]
    of_taper = np.fft.irfft(np.abs(np.fft.rfft(taper, _SIZE)) ** 2, _SIZE)[: _WINDOW // 2]
    normal: Numbers = alike / (alike[:, :1] + 1e-9) / (of_taper / of_taper[0])
    return normal


def semitones(hertz: Numbers) -> Numbers:
    return 12 * np.log2(hertz)


def _lags(lowest: float, highest: float) -> tuple[int, int]:
    return int(HALF_RATE / highest), min(int(HALF_RATE / lowest) + 1, _WINDOW // 2 - 1)


def _best_path(alike: Numbers, amplitudes: Numbers, lowest: float, highest: float) -> Numbers:
    """The pitch that is strong in every frame and moves little between them (Viterbi)."""
    pitches, strength = _candidates(alike, *_lags(lowest, highest))
    loudest = np.percentile(amplitudes, 99) + 1e-9
    silence = _UNVOICED + np.clip(2 - amplitudes / loudest / _QUIET, 0, None)
    local = np.concatenate([strength, silence[:, None]], axis=1)
    octaves = np.log2(pitches)
    count = pitches.shape[1]
    moves = np.full((count + 1, count + 1), -_SWITCH)
    moves[count, count] = 0
    score, came_from = local[0], np.zeros(local.shape, int)
    for t in range(1, len(local)):
        moves[:count, :count] = -_JUMP * np.abs(octaves[t - 1][:, None] - octaves[t])
        reached = score[:, None] + moves
        came_from[t] = reached.argmax(0)
        score = reached.max(0) + local[t]
    path = np.empty(len(local), int)
    path[-1] = score.argmax()
    for t in range(len(local) - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    chosen = pitches[np.arange(len(path)), np.minimum(path, count - 1)]
    return np.where(path < count, chosen, 0.0)


def _candidates(alike: Numbers, first: int, last: int) -> tuple[Numbers, Numbers]:
    """(frames, candidates): pitch in hertz and strength of the highest peaks."""
    before, here, after = (alike[:, first + step : last + step] for step in (-1, 0, 1))
    peaks = (here > before) & (here >= after)
    cost = _OCTAVE * np.log2(np.arange(first, last) / first)
    strength = np.where(peaks, here - cost, -5.0)
    best = np.argpartition(-strength, min(_CANDIDATES, last - first - 1), axis=1)[:, :_CANDIDATES]
    left, middle, right = (np.take_along_axis(each, best, 1) for each in (before, here, after))
    bend = left - 2 * middle + right
    offset = 0.5 * (left - right) / np.where(np.abs(bend) > 1e-12, bend, 1e-12)
    pitches = HALF_RATE / (first + best + np.clip(offset, -0.5, 0.5))
    return pitches, np.take_along_axis(strength, best, 1)

"""Where in a recording somebody speaks: what stands out of the quiet, and of that what has the
pitch and the motion of a voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyvox.audio.voicing import APART, HOP, Voicing, voicing
from polyvox.domain.audio import Samples

_Floats = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]

_CONTEXT = 1500
"""Frames to either side within which the quiet is sought: 15 s."""
_RANGE = 45.0
"""Decibels below the loudest speech that can still be speech."""
_LEAST, _MOST, _SHARE = 6.0, 15.0, 0.35
"""Decibels above the quiet where something begins; between them a share of the whole range."""
_HYSTERESIS = 3.0
"""Decibels lower than that, where it ends."""
_BRIDGED, _BESIDE, _SHORTEST = 20, 30, 4
"""Frames: gaps that are no pause, the way to a consonant that belongs to a word, the shortest
stretch that counts."""
_CLEAR = 5
"""Frames that noise keeps away from what stands out."""
_VOICED, _VOICED_SHARE = 0.55, 0.15
"""Periodicity of a voiced frame, and how many of a stretch are."""
_MOVING = 2.0
"""Decibels. Held notes and chords stay below 1.2, speech is at 8, and in noise as loud at 4."""
_JUDGED = 4
"""Voiced frames that are needed to tell."""


@dataclass(frozen=True)
class Activity:
    """What happens in every 10 ms."""

    power: _Floats
    """Mean square."""
    speech: _Mask
    noise: _Mask
    """Where nothing stands out and nothing does nearby."""


def activity(samples: Samples, rate: int) -> Activity:
    """Of `samples` at `rate` hertz, free of DC."""
    power = _powers(samples, rate)
    if not len(power):
        return Activity(power, np.zeros(0, bool), np.zeros(0, bool))
    levels = 10 * np.log10(_smoothed(power) + 1e-10)
    active = _standing_out(levels)
    speech = _of_voices(active, voicing(samples, rate, len(power)))
    noise = ~_widened(active, _CLEAR)
    return Activity(power, speech, noise)


def stretches(mask: _Mask) -> list[tuple[int, int]]:
    """First index, and index after the last, of every run that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _powers(samples: Samples, rate: int) -> _Floats:
    """Mean square of every 10 ms; rates that 100 does not divide round each beginning."""
    count = int(len(samples) / rate / HOP + 1e-6)
    starts = np.round(np.arange(count) * HOP * rate).astype(int)
    if not count:
        return np.zeros(0)
    ends = np.append(starts[1:], min(len(samples), round(count * HOP * rate)))
    squares = np.square(samples[: ends[-1]], dtype=np.float64)
    return np.asarray(np.add.reduceat(squares, starts) / (ends - starts))


def _standing_out(levels: _Floats) -> _Mask:
    """Frames above the quiet around them, with hysteresis, gaps bridged, clicks left out."""
    quiet = np.maximum(_quiet_around(levels), np.percentile(levels, 95) - _RANGE)
    spread = np.percentile(levels, 95) - np.percentile(levels, 10)
    step = min(max(_LEAST, _SHARE * spread), _MOST)
    above, held = levels > quiet + step, levels > quiet + step - _HYSTERESIS
    active = np.zeros(len(levels), bool)
    for first, last in stretches(held):
        active[first:last] = above[first:last].any()
    for first, last in stretches(~active):
        if last - first < _BRIDGED and first > 0 and last < len(active):
            active[first:last] = True
    for first, last in stretches(active):
        if last - first < _SHORTEST:
            active[first:last] = False
    return active


def _quiet_around(levels: _Floats) -> _Floats:
    """For every frame the level that a tenth of those around it stay below."""
    centres = np.arange(0, len(levels) + _CONTEXT // 3, _CONTEXT // 3)
    quiet = [
        np.percentile(levels[max(0, centre - _CONTEXT) : centre + _CONTEXT], 10)
        for centre in np.minimum(centres, len(levels) - 1)
    ]
    return np.interp(np.arange(len(levels)), centres, quiet)


def _of_voices(active: _Mask, voices: Voicing) -> _Mask:
    """Stretches that are spoken, and those so near one that they belong to its words."""
    spoken, unsure = np.zeros(len(active), bool), []
    for first, last in stretches(active):
        if _is_spoken(voices.periodicity[first:last], voices.motion[first:last]):
            spoken[first:last] = True
        else:
            unsure.append((first, last))
    near = _widened(spoken, _BESIDE)
    for first, last in unsure:
        if near[first:last].any() and last - first < 2 * _BESIDE:
            spoken[first:last] = True
    return spoken


def _is_spoken(periodicity: _Floats, motion: _Floats) -> bool:
    voiced = periodicity > _VOICED
    inner = voiced.copy()
    inner[:APART] = inner[-APART:] = False
    enough = voiced.mean() >= _VOICED_SHARE and inner.sum() >= _JUDGED
    return bool(enough and np.median(motion[inner]) >= _MOVING)


def _widened(mask: _Mask, frames: int) -> _Mask:
    """`mask`, true also that many frames before and after."""
    return np.convolve(mask, np.ones(2 * frames + 1))[frames : frames + len(mask)] > 0.5


def _smoothed(power: _Floats) -> _Floats:
    """The mean of three frames."""
    return np.convolve(power, np.full(3, 1 / 3))[1 : len(power) + 1]

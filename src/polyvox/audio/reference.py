"""A recording made ready to clone a voice from: centred, trimmed, long pauses shortened, levelled.
Files are read by `decode`; what was found is said in `advice`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from polyvox.audio.activity import activity, stretches
from polyvox.audio.advice import REFUSE, Advice, advice
from polyvox.audio.loudness import loudness
from polyvox.audio.measure import Measures, measure
from polyvox.audio.plain import Wav
from polyvox.audio.voicing import HOP
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput

_MARGIN = 0.1
"""Seconds left before and after speech."""
_LONGEST_PAUSE = 1.0
"""Seconds."""
_FADE = 0.02
"""Seconds in which both sides of a cut blend."""
_LOUDNESS = -23.0
"""LUFS."""
_PEAK = -1.0
"""Decibels relative to full scale."""
_MOST_GAIN = 30.0
"""Decibels."""


@dataclass(frozen=True)
class Prepared:
    """A recording, ready, and what was found in it."""

    samples: Samples
    measures: Measures
    """Of the recording as it came."""
    advice: tuple[Advice, ...]
    """Nothing to be refused."""
    trimmed: tuple[float, float]
    """Seconds taken away before and after speech."""
    shortened: float
    """Seconds taken out of long pauses."""
    gain: float
    """Decibels it was raised by."""


def prepare(samples: Samples, rate: int, complete: bool = True) -> Prepared:
    """`samples` at `rate` hertz as a reference, at the same rate. `complete` as `decode` says it.

    Raises InvalidInput, in the advice's words, for what no voice can be made of."""
    centred = samples - np.float32(samples.mean(dtype=np.float64) if len(samples) else 0)
    found = activity(centred, rate)
    measures = measure(samples, rate, found)
    said = advice(measures, complete)
    if said and said[0].severity == REFUSE:
        raise InvalidInput(said[0].message)
    spoken = [(a * HOP, b * HOP) for a, b in stretches(found.speech)]
    first = max(0.0, spoken[0][0] - _MARGIN)
    last = min(len(samples) / rate, spoken[-1][1] + _MARGIN)
    kept = _joined([centred[_span(part, rate)] for part in _parts(spoken, first, last)], rate)
    gain = _gain(kept, rate)
    return Prepared(
        samples=np.clip(kept * np.float32(10 ** (gain / 20)), -1, 1),
        measures=measures,
        advice=said,
        trimmed=(first, len(samples) / rate - last),
        shortened=last - first - len(kept) / rate,
        gain=gain,
    )


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """`samples` as a file of 16 bits at `rate` hertz."""
    path.write_bytes(Wav(rate, len(samples)).write(np.clip(samples, -1, 1)))


def peaks(samples: Samples, count: int) -> list[float]:
    """The highest absolute value, 0 to 1, of each of `count` equal parts: a waveform to draw.
    Fewer when there are fewer samples."""
    count = min(count, len(samples))
    if count < 1:
        return []
    starts = np.arange(count) * len(samples) // count
    return [round(float(peak), 4) for peak in np.maximum.reduceat(np.abs(samples), starts)]


def _parts(
    spoken: list[tuple[float, float]], first: float, last: float
) -> Iterator[tuple[float, float]]:
    """What is kept, in seconds: everything, but the middle of pauses that are too long. Both
    sides of a cut overlap by the fade."""
    start = first
    for (_, quiet), (loud, _) in pairwise(spoken):
        if loud - quiet > _LONGEST_PAUSE:
            half = (_LONGEST_PAUSE + _FADE) / 2
            yield start, quiet + half
            start = loud - half
    yield start, last


def _span(part: tuple[float, float], rate: int) -> slice:
    return slice(round(part[0] * rate), round(part[1] * rate))


def _joined(parts: list[Samples], rate: int) -> Samples:
    """One after the other, the end of each blended into the beginning of the next."""
    fade = round(_FADE * rate)
    rise = np.linspace(0, 1, fade, dtype=np.float32)
    pieces = [parts[0]]
    for part in parts[1:]:
        before = pieces.pop()
        blended = before[-fade:] * (1 - rise) + part[:fade] * rise
        pieces += [before[:-fade], blended, part[fade:]]
    return np.concatenate(pieces)


def _gain(samples: Samples, rate: int) -> float:
    """Decibels to the wanted loudness, as far as peaks and noise allow."""
    found = loudness(samples, rate)
    peak = 20 * float(np.log10(np.abs(samples).max() + 1e-9))
    wanted = _MOST_GAIN if found is None else _LOUDNESS - found
    return min(wanted, _MOST_GAIN, _PEAK - peak)

"""A recording in numbers: how long, how loud, how clean, how wide, how much of it is speech. What
the numbers mean for whoever made it is said in `advice`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyvox.audio.activity import Activity, activity
from polyvox.audio.loudness import loudness
from polyvox.audio.voicing import HOP
from polyvox.domain.audio import Samples

_Floats = npt.NDArray[np.float64]

_QUIETEST = -100.0
"""Decibels that digital silence is given."""
_CLEANEST = 60.0
"""Decibels; what is gated or synthetic would have more, and it would mean nothing."""
_FEW = 10
"""Frames of noise that are too few to trust."""
_PILED = 3.0
"""Samples at one level, against those at levels below, where something is cut off."""
_NEAR, _ON, _FLAT = 0.03, 0.0075, 0.7
"""Of the ceiling: how far below it its surroundings begin, how near is on it, and the share of the
surroundings that are, where something is cut off. A round top has 0.5."""
_INAUDIBLE = 1e-3
_RUN = 3
"""Samples in a row that make a plateau."""
_DROP = 50.0
"""Decibels below the strongest band, where the bandwidth ends."""
_BAND = 100.0
"""Hertz."""
_MOST_SPECTRA = 1500


@dataclass(frozen=True)
class Measures:
    """What can be measured of a recording."""

    duration: float
    """Seconds."""
    peak: float
    """Decibels relative to full scale, -100 for digital silence."""
    loudness: float | None
    """LUFS, gated; None below -70."""
    noise_floor: float
    """Decibels relative to full scale (mean square 1), -100 for digital silence."""
    snr: float | None
    """Decibels of speech above the noise in its pauses, 60 at most; None without speech."""
    clipping: float
    """Share of the frames of 10 ms, of those with speech where there is some, that are cut off."""
    bandwidth: float | None
    """Hertz up to which speech reaches; None without speech."""
    speech: float
    """Share of the recording, 0 to 1."""
    dc_offset: float
    """Mean of the samples, -1 to 1."""


def measure(samples: Samples, rate: int, found: Activity | None = None) -> Measures:
    """All of it for `samples` (one dimension, any length) at `rate` hertz, at least 8000. `found`
    saves looking for speech again."""
    offset = float(samples.mean(dtype=np.float64)) if len(samples) else 0.0
    centred = samples - np.float32(offset)
    found = found or activity(centred, rate)
    noise = _noise(found)
    spoken = bool(found.speech.any())
    return Measures(
        duration=len(samples) / rate,
        peak=_decibels(float(np.abs(samples).max(initial=0)) ** 2),
        loudness=loudness(centred, rate),
        noise_floor=_decibels(noise),
        snr=_snr(found, noise) if spoken else None,
        clipping=_clipping(samples, found, rate),
        bandwidth=_bandwidth(centred, found, rate) if spoken else None,
        speech=float(found.speech.mean()) if spoken else 0.0,
        dc_offset=offset,
    )


def _decibels(power: float) -> float:
    return max(_QUIETEST, 10 * float(np.log10(power + 1e-20)))


def _noise(found: Activity) -> float:
    """Mean square where nothing happens; where something always does, of the quietest twentieth.
    Gaps of digital silence in a noisy recording do not count."""
    quiet = found.power[found.noise]
    sounding = quiet[quiet > 1e-10]
    if len(sounding) >= _FEW:
        return float(sounding.mean())
    if len(quiet) >= _FEW or not len(found.power):
        return 0.0
    return float(np.percentile(found.power, 5))


def _snr(found: Activity, noise: float) -> float:
    """The energy of speech against that of its pauses."""
    speech = max(float(found.power[found.speech].mean()) - noise, 1e-20)
    return min(_CLEANEST, _decibels(speech) - _decibels(noise))


def _clipping(samples: Samples, found: Activity, rate: int) -> float:
    """By plateaus near the highest and the lowest sample, wherever they are: a level that was
    turned down after clipping hides nothing, nor does a codec that bent them."""
    considered = found.speech if found.speech.any() else np.ones(len(found.power), bool)
    if not considered.any():
        return 0.0
    clipped = np.zeros(len(considered), bool)
    for side in (samples, -samples):
        clipped |= _with_plateaus(side, len(considered), rate)
    return float((clipped & considered).sum() / considered.sum())


def _with_plateaus(side: Samples, frames: int, rate: int) -> npt.NDArray[np.bool_]:
    """Frames of 10 ms in which `side` stays on top of its highest sample."""
    clipped = np.zeros(frames, bool)
    top = _ceiling(side)
    if top is None:
        return clipped
    near = np.flatnonzero(side >= (1 - _NEAR) * top)
    runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
    flat = [
        run[0]
        for run in runs
        if len(run) >= _RUN and (np.abs(side[run] - top) <= _ON * top).mean() >= _FLAT
    ]
    index = (np.array(flat, dtype=np.float64) / (HOP * rate)).astype(int)
    clipped[index[index < frames]] = True
    return clipped


def _ceiling(side: Samples) -> float | None:
    """The level near the top that samples pile up at; a filter may have thrown some above it."""
    highest = float(side.max())
    if highest <= _INAUDIBLE:
        return None
    counts, edges = np.histogram(side, 100, (0.0, highest))
    fullest = 70 + int(counts[70:].argmax())
    usual = counts[fullest - 20 : fullest - 3].mean()
    if counts[fullest] <= _PILED * usual:
        return None
    inside = side[(side >= edges[fullest - 1]) & (side <= edges[fullest + 1])]
    return float(np.median(inside))


def _bandwidth(samples: Samples, found: Activity, rate: int) -> float:
    """The upper end of the highest band within 50 dB of the strongest, in the mean spectrum of
    speech (the rule of NVIDIA NeMo's bandwidth estimate)."""
    size = 1 << (rate // 40).bit_length()
    starts = (np.flatnonzero(found.speech) * HOP * rate).astype(int)
    starts = starts[starts + size <= len(samples)]
    if not len(starts):
        return rate / 2
    starts = starts[:: -(-len(starts) // _MOST_SPECTRA)]
    windows = samples[starts[:, None] + np.arange(size)] * np.hanning(size).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(windows))).mean(axis=0)
    edges = np.arange(0, rate / 2, _BAND)
    bands = np.add.reduceat(power, np.searchsorted(np.fft.rfftfreq(size, 1 / rate), edges))
    strong = np.flatnonzero(bands >= bands.max() * 10 ** (-_DROP / 10))
    return float(min(rate / 2, edges[strong[-1]] + _BAND))

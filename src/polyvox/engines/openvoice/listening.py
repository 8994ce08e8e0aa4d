"""Recordings as OpenVoice takes them: at its rate, and where in them nothing is to be heard."""

from __future__ import annotations

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput
from polyvox.domain.voice import Reference
from polyvox.engines.remote.resampling import Resampler

_SHORTEST = 1.0
"""Seconds of a voice to be learnt."""
_NOBODY = 1e-3
"""Root mean square below which nobody speaks."""
_SILENCE = 1e-3
"""Peak below which a frame is silent."""
_NEAR = 4
"""Frames (46 ms) around sound in which its echo may be heard."""


def heard(recording: Reference, rate: int) -> Samples:
    """Its samples at `rate`. Raises InvalidInput for what is no sound."""
    samples = np.asarray(recording.samples, np.float32)
    if recording.sample_rate <= 0 or samples.ndim != 1 or not np.isfinite(samples).all():
        raise InvalidInput("The recording holds samples that are no numbers.", param="audio")
    if recording.sample_rate == rate:
        return samples
    resampler = Resampler(recording.sample_rate, rate)
    pieces = np.array_split(samples, max(1, len(samples) // recording.sample_rate))
    return np.concatenate([*map(resampler.push, pieces), resampler.flush()])


def somebody(reference: Reference, rate: int) -> Samples:
    """Its samples at `rate`. Raises InvalidInput when nobody speaks long enough to be known."""
    samples = heard(reference, rate)
    if len(samples) < _SHORTEST * rate:
        raise InvalidInput("The recording is shorter than a second.", param="audio")
    if np.sqrt(np.mean(np.square(samples))) < _NOBODY:
        raise InvalidInput("Nobody speaks in the recording.", param="audio")
    return samples


class Presence:
    """Where sound is: 1 there, 0 in silence, with a short slope between."""

    def __init__(self, samples: Samples, frame: int) -> None:
        """`samples` are whole frames of `frame` samples."""
        peaks = np.abs(samples.reshape(-1, frame)).max(axis=1)
        around = np.pad(peaks > _SILENCE, _NEAR)
        self._near = np.lib.stride_tricks.sliding_window_view(around, 2 * _NEAR + 1).any(axis=1)
        self._middles = (np.arange(len(peaks)) + 0.5) * frame
        self._frame = frame

    def of(self, first: int, last: int) -> Samples:
        """For each sample of the frames from `first` up to `last`."""
        moments = np.arange(first * self._frame, last * self._frame)
        slopes: Samples = np.interp(moments, self._middles, self._near).astype(np.float32)
        return slopes

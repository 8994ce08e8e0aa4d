"""From one sample rate to another while the stream runs: libsoxr."""

from __future__ import annotations

import numpy as np
import soxr  # type: ignore[import-untyped]

from polyvox.domain.audio import Samples

_QUALITY = "HQ"
"""Flat to 0.9 of the band, images below -130 dB. Lower settings cost the same; LQ would hold back
20 ms less, but dull everything above 0.75 of the band."""


class Resampler:
    """Resamples one stream, piece by piece, to exactly what it would be in one go.

    Its filter holds back about 25 ms, and gives nothing before the first 40 ms (80 ms towards
    8 kHz)."""

    def __init__(self, source: int, target: int) -> None:
        """Rates in hertz; equal ones let samples through as they are."""
        self._stream = (
            None
            if source == target
            else soxr.ResampleStream(source, target, 1, dtype="float32", quality=_QUALITY)
        )

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` (float32, any length) have been taken in."""
        return samples if self._stream is None else self._resampled(samples, last=False)

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        nothing = np.zeros(0, np.float32)
        return nothing if self._stream is None else self._resampled(nothing, last=True)

    def _resampled(self, samples: Samples, last: bool) -> Samples:
        assert self._stream is not None
        resampled: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples), last=last)
        return resampled


def resampled(samples: Samples, source: int, target: int) -> Samples:
    """All of a recording at another rate, in hertz."""
    if source == target:
        return samples
    whole: Samples = soxr.resample(samples, source, target, quality=_QUALITY)
    return whole

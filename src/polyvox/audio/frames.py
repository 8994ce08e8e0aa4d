"""Samples as the frames that FFmpeg works on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from av import AudioFrame

from polyvox.audio.plain import to_int16
from polyvox.domain.audio import Samples


def frame_of(samples: Samples, sample_format: str, sample_rate: int, position: int) -> AudioFrame:
    """`samples` as a mono frame that begins `position` samples into the stream; `sample_format`
    is FFmpeg's flt or fltp (float32), or s16."""
    values = to_int16(samples) if sample_format == "s16" else np.ascontiguousarray(samples)
    frame = AudioFrame.from_ndarray(values.reshape(1, -1), format=sample_format, layout="mono")
    frame.sample_rate, frame.time_base = sample_rate, Fraction(1, sample_rate)
    frame.pts = position
    return frame

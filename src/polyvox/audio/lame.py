"""MP3 by LAME itself. Through FFmpeg the same encoder takes three times as long, and needs the GIL
between its frames; here it gives it up for a whole piece, so that threads run side by side."""

from __future__ import annotations

import lameenc  # type: ignore[import-not-found]

from polyvox.audio.plain import to_int16
from polyvox.domain.audio import Samples

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hertz that MP3 can have."""
_WIDE = 24000
"""Hertz; above it the second bit rate counts."""
_BIT_RATES = (64, 96)
"""Kilobits a second."""
_EFFORT = 7
"""0 is LAME's slowest, 9 its fastest. On speech at 64 kbit/s the segmental signal-to-noise ratio is
24.0 dB, as through FFmpeg at the same effort; 1.0 ms a second of audio against 3.3."""


class Mp3:
    """One stream, float32 mono in, frames out; no tag before the first one."""

    def __init__(self, sample_rate: int, total_samples: int | None) -> None:
        """`total_samples` is not written down."""
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_channels(1)
        self._lame.set_in_sample_rate(sample_rate)
        self._lame.set_out_sample_rate(sample_rate)
        self._lame.set_bit_rate(_BIT_RATES[sample_rate > _WIDE])
        self._lame.set_quality(_EFFORT)
        self._begun = False

    def write(self, samples: Samples) -> bytes:
        self._begun = True
        return bytes(self._lame.encode(to_int16(samples).tobytes()))

    def close(self) -> bytes:
        return bytes(self._lame.flush()) if self._begun else b""

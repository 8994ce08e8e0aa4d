"""An engine's sound as it is kept between speaking and joining: 16-bit samples, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyvox.audio.plain import to_int16
from polyvox.domain.audio import AudioChunk
from polyvox.domain.speech import Word


def packed(chunks: Sequence[AudioChunk]) -> bytes:
    """The chunks' sound, one after the other."""
    return b"".join(to_int16(chunk.samples).tobytes() for chunk in chunks)


def unpacked(data: bytes, sample_rate: int, words: tuple[Word, ...]) -> AudioChunk:
    """What `packed` made bytes of, at `sample_rate` hertz."""
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
    return AudioChunk(samples, sample_rate, words)

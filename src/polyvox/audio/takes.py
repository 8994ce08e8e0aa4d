"""An engine's sound as it is kept between speaking and joining: 16-bit samples, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from polyvox.audio.plain import to_int16
from polyvox.domain.audio import AudioChunk
from polyvox.domain.speech import Word

_STEP = 2.0
"""Seconds of sound that pass through the processor's caches while they are rendered; a long take in
one go costs twice as much."""


def packed(chunks: Sequence[AudioChunk]) -> bytes:
    """The chunks' sound, one after the other."""
    return b"".join(to_int16(chunk.samples).tobytes() for chunk in chunks)


def unpacked(data: bytes | memoryview, sample_rate: int, words: tuple[Word, ...]) -> AudioChunk:
    """What `packed` made bytes of, at `sample_rate` hertz."""
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
    return AudioChunk(samples, sample_rate, words)


def unpacked_in_steps(
    data: bytes, sample_rate: int, words: tuple[Word, ...]
) -> Iterator[AudioChunk]:
    """The same sound in short chunks; all words come with the first."""
    step = 2 * round(_STEP * sample_rate)
    for first in range(0, len(data), step):
        yield unpacked(memoryview(data)[first : first + step], sample_rate, words)
        words = ()

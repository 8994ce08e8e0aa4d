"""Chunks as they are worth sending: the first at once, later ones together where the engine is
faster than a message is worth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from polyvox.domain.audio import AudioChunk

_GATHER = 0.01
"""Seconds for which a fast engine's chunks are gathered into one message."""
_LONGEST_MESSAGE = 2.0
"""Seconds of sound."""


def gathered(chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
    """The same sound and words, in fewer chunks."""
    waiting: list[AudioChunk] = []
    sent, length = 0.0, 0.0
    for chunk in chunks:
        waiting.append(chunk)
        length += chunk.duration
        if time.monotonic() - sent >= _GATHER or length >= _LONGEST_MESSAGE:
            yield together(waiting)
            waiting, sent, length = [], time.monotonic(), 0.0
    if waiting:
        yield together(waiting)


def together(chunks: Sequence[AudioChunk]) -> AudioChunk:
    """One after the other in one."""
    if len(chunks) == 1:
        return chunks[0]
    samples = np.concatenate([chunk.samples for chunk in chunks])
    words = tuple(word for chunk in chunks for word in chunk.words)
    return AudioChunk(samples, chunks[0].sample_rate, words)

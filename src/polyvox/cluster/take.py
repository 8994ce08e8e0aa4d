"""A segment's sound that goes on when another node has to speak it again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed

_SEAM = 0.005
"""Seconds over which a step between two takes is spread; the same take has none."""


class Take:
    """What has been passed on so far, sample by sample and word by word."""

    def __init__(self) -> None:
        self._passed, self._words = 0, 0
        self._rate = 0
        self._last = np.float32(0)

    @property
    def begun(self) -> bool:
        return bool(self._passed or self._words)

    async def rest(self, chunks: AsyncIterator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """What of these chunks, the segment spoken from its start, has not been passed on.

        Raises EngineFailed when they come at another rate than those before.
        """
        skip, known = self._passed, self._words
        before = np.float32(0)
        """The new take's last sample that is skipped."""
        step: np.float32 | None = None if skip else np.float32(0)
        spread = 0
        async for chunk in chunks:
            self._same(chunk.sample_rate)
            words, known = chunk.words[known:], max(0, known - len(chunk.words))
            samples = chunk.samples
            if skip:
                before = samples[min(skip, len(samples)) - 1] if len(samples) else before
                samples, skip = samples[skip:], max(0, skip - len(samples))
            if not len(samples) and not words:
                continue
            if step is None and len(samples):
                step = self._last - before
            if step and len(samples) and spread < self._seam:
                fading = 1 - (np.arange(len(samples), dtype=np.float32) + spread) / self._seam
                samples = (samples + step * np.maximum(fading, 0)).astype(np.float32)
                samples, spread = np.clip(samples, -1, 1), spread + len(samples)
            self._passed += len(samples)
            self._words += len(words)
            self._last = samples[-1] if len(samples) else self._last
            yield AudioChunk(samples, chunk.sample_rate, words, chunk.origin)

    @property
    def _seam(self) -> int:
        return max(1, int(_SEAM * self._rate))

    def _same(self, rate: int) -> None:
        if self._rate and rate != self._rate:
            raise EngineFailed(f"One node speaks at {self._rate} Hz, another at {rate} Hz.")
        self._rate = rate

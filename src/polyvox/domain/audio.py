"""Samples in memory. Files and formats are the audio room's business."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyvox.domain.speech import Word

Samples = npt.NDArray[np.float32]
"""Mono, float32, within [-1, 1]; one dimension."""


@dataclass(frozen=True)
class AudioChunk:
    """A piece of an audio stream, in order, without gaps."""

    samples: Samples
    """Not written to by whoever receives it."""
    sample_rate: int
    """Hertz; the same for every chunk of a stream."""
    words: tuple[Word, ...] = ()
    """Words whose times have become known with this chunk; they may lie in earlier audio."""
    origin: str = ""
    """Id of the node that spoke it; empty for hosts of this machine."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Recording:
    """Finished speech, encoded."""

    data: bytes
    duration: float
    """Seconds."""
    words: tuple[Word, ...] = ()

"""FFmpeg's filters on a stream of mono samples, through PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import av.filter
import numpy as np

from polyvox.audio.frames import frame_of
from polyvox.domain.audio import Samples


class Graph:
    """Filters in a row, each as its name and arguments."""

    def __init__(self, filters: Sequence[tuple[str, str]], sample_rate: int) -> None:
        self._rate, self.taken = sample_rate, 0
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        source = self._graph.add_abuffer(
            sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
        )
        chain = [self._graph.add(name, arguments) for name, arguments in filters]
        plain = self._graph.add("aformat", "sample_fmts=flt")
        self._graph.link_nodes(source, *chain, plain, self._graph.add("abuffersink")).configure()

    def take(self, samples: Samples) -> None:
        """Hands samples in, as one frame."""
        self._graph.push(frame_of(samples, "flt", self._rate, self.taken))
        self.taken += len(samples)

    def end(self) -> None:
        """Nothing follows."""
        self._graph.push(None)

    def ready(self) -> Samples:
        """All that has come out since the last time."""
        parts = [np.zeros(0, np.float32)]
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(parts)
            assert isinstance(frame, av.AudioFrame)
            parts.append(frame.to_ndarray()[0].astype(np.float32, copy=False))

"""Changes to a stream's sound on its way out. So far one: its pace, at the same pitch."""

from __future__ import annotations

import math
from fractions import Fraction

import av
import av.filter
import numpy as np

from polyvox.audio.frames import frame_of
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput

SLOWEST, FASTEST = 0.25, 4.0
_SHORTEST = 0.2
"""Seconds; atempo may leave nothing of less, so a shorter stream ends in silence."""


class TimeStretch:
    """Makes speech `speed` times as fast, by overlapping pieces of its waveform (WSOLA, as
    FFmpeg's `atempo` does it). The result does not depend on how the stream is cut.

    It holds back about 60 ms, 200 ms at speed 4."""

    def __init__(self, speed: float, sample_rate: int) -> None:
        """`speed` within 0.25 and 4, else InvalidInput; at 1 samples pass as they are.
        `sample_rate` in hertz."""
        if not SLOWEST <= speed <= FASTEST:
            raise InvalidInput(
                f"A speed of {speed:g} is outside {SLOWEST:g} to {FASTEST:g}.", param="speed"
            )
        self._rate = sample_rate
        self._step = sample_rate // 50
        """Samples in a frame; atempo holds one back whole, so they are short."""
        self._taken = 0
        self._rest = np.zeros(0, np.float32)
        self._graph = None if speed == 1 else _graph(speed, sample_rate)

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` (float32, any length) have been taken in."""
        if self._graph is None:
            return samples
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._step
        self._rest = samples[whole:]
        for start in range(0, whole, self._step):
            self._take(samples[start : start + self._step])
        return _pulled(self._graph)

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        if self._graph is None:
            return np.zeros(0, np.float32)
        if len(self._rest):
            self._take(self._rest)
        if self._taken:
            missing = round(_SHORTEST * self._rate) - self._taken
            if missing > 0:
                self._take(np.zeros(missing, np.float32))
            self._graph.push(None)
        return _pulled(self._graph)

    def _take(self, samples: Samples) -> None:
        assert self._graph is not None
        self._graph.push(frame_of(samples, "flt", self._rate, self._taken))
        self._taken += len(samples)


def _graph(speed: float, sample_rate: int) -> av.filter.Graph:
    """A chain of equal steps, each from half to twice the pace: beyond that atempo drops
    samples instead of blending them."""
    steps = max(1, math.ceil(abs(math.log2(speed))))
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    chain = [graph.add("atempo", f"{speed ** (1 / steps):.9f}") for _ in range(steps)]
    graph.link_nodes(source, *chain, graph.add("abuffersink")).configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Samples:
    """All that the graph has ready."""
    ready = [np.zeros(0, np.float32)]
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(ready)
        assert isinstance(frame, av.AudioFrame)
        ready.append(frame.to_ndarray()[0].astype(np.float32, copy=False))

"""The limit: the engine, the resampler and the encoder in a loop, a process per core. No HTTP, no
queue, no reading of the text, nobody to wait for."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from bench.load import Result
from bench.peers.sound import encoded, loaded, spoken
from polyvox.domain.audio import Samples

_SPAWNING = multiprocessing.get_context("spawn")


class Bare:
    """Processes that have loaded the engine and wait."""

    def __init__(self, following: Any, pipes: Sequence[Any]) -> None:
        """`following` is the number of the next text, in memory that all share; a pipe leads to
        each process."""
        self._following, self._pipes = following, pipes

    @classmethod
    @contextlib.contextmanager
    def ready(cls, processes: int) -> Iterator[Self]:
        """That many processes, until the block is left."""
        following = _SPAWNING.Value("i", 0)
        ends = [_SPAWNING.Pipe() for _ in range(processes)]
        for _, theirs in ends:
            _SPAWNING.Process(target=_work, args=(theirs, following), daemon=True).start()
        for ours, _ in ends:
            ours.recv()
        yield cls(following, [ours for ours, _ in ends])
        for ours, _ in ends:
            ours.send(None)

    def run(self, processes: int, texts: Sequence[str], format_name: str) -> Result:
        """Speaks `texts` with that many of the processes. `first_byte` is when the engine, not
        the encoder, gave its first piece; `cpu` is that of the work."""
        self._following.value = 0
        begun = time.perf_counter()
        for pipe in self._pipes[:processes]:
            pipe.send((texts, format_name))
        parts = [pipe.recv() for pipe in self._pipes[:processes]]
        seconds = time.perf_counter() - begun
        done = [each for part, _ in parts for each in part]
        latency, first, size = (list(values) for values in zip(*done, strict=True))
        return Result(seconds, latency, first, size, sum(cpu for _, cpu in parts))


def _work(pipe: Any, following: Any) -> None:
    """A process: for each job speaks whichever text is next until there is none, and answers
    with (seconds, seconds to the first piece, bytes) of each, and its processor seconds."""
    engine = loaded()
    pipe.send("ready")
    while job := pipe.recv():
        texts, format_name = job
        done, cpu = list[tuple[float, float, int]](), time.process_time()
        while (index := _taken(following)) < len(texts):
            begun = time.perf_counter()
            pieces = _Timed(spoken(engine, texts[index]))
            size = sum(map(len, encoded(pieces, engine.sample_rate, format_name)))
            done.append((time.perf_counter() - begun, pieces.first - begun, size))
        pipe.send((done, time.process_time() - cpu))


def _taken(following: Any) -> int:
    with following.get_lock():
        index: int = following.value
        following.value = index + 1
    return index


class _Timed:
    """Pieces, and when the first one came."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self.first = 0.0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Samples:
        piece = next(self._pieces)
        self.first = self.first or time.perf_counter()
        return piece

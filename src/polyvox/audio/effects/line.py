"""Effects in a row, each working on blocks of one size, so that the result does not depend on how
the stream was cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from polyvox.domain.audio import Samples


class Effect(Protocol):
    """Turns a block into one of the same length that comes `delay` samples late."""

    delay: int

    def __call__(self, block: Samples) -> Samples: ...


class Line:
    """What comes out is as long as what goes in, and lies where it lay: what the effects are late
    is cut from the beginning."""

    def __init__(self, effects: Sequence[Effect], step: int) -> None:
        """Blocks are of `step` samples."""
        self._effects, self._step = effects, step
        self.delay = sum(effect.delay for effect in effects) + (step if effects else 0)
        """Samples that are held back at most."""
        self._early = sum(effect.delay for effect in effects)
        """Samples still to come that lie before the beginning."""
        self._owed = 0
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` have been taken in."""
        if not self._effects:
            return samples
        self._owed += len(samples)
        return self._run(np.concatenate([self._rest, samples]))

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        if not self._owed:
            return np.zeros(0, np.float32)
        missing = np.zeros(self._early + self._owed + self._step, np.float32)
        return self._run(np.concatenate([self._rest, missing]))

    def _run(self, samples: Samples) -> Samples:
        whole = len(samples) - len(samples) % self._step
        self._rest = samples[whole:]
        done = [np.zeros(0, np.float32)]
        for start in range(0, whole, self._step):
            block = samples[start : start + self._step]
            for effect in self._effects:
                block = effect(block)
            done.append(block)
        out = np.concatenate(done)
        early = min(self._early, len(out))
        self._early -= early
        out = out[early:][: self._owed]
        self._owed -= len(out)
        return out

"""The chain that cleans and levels a stream, in the order in which its parts help each other."""

from __future__ import annotations

import numpy as np

from polyvox.audio.effects.bands import Fir, HighPass, below, without_offset
from polyvox.audio.effects.deess import DeEss
from polyvox.audio.effects.denoise import Denoise
from polyvox.audio.effects.level import Level
from polyvox.audio.effects.limiter import Limiter
from polyvox.audio.effects.line import Effect, Line
from polyvox.domain.audio import Samples

_HIGHEST = 0.9
"""Part of the band, above which there is nothing to filter."""


class Chain:
    """Takes samples in and gives as many out, in their places, some time later: 10 ms, with
    `denoise` 30 ms more, with `low_pass` and `de_ess` a few more, with `loudness` 0.4 s more."""

    def __init__(
        self,
        rate: int,
        *,
        dc: bool = False,
        high_pass: float = 0,
        denoise: float = 0,
        de_ess: float = 0,
        low_pass: float = 0,
        loudness: float = 0,
        whole: bool = False,
    ) -> None:
        """`rate` and frequencies in hertz, `denoise` from 0 to 1, `loudness` in LUFS; 0 leaves an
        effect out. `whole` listens to everything before it sets the loudness."""
        step, top = rate // 100, rate / 2 * _HIGHEST
        effects: list[Effect] = [without_offset(rate)] if dc else []
        if high_pass:
            effects.append(HighPass(rate, high_pass))
        if denoise:
            effects.append(Denoise(step, denoise))
        if 0 < de_ess < top:
            effects.append(DeEss(rate, de_ess))
        if 0 < low_pass < top:
            effects.append(Fir(below(rate, low_pass)))
        self._clean = Line(effects, step)
        self._level = Level(rate, loudness, whole=whole) if loudness else None
        self._limit = Line([Limiter(step)] if loudness else [], step)

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` (float32, any length) have been taken in."""
        clean = self._clean.push(samples)
        return self._limit.push(self._level.push(clean)) if self._level else clean

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        clean = self._clean.finish()
        if self._level is None:
            return clean
        rest = [self._level.push(clean), self._level.finish()]
        return np.concatenate([*map(self._limit.push, rest), self._limit.finish()])

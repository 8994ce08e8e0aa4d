"""Brings speech to a loudness, while it comes or once it is whole."""

from __future__ import annotations

import numpy as np

from polyvox.audio.effects.limiter import limited
from polyvox.audio.loudness import loudness
from polyvox.domain.audio import Samples

WAIT = 0.4
"""Seconds that are listened to before they are given out, with a gain that moves in a straight
line: one gating block."""
_FALL = 0.02
"""Seconds in which it falls, so that after a quiet beginning nothing is too loud for long."""
LONGEST = 600.0
"""Seconds of a whole recording that are listened to at once; what follows is a stream."""
_MEMORY = 10.0
"""Seconds of a stream that count in that."""
_MOST = 30.0
"""Decibels that sound is raised at most; silence with a little noise in it should stay so."""
_TRIES, _NEAR = 6, 0.05
"""How often a whole recording's gain is tried, and how near it comes, in LU."""

_UNTOUCHED = 0.6
"""Peaks of samples below which the limiter finds nothing to do, between samples neither."""


class Level:
    """Multiplies sound by what its loudness so far lacks to the target.

    A whole recording gets one gain, with which it meets the target after limiting. A stream's gain
    is a guess at first, from 0.4 s; it comes closer as more is heard, and follows the last 10 s."""

    def __init__(self, rate: int, target: float, *, whole: bool) -> None:
        """`rate` in hertz, `target` in LUFS."""
        self._rate, self._target, self._whole = rate, target, whole
        self._ready = round((LONGEST if whole else WAIT) * rate)
        """How many samples must come before they are given out."""
        self._every, self._memory = round(WAIT * rate), round(_MEMORY * rate)
        self._heard, self._held = np.zeros(0, np.float32), np.zeros(0, np.float32)
        """What counts of the past, and what has come since."""
        self._gain: float | None = None

    def push(self, samples: Samples) -> Samples:
        """What is ready once `samples` have been taken in."""
        self._held = np.concatenate([self._held, samples])
        done = [np.zeros(0, np.float32)]
        while len(self._held) >= self._ready:
            done.append(self._levelled(self._held[: self._ready]))
            self._held = self._held[self._ready :]
            self._ready, self._whole = self._every, False
        return np.concatenate(done)

    def finish(self) -> Samples:
        """What was held back; nothing can be pushed after it."""
        return self._levelled(self._held) if len(self._held) else self._held

    def _levelled(self, samples: Samples) -> Samples:
        heard = np.concatenate([self._heard, samples])
        self._heard = heard[-self._memory :]
        before, self._gain = self._gain, self._found(heard)
        if self._gain is None:
            return samples
        start = self._gain if before is None else before
        falling = round(_FALL * self._rate) if self._gain < start else len(samples)
        places, ends = np.arange(len(samples)), (0, min(falling, len(samples)))
        return samples * np.interp(places, ends, (start, self._gain)).astype(np.float32)

    def _found(self, heard: Samples) -> float | None:
        """What to multiply by; what it was while nothing is heard."""
        found = loudness(heard, self._rate)
        if found is None:
            return self._gain
        gain = min(self._target - found, _MOST)
        return float(10 ** ((self._limited(heard, gain) if self._whole else gain) / 20))

    def _limited(self, samples: Samples, gain: float) -> float:
        """`gain` in decibels and what the limiter will take away again."""
        for _ in range(_TRIES):
            if np.abs(samples).max() * 10 ** (gain / 20) < _UNTOUCHED:
                break
            made = limited(samples * np.float32(10 ** (gain / 20)), self._rate)
            missing = self._target - (loudness(made, self._rate) or self._target)
            if abs(missing) < _NEAR:
                break
            gain = min(gain + missing, _MOST)
        return gain

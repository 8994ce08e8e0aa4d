"""Channels of any number and rate, turned into one at one rate while they come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyvox.audio.resample import Resampler
from polyvox.domain.audio import Samples

_BLOCK = 0.5
"""Seconds that are mixed and resampled in one go."""
_CANCELLED = 0.5
"""Of the power that channels with nothing in common would have as an average. Two alike channels
reach it when their correlation is -0.5."""


class Mixer:
    """Averages channels, or picks one, and resamples; what has been mixed is all it keeps."""

    def __init__(self, rate: int, channel: int | None = None) -> None:
        """`rate` in hertz, of what comes out; `channel` counts from 0, None averages all."""
        self._rate, self._channel = rate, channel
        self._source_rate = 0
        self._resampler = Resampler(rate, rate)
        self._waiting: list[npt.NDArray[np.float32]] = []
        self._waiting_samples = 0
        self._mixed: list[Samples] = []
        self._powers = np.zeros(1)
        """Sum of squares, by channel."""
        self._mixed_power = 0.0
        self.seconds = 0.0
        """Taken in so far."""

    def push(self, planes: npt.NDArray[np.float32], source_rate: int) -> None:
        """Take in channels by samples; both numbers may change on the way."""
        if self._waiting and self._waiting[0].shape[0] != planes.shape[0]:
            self._mix()
        if source_rate != self._source_rate:
            self._turn_to(source_rate)
        self._waiting.append(planes)
        self._waiting_samples += planes.shape[1]
        self.seconds += planes.shape[1] / source_rate
        if self._waiting_samples >= _BLOCK * source_rate:
            self._mix()

    def finish(self) -> Samples:
        """All of it, within ±1; nothing can be pushed after it. What goes beyond, as floats and
        peaks between samples do, makes the whole softer: cutting it off would distort."""
        self._turn_to(self._source_rate)
        mixed = np.concatenate([np.zeros(0, np.float32), *self._mixed])
        peak = max(mixed.max(initial=0), -mixed.min(initial=0))
        if peak > 1:
            mixed *= np.float32(1 / peak)
            np.clip(mixed, -1, 1, out=mixed)
        return mixed

    @property
    def cancelled(self) -> bool:
        """Whether channels have put each other out, as those of opposite polarity do."""
        apart = self._powers.sum() / len(self._powers) ** 2
        return bool(len(self._powers) > 1 and self._mixed_power < _CANCELLED * apart)

    @property
    def loudest(self) -> int:
        """The channel of most power."""
        return int(self._powers.argmax())

    def _turn_to(self, source_rate: int) -> None:
        """Close what came at the rate before."""
        self._mix()
        self._mixed.append(self._resampler.finish())
        self._source_rate = source_rate
        self._resampler = Resampler(source_rate, self._rate)

    def _mix(self) -> None:
        if not self._waiting:
            return
        planes = np.concatenate(self._waiting, axis=1)
        self._waiting, self._waiting_samples = [], 0
        count = planes.shape[0]
        chosen = None if self._channel is None else min(self._channel, count - 1)
        mono = planes.mean(axis=0) if chosen is None else planes[chosen]
        self._weigh(planes, mono)
        self._mixed.append(self._resampler.push(np.ascontiguousarray(mono)))

    def _weigh(self, planes: npt.NDArray[np.float32], mono: Samples) -> None:
        if planes.shape[0] > len(self._powers):
            self._powers = np.pad(self._powers, (0, planes.shape[0] - len(self._powers)))
        self._powers[: planes.shape[0]] += np.einsum("cs,cs->c", planes, planes)
        self._mixed_power += float(mono @ mono)

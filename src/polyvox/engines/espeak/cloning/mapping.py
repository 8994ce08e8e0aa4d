"""How the spectrum of the engine's own voice becomes another's: gains for each frame and band.

Voiced frames are moved from the engine's mean to the speaker's and turned from its covariance to
theirs, and can lean on the nearest frames of the reference; unvoiced frames get one filter. All
is fixed when a voice is made, so that a stream can be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from polyvox.engines.espeak.cloning.spectrum import Numbers, cosines, smooth

LEANINGS = (0.0, 0.5, 1.0)
"""Shares of the reference's own frames for which a mapping holds residuals."""
REACH = 4
"""Frames before and after one that its gains depend on."""
_SHIFT = (-24.0, 18.0)
_GAIN = (-30.0, 20.0)
_TURN, _LEAN = (-12.0, 12.0), (-25.0, 20.0)
"""Decibels: least and most that each may do."""
_NEIGHBOURS, _CEPSTRA = 3, 13


@dataclass(frozen=True)
class Mapping:
    """From the engine's voice to a speaker's. All in decibels."""

    centre: Numbers
    """(BANDS,): mean of the engine's voiced frames."""
    deviation: Numbers
    """(BANDS,): standard deviation of them."""
    target: Numbers
    """(BANDS,): mean of the speaker's."""
    target_deviation: Numbers
    """(BANDS,): standard deviation of the speaker's."""
    turn: Numbers
    """(BANDS, BANDS): what a deviation from the centre adds to the gain of a voiced frame."""
    unvoiced: Numbers
    """(BANDS,): gain of unvoiced frames."""
    residual: Numbers
    """(len(LEANINGS), BANDS): gain that is still missing in the long-term spectrum."""
    frames: Numbers
    """(frames, BANDS): voiced frames of the reference, as deviations from their mean, over 1."""
    quiet: float
    """Amplitude under which a frame counts as unvoiced."""


class Gains:
    """A mapping made ready to be used."""

    def __init__(self, mapping: Mapping, closeness: float) -> None:
        """`closeness` is the share of the reference's own frames, 0 to 1."""
        self._mapping = mapping
        self._closeness = closeness if len(mapping.frames) > _NEIGHBOURS else 0.0
        self._shift = smooth(np.clip(mapping.target - mapping.centre, *_SHIFT), 3, axis=0)
        self._unvoiced = smooth(np.clip(mapping.unvoiced, *_SHIFT), 3, axis=0)
        rows = np.array(LEANINGS)
        self._residual = np.array(
            [np.interp(self._closeness, rows, column) for column in mapping.residual.T]
        )
        self._cosines = cosines(_CEPSTRA)
        self._frames = mapping.frames.astype(np.float32)
        self._cepstra = self._frames @ self._cosines
        self._lengths = (self._cepstra**2).sum(1)

    def of(self, bands: Numbers, voiced: Numbers) -> Numbers:
        """(frames, BANDS): gains for frames in decibels, of which `voiced` (0 or 1) are voiced."""
        voicing = smooth(voiced, 5, axis=0)[:, None]
        away = bands - self._mapping.centre
        turned = np.clip(away @ self._mapping.turn, *_TURN)
        gains = voicing * (self._shift + turned) + (1 - voicing) * self._unvoiced
        if self._closeness:
            leaning = np.where(voiced[:, None] > 0, self._nearest(away) - bands, gains)
            leaning = np.clip(smooth(leaning, 3, axis=0), *_LEAN)
            gains = gains + self._closeness * voicing * (leaning - gains)
        return np.asarray(np.clip(gains + self._residual, *_GAIN))

    def _nearest(self, away: Numbers) -> Numbers:
        """(frames, BANDS): what the speaker's own frames like these sound like, in decibels."""
        normal = away / self._mapping.deviation
        cepstra = normal @ self._cosines
        distances = self._lengths - 2 * cepstra @ self._cepstra.T
        nearest = np.argpartition(distances, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        shape = self._frames[nearest].mean(1)
        strength = normal.mean(1, keepdims=True) - shape.mean(1, keepdims=True)
        levels: Numbers = (shape + strength) * self._mapping.target_deviation
        return levels + self._mapping.target


def mixed(mappings: Sequence[Optional[Mapping]], weights: Sequence[float]) -> Optional[Mapping]:
    """A mapping between others; None stands for a voice that keeps the engine's spectrum."""
    present = [
        (each, weight)
        for each, weight in zip(mappings, weights, strict=True)
        if each and weight > 0
    ]
    if not present:
        return None
    total = sum(weight for _, weight in present)

    def average(name: str) -> Numbers:
        parts = [weight * getattr(each, name) for each, weight in present]
        return np.asarray(np.sum(parts, axis=0))

    centre, deviation = average("centre") / total, average("deviation") / total
    return Mapping(
        centre=centre,
        deviation=deviation,
        target=average("target") + (1 - total) * centre,
        target_deviation=average("target_deviation") + (1 - total) * deviation,
        turn=average("turn"),
        unvoiced=average("unvoiced"),
        residual=average("residual"),
        frames=np.concatenate([_some(each.frames, weight / total) for each, weight in present]),
        quiet=float(average("quiet") / total),
    )


def _some(frames: Numbers, share: float) -> Numbers:
    """Every so many of `frames`, evenly."""
    chosen = np.linspace(0, len(frames) - 1, round(share * len(frames))).astype(int)
    return np.asarray(frames[chosen])

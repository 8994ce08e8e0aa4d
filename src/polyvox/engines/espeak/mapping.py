"""How the spectrum of the engine's own voice becomes another's: gains for each frame and band.

Voiced frames are moved and stretched from the engine's mean and deviation to the speaker's, and
can lean on the nearest frames of the reference; unvoiced frames get one filter. Statistics are
fixed when a voice is made, so a stream can be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
import os as _os

from polyvox.engines.espeak.spectrum import Numbers, cosines, smooth

LEANINGS = (0.0, 0.5, 1.0)
"""Shares of the reference's own frames for which a mapping holds residuals."""
REACH = 4
"""Frames before and after one that its gains depend on."""
_SHIFT = (-24.0, 18.0)
_GAIN = (-30.0, 20.0)
_STRETCH = 9.0
"""Decibels at most."""
_RATIO = (0.6, 1.5)
_NEIGHBOURS, _CEPSTRA = 8, 13


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
    unvoiced: Numbers
    """(BANDS,): gain of unvoiced frames."""
    residual: Numbers
    """(len(LEANINGS), BANDS): gain that is still missing in the long-term spectrum."""
    frames: Numbers
    """(frames, BANDS): voiced frames of the reference, as deviations from their mean, over 1."""
    turn: Numbers
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
        self._stretch = np.clip(mapping.target_deviation / mapping.deviation, *_RATIO) - 1
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
        if _os.environ.get("TURN"):
            stretched = np.clip(away @ self._mapping.turn, -12, 12)
        else:
            stretched = smooth(np.clip(self._stretch * away, -_STRETCH, _STRETCH), 3, axis=1)
        gains = voicing * (self._shift + stretched) + (1 - voicing) * self._unvoiced
        if self._closeness:
            leaning = np.where(voiced[:, None] > 0, self._nearest(away) - bands, gains)
            leaning = np.clip(smooth(leaning, int(_os.environ.get('SM1', 5)), axis=0), -25, 20)
            gains = gains + self._closeness * voicing * (leaning - gains)
        return smooth(np.clip(gains + self._residual * (voicing if _os.environ.get('RES')=='log' else 1), *_GAIN), int(_os.environ.get('SM2', 3)), axis=0)

    def _nearest(self, away: Numbers) -> Numbers:
        """(frames, BANDS): what the speaker's own frames like these sound like, in decibels."""
        normal = away / self._mapping.deviation
        cepstra = normal @ self._cosines
        distances = self._lengths - 2 * cepstra @ self._cepstra.T
        _k = int(_os.environ.get('KNN', 8)); nearest = np.argpartition(distances, _k, axis=1)[:, :_k]
        shape = self._frames[nearest].mean(1)
        strength = normal.mean(1, keepdims=True) - shape.mean(1, keepdims=True)
        return (shape + strength) * self._mapping.target_deviation + self._mapping.target


def mixed(mappings: Sequence[Optional[Mapping]], weights: Sequence[float]) -> Optional[Mapping]:
    """A mapping between others; None stands for a voice that keeps the engine's spectrum."""
    present = [(each, weight) for each, weight in zip(mappings, weights) if each and weight > 0]
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
        unvoiced=average("unvoiced"),
        residual=average("residual"),
        frames=np.concatenate([_some(each.frames, weight / total) for each, weight in present]),
        turn=0,quiet=float(average("quiet") / total),
    )


def _some(frames: Numbers, share: float) -> Numbers:
    """Every so many of `frames`, evenly."""
    return frames[np.linspace(0, len(frames) - 1, round(share * len(frames))).astype(int)]

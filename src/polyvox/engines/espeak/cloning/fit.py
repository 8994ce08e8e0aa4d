"""The engine's own settings that come closest to a measured voice: pitch, melody, tract, pace.

Each round lets the engine speak, measures that as the reference was measured, and corrects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Optional

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.engines.espeak.cloning.profile import Profile, measure, melody_of
from polyvox.engines.espeak.cloning.sentences import sentences
from polyvox.engines.espeak.cloning.spectrum import RATE
from polyvox.engines.espeak.presets import Timbre

Say = Callable[[str, str, Timbre], Samples]
"""Speaks a text, in a language, with a timbre."""

_START = Timbre(100, 36, 1.0)
_TRACT, _TRACT_EFFECT = (0.85, 1.28), 0.87
"""Range, and how much of a change of all formants is measured again."""
_PACE = (63, 149)
"""Per cent."""
_LIVELINESS = (0.5, 5.0)
"""Semitones."""
_SPREAD_PER_SEMITONE = 1 / 4.6
"""Share of the pitch between its ends for each semitone of liveliness, at first."""
_PACE_ROUNDS = 2
_ROUNDS, _CLOSE = 5, 0.2
"""Semitones that are close enough."""


def fit(profile: Profile, language: Optional[str], transcript: Optional[str], say: Say) -> Timbre:
    """A timbre that speaks as `profile` was measured.

    The pace is told by the number of syllables, or better by the `transcript`.
    """
    spoken, text = sentences(language)
    start = measure(say(text, spoken, _START))
    timbre = replace(_START, tract=_tract(profile, start))
    for _ in range(_PACE_ROUNDS):
        said = say(transcript, language, timbre) if transcript and language else None
        if said is not None and len(said) > RATE:
            ratio = measure(said).seconds / profile.seconds
        else:
            ratio = profile.pace / measure(say(text, spoken, timbre)).pace
        timbre = replace(timbre, pace=round(float(np.clip(timbre.pace * ratio, *_PACE))))
    return _melody(profile, timbre, lambda tried: say(text, spoken, tried))


def _tract(profile: Profile, start: Profile) -> float:
    ratios = profile.formants[1:] / start.formants[1:]
    if not np.isfinite(ratios).all():
        return 1.0
    change = float(np.exp(np.log(ratios).mean())) - 1
    return float(np.clip(1 + change / _TRACT_EFFECT, *_TRACT))


def _melody(profile: Profile, timbre: Timbre, say: Callable[[Timbre], Samples]) -> Timbre:
    """Secant rounds: where the median lies between the low and high pitch, and how wide."""
    wanted = float(np.clip(profile.liveliness, *_LIVELINESS))
    spread = profile.pitch * wanted * _SPREAD_PER_SEMITONE
    share = 0.55
    for _ in range(_ROUNDS):
        spread = float(np.clip(spread, 4, min(1.05, 0.58 / max(share, 0.3)) * profile.pitch))
        low, width = profile.pitch - share * spread, 2 * round(spread / 2)
        timbre = replace(timbre, pitch=round(low) + width // 2, spread=width)
        pitch, liveliness = melody_of(say(timbre))
        apart = abs(12 * np.log2(pitch / profile.pitch))
        if apart < _CLOSE and abs(liveliness - wanted) < _CLOSE:
            break
        share = float(np.clip((pitch - round(low)) / width, -0.5, 0.9))
        spread *= float(np.clip(wanted / max(liveliness, 0.1), 0.5, 2.0))
    return timbre

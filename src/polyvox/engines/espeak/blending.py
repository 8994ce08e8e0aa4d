"""Voices between voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from polyvox.engines.espeak.cloning.mapping import mixed
from polyvox.engines.espeak.presets import Timbre
from polyvox.engines.espeak.state import Sound

_BY_RATIO = ("pitch", "spread", "tract", "pace")
"""Heard by ratio: halfway between 100 and 400 Hz is 200 Hz. The rest is heard by difference."""


def blended(sounds: Sequence[Sound], weights: Sequence[float]) -> Sound:
    """The sound between `sounds`; `weights` sum to 1. The heaviest one's accent wins."""
    numbers: dict[str, Any] = {}
    for field in fields(Timbre):
        values = [getattr(sound.timbre, field.name) for sound in sounds]
        if field.name in _BY_RATIO and min(values) > 0:
            mean = float(np.exp(np.dot(weights, np.log(values))))
        else:
            mean = float(np.dot(weights, values))
        numbers[field.name] = round(mean) if field.type in ("int", int) else mean
    heaviest = sounds[int(np.argmax(weights))]
    mapping = mixed([sound.mapping for sound in sounds], weights)
    return Sound(Timbre(**numbers), heaviest.accent, mapping)

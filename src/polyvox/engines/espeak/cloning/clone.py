"""From a reference to a voice: the engine's settings are fitted, then its spectrum is mapped."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.engines.espeak.cloning.fit import Say, fit
from polyvox.engines.espeak.cloning.mapping import LEANINGS, Mapping
from polyvox.engines.espeak.cloning.profile import Profile, measure, measure_speaker
from polyvox.engines.espeak.cloning.sentences import sentences
from polyvox.engines.espeak.cloning.shape import shaper
from polyvox.engines.espeak.cloning.spectrum import BANDS, RATE, Flags, Numbers, smooth
from polyvox.engines.espeak.cloning.transport import transport
from polyvox.engines.espeak.presets import Timbre
from polyvox.engines.espeak.state import Sound

_LONGEST = 90
"""Seconds of a reference that are listened to."""
_QUIET = 0.03
"""Share of the loudest amplitude under which the engine's frames count as unvoiced."""
_MOST_FRAMES = 2000
"""Voiced frames of the reference that a voice keeps."""
_DEAF = 55.0
"""Decibels under the strongest band where a recording is taken to end."""
_FEWEST_UNVOICED, _UNVOICED_BELOW = 10, 10.0
"""Frames that tell how a speaker hisses; else so many decibels under the voice."""
_ROUNDS, _RESIDUAL = 2, 18.0
"""Decibels at most."""
_USUAL = 0.2
"""Share of the residual that the mean of all voiced frames decides."""


def clone(samples: Samples, language: Optional[str], transcript: Optional[str], say: Say) -> Sound:
    """The voice of whoever speaks in `samples`, which come at `RATE` hertz.

    Raises InvalidInput when nobody does.
    """
    listened = samples[: _LONGEST * RATE]
    profile = measure_speaker(listened)
    timbre = fit(profile, language, transcript if len(listened) == len(samples) else None, say)
    spoken, text = sentences(language)
    own = say(text, spoken, timbre)
    mapping = _statistics(profile, measure(own))
    return Sound(timbre, None, _completed(mapping, profile, own, timbre))


def _statistics(profile: Profile, own: Profile) -> Mapping:
    """The mapping from the engine's `own` voice to the one of `profile`, at the same level."""
    heard = _heard(profile.long_term)
    louder = own.mean.mean() - profile.mean.mean()
    centre, target = own.mean, profile.mean + louder
    if len(profile.unvoiced) > _FEWEST_UNVOICED:
        unvoiced = profile.unvoiced.mean(0) + louder
    else:
        unvoiced = target - _UNVOICED_BELOW
    frames = _extended((profile.voiced - profile.mean) / profile.deviation, heard)
    deviation = np.where(heard, profile.deviation, own.deviation)
    return Mapping(
        centre=centre,
        deviation=own.deviation,
        target=centre + _extended(target - centre, heard),
        target_deviation=deviation,
        turn=transport(own.voiced, frames * deviation),
        unvoiced=_extended(unvoiced - own.unvoiced.mean(0), heard),
        residual=np.zeros((len(LEANINGS), BANDS)),
        frames=_evenly(frames).astype(np.float16),
        quiet=_QUIET * own.loudest,
    )


def _completed(mapping: Mapping, profile: Profile, own: Samples, timbre: Timbre) -> Mapping:
    """With the residuals that bring the spectrum, and the level, where they belong."""
    heard = _heard(profile.long_term)
    for _ in range(_ROUNDS):
        rows = []
        for row, closeness in zip(mapping.residual, LEANINGS, strict=True):
            sound = np.concatenate(list(shaper(mapping, timbre, closeness).stream(iter([own]))))
            missing = _extended(_missing(profile, measure(sound)), heard)
            louder = _level(own) - _level(sound)
            rows.append(np.clip(row + missing + louder, -_RESIDUAL, _RESIDUAL))
        mapping = replace(mapping, residual=np.array(rows))
    return mapping


def _missing(profile: Profile, reached: Profile) -> Numbers:
    """(BANDS,): decibels without a level, most of them from the long-term average spectrum.

    That is ruled by the loudest vowels; the mean of the voiced frames speaks for the others.
    """
    loud = _relative(profile.long_term) - _relative(reached.long_term)
    usual = _relative(profile.mean) - _relative(reached.mean)
    return smooth((1 - _USUAL) * loud + _USUAL * usual, 3, axis=0)


def _heard(long_term: Numbers) -> Flags:
    """(BANDS,): whether the recording reaches up to a band."""
    strong = np.flatnonzero(long_term > long_term.max() - _DEAF)
    heard: Flags = np.arange(BANDS) <= strong[-1]
    return heard


def _extended(values: Numbers, heard: Flags) -> Numbers:
    """`values` by band, with the last one that was heard above it."""
    return np.where(heard, values, values[..., heard][..., -1:])


def _evenly(frames: Numbers) -> Numbers:
    """At most so many of `frames` as a voice keeps."""
    count = min(len(frames), _MOST_FRAMES)
    return np.asarray(frames[np.linspace(0, len(frames) - 1, count).astype(int)])


def _relative(levels: Numbers) -> Numbers:
    relative: Numbers = levels - levels.mean()
    return relative


def _level(samples: Samples) -> float:
    """Decibels."""
    return float(10 * np.log10((samples.astype(np.float64) ** 2).mean() + 1e-12))

"""From a reference to a voice: the engine's settings are fitted, then its spectrum is mapped."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.engines.espeak.fit import Say, fit
from polyvox.engines.espeak.mapping import LEANINGS, Mapping
from polyvox.engines.espeak.presets import Timbre
from polyvox.engines.espeak.profile import Profile, measure, measure_speaker
from polyvox.engines.espeak.sentences import sentences
from polyvox.engines.espeak.shape import shaper
from polyvox.engines.espeak.spectrum import RATE, Flags, Numbers, smooth
from polyvox.engines.espeak.state import Sound

_LONGEST = 90
"""Seconds of a reference that are listened to."""
_QUIET = 0.03
_MOST_FRAMES = 2000
_DEAF = 55.0
"""Decibels under the strongest band where a recording is taken to end."""
_FEWEST_UNVOICED, _UNVOICED_BELOW = 10, 10.0
_ROUNDS, _RESIDUAL = 2, 18.0
"""Decibels at most."""


def clone(samples: Samples, language: Optional[str], transcript: Optional[str], say: Say) -> Sound:
    """The voice of whoever speaks in `samples`, which come at `RATE` hertz.

    Raises InvalidInput when nobody does.
    """
    profile = measure_speaker(samples[: _LONGEST * RATE])
    timbre = fit(profile, language, transcript, say)
    spoken, text = sentences(language)
    own = say(text, spoken, timbre)
    mapping = _statistics(profile, measure(own))
    return Sound(timbre, None, _completed(mapping, profile, own, timbre))


def _statistics(profile: Profile, own: Profile) -> Mapping:
    """The mapping from the engine's `own` voice to the one of `profile`, at the same level."""
    louder = own.mean.mean() - profile.mean.mean()
    heard = _heard(profile.long_term)
    centre, deviation = own.mean, own.deviation
    target = profile.mean + louder
    if len(profile.unvoiced) > _FEWEST_UNVOICED:
        target_unvoiced = profile.unvoiced.mean(0) + louder
    else:
        target_unvoiced = target - _UNVOICED_BELOW
    unvoiced = target_unvoiced - own.unvoiced.mean(0)
    normal = (profile.voiced - profile.mean) / profile.deviation
    return Mapping(
        centre=centre,
        deviation=deviation,
        target=centre + _extended(target - centre, heard),
        target_deviation=np.where(heard, profile.deviation, deviation),
        unvoiced=_extended(unvoiced, heard),
        residual=np.zeros((len(LEANINGS), len(centre))),
        frames=np.where(heard, _evenly(normal), 0).astype(np.float16),
        turn=_turn(own.voiced, np.where(heard, profile.voiced, profile.voiced)),
        quiet=_QUIET * own.loudest,
    )


def _completed(mapping: Mapping, profile: Profile, own: Samples, timbre: Timbre) -> Mapping:
    """With the residuals that bring the long-term spectrum, and the level, where they belong."""
    heard = _heard(profile.long_term)
    wanted = profile.long_term
    for _ in range(_ROUNDS):
        rows = []
        for row, closeness in zip(mapping.residual, LEANINGS):
            sound = np.concatenate(list(shaper(mapping, timbre, closeness).stream(iter([own]))))
            if os.environ.get("RES") == "log":
                missing = _relative(profile.mean) - _relative(measure(sound).mean)
            elif os.environ.get("RES") == "half":
                q = measure(sound)
                _h = float(os.environ.get("HALF", 0.5)); missing = _h * (_relative(profile.mean) - _relative(q.mean)) + (1 - _h) * (_relative(wanted) - _relative(q.long_term))
            else:
                missing = _relative(wanted) - _relative(measure(sound).long_term)
            coloured = row + _extended(smooth(missing, 3, axis=0), heard)
            rows.append(np.clip(coloured + _level(own) - _level(sound), -_RESIDUAL, _RESIDUAL))
        mapping = replace(mapping, residual=np.array(rows))
    return mapping


def _heard(long_term: Numbers) -> Flags:
    """(BANDS,): whether the recording reaches up to a band."""
    strong = np.flatnonzero(long_term > long_term.max() - _DEAF)
    return np.arange(len(long_term)) <= strong[-1]


def _extended(gains: Numbers, heard: Flags) -> Numbers:
    """`gains` with the last one that can be trusted above it."""
    return np.where(heard, gains, gains[heard][-1])


def _evenly(frames: Numbers) -> Numbers:
    """At most so many of `frames` as a voice keeps."""
    count = min(len(frames), _MOST_FRAMES)
    return frames[np.linspace(0, len(frames) - 1, count).astype(int)]


def _relative(levels: Numbers) -> Numbers:
    return levels - levels.mean()


def _level(samples: Numbers) -> float:
    """Decibels."""
    return float(10 * np.log10((samples.astype(np.float64) ** 2).mean() + 1e-12))


import os
from polyvox.engines.espeak.spectrum import cosines


def _turn(own, other):
    n = int(os.environ.get("TURN", "16"))
    basis = np.concatenate([np.full((40, 1), 1 / np.sqrt(40)), cosines(n)], 1)
    a, b = np.cov((own @ basis).T), np.cov((other @ basis).T)
    a, b = (m + 0.02 * np.trace(m) / len(m) * np.eye(len(m)) for m in (a, b))

    def root(m, p):
        w, v = np.linalg.eigh(m)
        return (v * np.maximum(w, 1e-9) ** p) @ v.T

    s, si = root(a, 0.5), root(a, -0.5)
    A = si @ root(s @ b @ s, 0.5) @ si
    return (basis @ (A - np.eye(len(A))) @ basis.T).astype(np.float32)

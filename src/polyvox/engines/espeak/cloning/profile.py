"""What a recording of somebody speaking measures to: pitch, melody, formants, colour and pace.

Recordings come at `RATE` hertz. Refuses what holds no speech, as far as that can be told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyvox.domain.errors import InvalidInput
from polyvox.engines.espeak.cloning.denoise import without_noise
from polyvox.engines.espeak.cloning.formants import formants
from polyvox.engines.espeak.cloning.pitch import semitones, track
from polyvox.engines.espeak.cloning.spectrum import (
    HOP,
    RATE,
    Flags,
    Numbers,
    decibels,
    filterbank,
    long_term,
    power,
    smooth,
    spectra,
)

_ACTIVE = 0.03
"""Share of the loudest frames' amplitude above which a frame is speech and not a pause."""
_TOO_LITTLE = "The reference holds too little voiced speech to make a voice of."
_LEAST_VOICED = 1.0
"""Seconds of voiced speech that make a voice."""
_RESTLESS = 1.5
"""Semitones: what seems to have a pitch and leaps more than so is noise."""
_STILL = 1.25
"""Decibels from frame to frame under which a spectrum does not move as speech does."""
_NARROW, _WITHIN = 7, 25.0
"""Bands within so many decibels of the strongest; a voice fills more of them than a whistle."""
_NUCLEUS, _AUDIBLE, _PAUSE = 2.0, 25.0, 35.0
"""Decibels: the dip between two syllables, and below the loudest what is none and a pause."""


@dataclass(frozen=True)
class Profile:
    """Measures of one voice."""

    pitch: float
    """Hertz, the median."""
    liveliness: float
    """Semitones, the standard deviation of the melody."""
    unrest: float
    """Semitones by which one in ten steps from frame to frame moves, or more."""
    formants: Numbers
    """(4,): hertz; not numbers where they cannot be told."""
    pace: float
    """Syllables in a second of speech, pauses left out."""
    seconds: float
    """Of speech, pauses left out."""
    voiced: Numbers
    """(frames, BANDS): decibels."""
    unvoiced: Numbers
    """(frames, BANDS): decibels; may be empty."""
    loudest: float
    """Amplitude of the loudest frames."""

    @property
    def mean(self) -> Numbers:
        """(BANDS,): decibels of the voiced frames."""
        return np.asarray(self.voiced.mean(0))

    @property
    def deviation(self) -> Numbers:
        """(BANDS,): decibels, of the voiced frames."""
        return np.asarray(self.voiced.std(0))

    @property
    def long_term(self) -> Numbers:
        """(BANDS,): decibels, the spectrum of everything that is spoken."""
        return long_term(np.concatenate([self.voiced, self.unvoiced]))


def measure(samples: Numbers) -> Profile:
    """The profile of clean speech at `RATE` hertz."""
    pitches, amplitudes = track(samples)
    bands = decibels(power(spectra(samples)) @ filterbank())
    frames = min(len(bands), len(pitches))
    pitches, amplitudes, bands = pitches[:frames], amplitudes[:frames], bands[:frames]
    loudest = float(np.percentile(amplitudes, 99))
    active = amplitudes > _ACTIVE * loudest
    heard = pitches > 0
    melody = semitones(pitches[heard]) if heard.any() else np.zeros(1)
    nuclei, seconds = _syllables(amplitudes, heard)
    return Profile(
        pitch=float(2 ** (np.median(melody) / 12)),
        liveliness=_spread(melody),
        unrest=_unrest(pitches),
        formants=formants(samples, heard),
        pace=nuclei / max(seconds, 0.1),
        seconds=seconds,
        voiced=bands[heard & active],
        unvoiced=bands[~heard & active],
        loudest=loudest,
    )


def measure_speaker(samples: Numbers) -> Profile:
    """The profile of whoever speaks in a reference; raises InvalidInput when nobody does."""
    if len(samples) < _LEAST_VOICED * RATE:
        raise InvalidInput(_TOO_LITTLE)
    profile = measure(without_noise(samples))
    seconds = len(profile.voiced) * HOP / RATE
    if seconds < _LEAST_VOICED or profile.unrest > _RESTLESS:
        raise InvalidInput(_TOO_LITTLE)
    if _movement(profile.voiced) < _STILL or _width(profile.mean) < _NARROW:
        raise InvalidInput("The reference sounds like a tone or music, not like somebody speaking.")
    return profile


def melody_of(samples: Numbers) -> tuple[float, float]:
    """Pitch (hertz) and liveliness (semitones), as in a profile."""
    pitches, _ = track(samples)
    melody = semitones(pitches[pitches > 0])
    return float(2 ** (np.median(melody) / 12)), _spread(melody)


def _spread(melody: Numbers) -> float:
    """Semitones: between the standard deviation and one that leaves out the extremes."""
    low, high = np.percentile(melody, [16, 84])
    return float(0.5 * (melody.std() + (high - low) / 2))


def _unrest(pitches: Numbers) -> float:
    """Semitones; 0 where no two voiced frames follow each other."""
    follows = (pitches[1:] > 0) & (pitches[:-1] > 0)
    steps = np.abs(np.diff(semitones(np.maximum(pitches, 1))))[follows]
    return float(np.percentile(steps, 90)) if len(steps) else 0.0


def _movement(voiced: Numbers) -> float:
    """Decibels by which the shape of the spectrum usually changes between two frames."""
    shape = voiced - voiced.mean(1, keepdims=True)
    strong = shape > shape.max(1, keepdims=True) - _WITHIN
    change = np.where(strong[1:] & strong[:-1], np.abs(np.diff(shape, axis=0)), 0).sum(1)
    return float(np.median(change / np.maximum((strong[1:] & strong[:-1]).sum(1), 1)))


def _width(mean: Numbers) -> int:
    return int((mean > mean.max() - _WITHIN).sum())


def _syllables(amplitudes: Numbers, heard: Flags) -> tuple[int, float]:
    """Number of syllables and seconds of speech (de Jong & Wempe 2009: peaks between dips)."""
    levels = smooth(20 * np.log10(amplitudes + 1e-9), 5, axis=0)
    loudest = np.percentile(levels, 99)
    inner = levels[1:-1]
    peaks = (inner > levels[:-2]) & (inner >= levels[2:]) & (inner > loudest - _AUDIBLE)
    nuclei: list[int] = []
    for index in np.flatnonzero(peaks & heard[1:-1]) + 1:
        if nuclei:
            dip = levels[nuclei[-1] : index].min()
            if min(levels[index], levels[nuclei[-1]]) - dip < _NUCLEUS:
                if levels[index] > levels[nuclei[-1]]:
                    nuclei[-1] = int(index)
                continue
        nuclei.append(int(index))
    return len(nuclei), float((levels > loudest - _PAUSE).sum() * HOP / RATE)

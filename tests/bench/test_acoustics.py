from __future__ import annotations

import numpy as np
import pytest

from bench.likeness.acoustics import (
    RATE,
    Numbers,
    bands,
    cepstra,
    formants,
    long_term,
    pitch,
    pitches,
)
from polyvox.domain.audio import Samples

VOWEL = (600.0, 1400.0, 2500.0, 3500.0)
"""Hertz."""


def vowel(hertz: float, resonances: tuple[float, ...] = VOWEL, seconds: float = 1.0) -> Samples:
    """All harmonics of a pitch, 6 dB weaker an octave, through resonances 80 Hz wide."""
    harmonics = np.arange(hertz, RATE / 2, hertz)
    delay = np.exp(-2j * np.pi * harmonics / RATE)
    response = hertz / harmonics.astype(complex)
    for resonance in resonances:
        pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * resonance / RATE)
        response /= (1 - pole * delay) * (1 - np.conj(pole) * delay)
    times = np.arange(int(seconds * RATE)) / RATE
    sound: Numbers = (response @ np.exp(2j * np.pi * np.outer(harmonics, times))).real
    return np.asarray(0.5 * sound / np.abs(sound).max(), np.float32)


@pytest.mark.parametrize("hertz", [75.0, 120.0, 210.0, 330.0])
def test_the_pitch_of_a_vowel_is_that_of_its_pulses(hertz: float) -> None:
    assert pitch(vowel(hertz)) == pytest.approx(hertz, rel=0.01)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    assert (pitches(noise) > 0).mean() < 0.05


def test_silence_has_neither_pitch_nor_formants() -> None:
    silence = np.zeros(RATE, np.float32)
    assert np.isnan(pitch(silence))
    assert np.isnan(formants(silence)).all()


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.15])
def test_formants_are_where_the_resonances_are(scale: float) -> None:
    resonances = tuple(scale * each for each in VOWEL)
    assert formants(vowel(75, resonances)) == pytest.approx(resonances, rel=0.05)


def test_loudness_changes_neither_cepstra_nor_the_long_term_spectrum() -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, RATE)
    loud = (vowel(110) + noise).astype(np.float32)
    quiet = (0.2 * loud).astype(np.float32)
    assert np.abs(cepstra(quiet) - cepstra(loud)).mean() < 0.05
    assert np.abs(long_term(quiet) - long_term(loud)).max() < 0.05


def test_another_vowel_has_another_long_term_spectrum() -> None:
    other = vowel(110, (300.0, 2200.0, 2900.0, 3600.0))
    assert np.sqrt(((long_term(other) - long_term(vowel(110))) ** 2).mean()) > 5


def test_pauses_are_not_counted_as_speech() -> None:
    pause = np.zeros(RATE, np.float32)
    assert len(bands(np.concatenate([vowel(110), pause]))) == pytest.approx(100, abs=5)

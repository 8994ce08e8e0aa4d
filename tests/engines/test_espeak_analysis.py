"""What the embedded engine measures, on sounds of which the truth is known."""

import numpy as np
import numpy.typing as npt
import pytest

from polyvox.engines.espeak.cloning.formants import formants
from polyvox.engines.espeak.cloning.pitch import halved, strengths, track
from polyvox.engines.espeak.cloning.profile import measure
from polyvox.engines.espeak.cloning.spectrum import (
    BANDS,
    HOP,
    RATE,
    cosines,
    filterbank,
    interpolation,
    resynthesized,
    spectra,
)
from polyvox.engines.espeak.cloning.transport import transport

Values = npt.NDArray[np.float64]

RESONANCES = (650.0, 1180.0, 2500.0, 3400.0)


def buzz(hertz: Values) -> Values:
    """Pulses at a pitch that is told for every sample."""
    phase = np.cumsum(hertz) / RATE
    return np.diff(np.floor(phase), prepend=0.0)


def resonated(samples: Values) -> Values:
    """`samples` through four resonances of 80 Hz."""
    radius = np.exp(-np.pi * 80 / RATE)
    for frequency in RESONANCES:
        times = np.arange(600)
        angle = 2 * np.pi * frequency / RATE
        response = radius**times * np.sin((times + 1) * angle) / np.sin(angle)
        samples = np.convolve(samples, response)[: len(samples)]
    return samples / np.abs(samples).max() * 0.5


@pytest.mark.parametrize("pitch", [75.0, 120.0, 210.0, 330.0])
def test_the_pitch_of_a_voice_is_found_as_it_glides(pitch: float) -> None:
    glide = pitch * 2 ** (np.linspace(-3, 3, 3 * RATE) / 12)
    found, _ = track(resonated(buzz(glide)).astype(np.float32))
    truth = glide[::HOP][: len(found)]
    inner = slice(10, -10)
    off = 12 * np.log2(found[: len(truth)][inner] / truth[inner])
    assert (found[inner] > 0).all()
    assert np.abs(off).max() < 0.5


def test_silence_and_noise_have_no_pitch() -> None:
    noise = np.random.default_rng(3).standard_normal(2 * RATE).astype(np.float32)
    for sound in (0 * noise, 0.1 * noise):
        assert (track(sound)[0] == 0).mean() > 0.98
        assert np.median(strengths(sound, 60, 400)[0]) < 0.5


def test_formants_are_where_the_resonances_are() -> None:
    voice = resonated(buzz(np.full(2 * RATE, 110.0))).astype(np.float32)
    voiced = track(voice)[0] > 0
    assert formants(voice, voiced) == pytest.approx(RESONANCES, rel=0.07)


def test_syllables_are_counted() -> None:
    voice = resonated(buzz(np.full(6 * RATE, 120.0)))
    beats = np.clip(np.sin(2 * np.pi * 4 * np.arange(len(voice)) / RATE), 0.02, 1)
    profile = measure((voice * beats).astype(np.float32))
    assert round(profile.pace * profile.seconds) == pytest.approx(24, abs=1)


def test_half_the_rate_keeps_what_is_low_and_drops_what_would_alias() -> None:
    times = np.arange(RATE) / RATE
    for hertz, kept in ((1000, 1.0), (4000, 1.0), (8000, 0.0)):
        tone = halved(np.sin(2 * np.pi * hertz * times).astype(np.float32))
        assert np.abs(tone[100:-100]).max() == pytest.approx(kept, abs=0.03)


def test_frames_add_up_to_the_sound_they_were_cut_from() -> None:
    noise = np.random.default_rng(4).standard_normal(20 * HOP)
    again = resynthesized(spectra(noise))
    inner = slice(3 * HOP, -3 * HOP)
    assert np.allclose(again[inner], noise[: len(again)][inner], atol=1e-6)


def test_a_band_that_is_spread_and_gathered_is_the_same() -> None:
    gathered = interpolation() @ filterbank()
    assert np.allclose(gathered.sum(0), 1, atol=1e-4)
    assert (gathered.argmax(0) == np.arange(BANDS)).all()
    assert np.allclose(cosines(12).T @ cosines(12), np.eye(12), atol=1e-5)


def test_transport_gives_one_cloud_the_covariance_of_another() -> None:
    random = np.random.default_rng(6)
    basis = cosines(18)
    own, other = (
        random.standard_normal((5000, 18))
        @ (4 * np.eye(18) + random.normal(0, 0.4, (18, 18)))
        @ basis.T
        for _ in "ab"
    )
    moved = own + (own - own.mean(0)) @ transport(own, other)
    ours, theirs = (np.cov((each @ basis).T) for each in (moved, other))
    assert np.abs(ours - theirs).max() < 0.1 * np.abs(theirs).max()
    assert np.abs(transport(own, own)).max() < 1e-6

"""Each effect does to a signal what it says, and nothing else to speech.

Processor time of a second of speech at 24 kHz, as measured once: dc 1.5 ms, high_pass 1.4, denoise
3.5, de_ess 2.4, low_pass 0.6, loudness 16 (a whole file: 7), all together 23 ms.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyvox.audio.effects import Chain
from polyvox.audio.loudness import loudness
from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples
from tests.audio.conftest import RATE
from tests.sounds import level_of, pieces, silence, tone, voiced

EVERYTHING = {
    "dc": True,
    "high_pass": 50.0,
    "denoise": 0.85,
    "de_ess": 7000.0,
    "low_pass": 9000.0,
    "loudness": -20.0,
}
EFFECTS = [{name: value} for name, value in EVERYTHING.items()]


def heard(samples: Samples, size: int = 4800, rate: int = RATE, **effects: object) -> Samples:
    chain = Chain(rate, **effects)  # type: ignore[arg-type]
    parts = [chain.push(piece) for piece in pieces(samples, size)]
    return np.concatenate([*parts, chain.finish()])


def band(samples: Samples, low: float, high: float, rate: int = RATE) -> float:
    """Decibels of what lies between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() + 1e-20))


def noise(seconds: float, level: float, seed: int = 1) -> Samples:
    """White, of so many decibels."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (made * 10 ** (level / 20)).astype(np.float32)


def between(samples: Samples, low: float, high: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < low) | (hertz > high)] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def true_peak(samples: Samples) -> float:
    return float(20 * np.log10(np.abs(resampled(samples, RATE, 8 * RATE)).max()))


def longest_wait(effects: dict[str, object]) -> float:
    """Seconds that the chain's documentation allows."""
    extra = 0.4 + 0.02 if "loudness" in effects else 0.0
    filters = 0.005 * len({"de_ess", "low_pass"} & set(effects))
    return 0.01 + (0.03 if "denoise" in effects else 0) + filters + extra


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 36000), max_size=12), whole=st.booleans())
def test_the_result_does_not_depend_on_how_the_stream_was_cut(
    voices: dict[str, Samples], cuts: list[int], whole: bool
) -> None:
    sound = voices["alloy"][:36000]
    chain = Chain(RATE, **EVERYTHING, whole=whole)  # type: ignore[arg-type]
    parts = [chain.push(part) for part in np.split(sound, sorted(cuts))]
    made = np.concatenate([*parts, chain.finish()])
    assert np.array_equal(made, heard(sound, len(sound), **EVERYTHING, whole=whole))


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 32000, 44100, 48000])
@pytest.mark.parametrize("count", [0, 1, 700, 23456])
def test_as_many_samples_leave_as_came(rate: int, count: int) -> None:
    sound = voiced(150, 2.0, rate)[:count]
    assert len(heard(sound, 1000, rate, **EVERYTHING)) == count


@pytest.mark.parametrize("effects", EFFECTS, ids=lambda each: next(iter(each)))
def test_sound_stays_where_it_was(speech: Samples, effects: dict[str, object]) -> None:
    made = heard(speech, **effects)
    middle = slice(3 * RATE, 4 * RATE)
    wider = made[3 * RATE - 100 : 4 * RATE + 100]
    assert int(np.argmax(np.correlate(wider, speech[middle], "valid"))) == pytest.approx(100, abs=3)


@pytest.mark.parametrize("effects", [*EFFECTS, EVERYTHING], ids=lambda each: "+".join(each))
def test_what_is_held_back_is_bounded(speech: Samples, effects: dict[str, object]) -> None:
    chain, came, left = Chain(RATE, **effects), 0, 0  # type: ignore[arg-type]
    for piece in pieces(speech, 2400):
        came, left = came + len(piece), left + len(chain.push(piece))
        assert (came - left) / RATE <= longest_wait(effects)


def test_without_effects_samples_pass_as_they_are(speech: Samples) -> None:
    chain = Chain(RATE)
    assert chain.push(speech) is speech
    assert len(chain.finish()) == 0


@pytest.mark.parametrize("offset", [0.1, -0.02])
def test_a_constant_offset_goes(speech: Samples, offset: float) -> None:
    made = heard(speech * np.float32(0.5) + np.float32(offset), dc=True)
    settled = slice(RATE // 4, None)
    assert abs(made[settled].mean()) < 0.001
    assert band(made, 80, 8000) == pytest.approx(band(speech * np.float32(0.5), 80, 8000), abs=0.1)


def test_hum_below_speech_falls_and_speech_does_not(speech: Samples) -> None:
    hum = tone(30, len(speech) / RATE, RATE, 0.1)
    made = heard(speech + hum, high_pass=50.0)
    assert band(made, 25, 35) < band(speech + hum, 25, 35) - 15
    assert band(made, 80, 8000) == pytest.approx(band(speech, 80, 8000), abs=0.5)


@pytest.mark.parametrize("strength", [0.3, 0.6, 0.85, 1.0])
@pytest.mark.parametrize("floor", [-40, -55])
def test_noise_falls_while_speech_keeps_its_level(
    speech: Samples, strength: float, floor: int
) -> None:
    noisy = np.concatenate([speech, silence(1, RATE)])
    spoken = slice(RATE // 2, len(speech) - RATE // 2)
    hiss = noise(len(noisy) / RATE, floor)
    made = heard(noisy + hiss, denoise=strength)
    assert level_of(made[-RATE:-2000]) < level_of(hiss[-RATE:-2000]) - 20 * strength
    assert level_of(made[spoken]) == pytest.approx(level_of(speech[spoken]), abs=0.3)


def test_speech_that_begins_at_once_is_not_taken_for_noise(voices: dict[str, Samples]) -> None:
    for name, sound in voices.items():
        made = heard(sound, denoise=1.0)
        for seconds in (0.3, 1.0, len(sound) / RATE):
            first = slice(0, round(seconds * RATE))
            assert level_of(made[first]) == pytest.approx(level_of(sound[first]), abs=0.3), name


def test_sharp_hissing_falls_and_what_is_around_it_does_not() -> None:
    vowel = voiced(140, 0.3, RATE, 0.4)
    hiss = between(noise(0.15, -14), 6000, 9000)
    sound = np.concatenate([vowel, hiss, vowel, hiss, vowel])
    made = heard(sound, de_ess=5500.0)
    begin, end = len(vowel), len(vowel) + len(hiss)
    assert level_of(made[begin:end]) < level_of(hiss) - 4
    for part in (slice(0, begin), slice(end + 300, end + begin)):
        assert level_of(made[part]) == pytest.approx(level_of(sound[part]), abs=0.1)


def test_hissing_that_is_soft_stays(speech: Samples) -> None:
    made = heard(speech * np.float32(0.5), de_ess=7000.0)
    assert band(made, 80, 6500) == pytest.approx(band(speech * np.float32(0.5), 80, 6500), abs=0.1)
    hiss = between(noise(0.3, -45), 7500, 9000)
    soft = np.concatenate([voiced(140, 0.3, RATE, 0.4), hiss])
    kept = heard(soft, de_ess=7000.0)
    assert level_of(kept[-4800:]) == pytest.approx(level_of(soft[-4800:]), abs=0.5)


def test_what_lies_above_the_low_pass_is_gone() -> None:
    high, low = tone(14000, 1, 48000, 0.3), tone(10000, 1, 48000, 0.3)
    settled = slice(4800, -4800)
    assert level_of(heard(high, rate=48000, low_pass=12000.0)[settled]) < level_of(high) - 60
    kept = heard(low, rate=48000, low_pass=12000.0)
    assert level_of(kept[settled]) == pytest.approx(level_of(low), abs=0.1)


def test_a_low_pass_above_the_band_leaves_it_alone(speech: Samples) -> None:
    assert Chain(RATE, low_pass=12000.0).push(speech) is speech


@pytest.mark.parametrize("target", [-16.0, -20.0, -23.0])
@pytest.mark.parametrize("gain", [1.0, 0.2])
def test_a_whole_file_has_the_loudness_that_was_asked_for(
    voices: dict[str, Samples], target: float, gain: float
) -> None:
    for name, sound in voices.items():
        made = heard(sound * np.float32(gain), loudness=target, whole=True)
        assert loudness(made, RATE) == pytest.approx(target, abs=0.5), name
        assert true_peak(made) <= -1, name


@pytest.mark.parametrize("target", [-20.0, -23.0])
def test_a_stream_comes_near_the_loudness_that_was_asked_for(
    voices: dict[str, Samples], target: float
) -> None:
    for name, sound in voices.items():
        made = heard(sound * np.float32(0.2), loudness=target)
        assert loudness(made, RATE) == pytest.approx(target, abs=1.0), name


@pytest.mark.parametrize("whole", [False, True])
def test_peaks_stay_below_the_ceiling_whatever_is_asked_for(
    voices: dict[str, Samples], whole: bool
) -> None:
    for name, sound in voices.items():
        assert true_peak(heard(sound, loudness=-10.0, whole=whole)) <= -1, name
    clicks = silence(2, RATE)
    clicks[:: RATE // 7] = 1
    loud = voiced(150, 2, RATE, 0.02) + clicks
    assert true_peak(heard(loud, loudness=-14.0, whole=whole)) <= -1


def test_a_quiet_beginning_does_not_make_what_follows_too_loud() -> None:
    quiet, plain = voiced(150, 0.4, RATE, 0.003), voiced(150, 3, RATE, 0.3)
    made = heard(np.concatenate([quiet, plain]), loudness=-23.0)
    begin = len(quiet) + RATE // 25
    first, rest = made[begin : begin + RATE // 5], made[-RATE:]
    assert level_of(first) == pytest.approx(level_of(rest), abs=1)


@pytest.mark.parametrize("whole", [False, True])
def test_silence_stays_silence_and_a_pause_does_not_change_the_level(
    voices: dict[str, Samples], whole: bool
) -> None:
    assert not heard(silence(3, RATE), **EVERYTHING, whole=whole).any()
    sound = np.concatenate([silence(2, RATE), voices["alloy"], silence(3, RATE), voices["alloy"]])
    made = heard(sound, loudness=-23.0, whole=whole)
    assert not made[: RATE * 3 // 2].any()
    assert loudness(made, RATE) == pytest.approx(-23, abs=1)


def test_even_the_shortest_sound_gets_its_level() -> None:
    made = heard(voiced(150, 0.1, RATE, 0.05), loudness=-20.0)
    assert loudness(made, RATE) == pytest.approx(-20, abs=0.5)

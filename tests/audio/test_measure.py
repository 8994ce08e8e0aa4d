"""Measures against signals whose numbers are known, and the advice that follows."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from polyvox.audio.activity import activity
from polyvox.audio.advice import advice
from polyvox.audio.measure import Measures, measure
from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples
from tests.audio.conftest import RATE
from tests.sounds import silence, tone

N = 8 * RATE
TIME = np.arange(N) / RATE


def noise(count: int, power: float = 0.01) -> Samples:
    sound = np.random.default_rng(5).standard_normal(count) * np.sqrt(power)
    return sound.astype(np.float32)


def with_noise(speech: Samples, decibels: float) -> Samples:
    """`speech` that many decibels above white noise."""
    found = activity(speech, RATE)
    power = found.power[found.speech].mean() / 10 ** (decibels / 10)
    return speech + noise(len(speech), power)


def low_passed(samples: Samples, hertz: float, rate: int = RATE) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > hertz] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def codes(measures: Measures) -> dict[str, str]:
    return {each.code: each.severity for each in advice(measures)}


def note(hertz: float, seconds: float, fall: float) -> Samples:
    """Harmonics that begin and die away as a plucked string's do."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 9))
    shape = (
        np.exp(-fall * time) * np.minimum(1, time / 0.01) * np.minimum(1, (seconds - time) / 0.02)
    )
    return (0.1 * wave * shape).astype(np.float32)


def chord(notes: tuple[float, ...], seconds: float, fall: float) -> Samples:
    return np.sum([note(hertz, seconds, fall) for hertz in notes], axis=0).astype(np.float32)


CHORDS = [
    (262.0, 330.0, 392.0),
    (220.0, 262.0, 330.0),
    (175.0, 220.0, 262.0),
    (196.0, 247.0, 294.0),
]
HUM = sum(np.sin(2 * np.pi * 50 * n * TIME) / n for n in range(1, 8)) * 0.1
EVERY_SECOND = TIME % 1 < 0.5

NO_SPEECH = {
    "white noise": noise(N),
    "hum": HUM,
    "a tone": tone(220, 8, RATE, 0.3),
    "beeps": tone(220, 8, RATE, 0.3) * EVERY_SECOND,
    "noise that comes and goes": noise(N) * EVERY_SECOND,
    "noise that swells": noise(N) * (1 + np.sin(2 * np.pi * 4 * TIME)) / 2,
    "hum that comes and goes": HUM * EVERY_SECOND,
    "a tone that swells": tone(200, 8, RATE, 0.2) * (1 + np.sin(2 * np.pi * 4 * TIME)) / 2,
    "a melody": np.concatenate([note(f, 0.4, 3) for f in (220, 247, 262, 294, 330) * 4]),
    **{
        f"chords of {seconds} s, falling by {fall}": np.concatenate(
            [chord(notes, seconds, fall) for notes in CHORDS * 3] + [silence(0.5, RATE)]
        )
        for seconds in (0.3, 0.5, 1.0)
        for fall in (0, 3, 8)
    },
}


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_is_no_speech_is_refused(name: str) -> None:
    found = measure(np.asarray(NO_SPEECH[name], np.float32), RATE)
    assert found.speech == 0
    assert found.snr is None
    assert found.bandwidth is None
    assert codes(found) == {"no_speech": "refuse"}


def test_speech_is_found_in_every_voice(voices: dict[str, Samples]) -> None:
    for name, said in voices.items():
        alone = measure(said, RATE)
        assert alone.speech > 0.85, name
        apart = np.concatenate([silence(2, RATE), said, silence(3, RATE)])
        share = len(said) / len(apart)
        assert measure(apart, RATE).speech == pytest.approx(share, abs=0.06), name


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_speech_is_found_at_every_rate_and_level(speech: Samples, rate: int) -> None:
    expected = measure(speech, RATE)
    for level in (1.0, 0.03):
        found = measure(resampled(speech * np.float32(level), RATE, rate), rate)
        assert found.speech == pytest.approx(expected.speech, abs=0.03)
        assert found.duration == pytest.approx(expected.duration, abs=0.001)


@pytest.mark.parametrize("decibels", [40, 30, 22, 18, 10, 5])
def test_speech_stands_above_its_noise_by_what_was_mixed(speech: Samples, decibels: float) -> None:
    found = measure(with_noise(speech, decibels), RATE)
    assert found.snr == pytest.approx(decibels, abs=3)
    assert found.speech > 0.55
    expected = {"noisy": "warn"} if decibels < 15 else {}
    assert {code: said for code, said in codes(found).items() if said == "warn"} == expected


def test_hum_under_speech_counts_as_noise(speech: Samples) -> None:
    quiet = measure(speech, RATE)
    hum = np.resize(HUM, len(speech)).astype(np.float32)
    found = measure(speech + 0.3 * hum, RATE)
    assert found.noise_floor == pytest.approx(10 * np.log10(np.mean(np.square(0.3 * HUM))), abs=0.5)
    assert found.snr is not None
    assert quiet.snr is not None
    assert found.snr < quiet.snr - 10
    assert found.speech > 0.6


def test_pauses_of_digital_silence_are_as_clean_as_it_gets(voices: dict[str, Samples]) -> None:
    gated = voices["alloy"] * (np.abs(voices["alloy"]) > 0)
    found = measure(np.concatenate([silence(1, RATE), gated, silence(1, RATE)]), RATE)
    assert found.snr is not None
    assert 30 < found.snr <= 60


@pytest.mark.parametrize(
    ("gain", "least", "most"), [(3, 0.02, 0.08), (6, 0.1, 0.25), (10, 0.25, 0.5)]
)
def test_clipping_is_found_even_where_it_was_turned_down(
    speech: Samples, gain: float, least: float, most: float
) -> None:
    driven = speech / np.abs(speech).max() * np.float32(10 ** (gain / 20))
    clipped = np.clip(driven, -1, 1)
    at_48 = np.clip(resampled(driven, RATE, 48000), -1, 1)
    for each in (
        clipped,
        clipped / 2,
        clipped + np.float32(0.01),
        resampled(at_48 / 2, 48000, RATE),
    ):
        found = measure(each, RATE)
        assert least < found.clipping < most
        assert codes(found)["clipped"] == "warn"
    assert found.clipping == pytest.approx(measure(clipped, RATE).clipping, rel=0.35)


def test_what_is_only_loud_is_not_clipped(voices: dict[str, Samples]) -> None:
    for said in voices.values():
        assert measure(said / np.abs(said).max(), RATE).clipping < 0.003
    assert measure(tone(220, 3, RATE, 1.0), RATE).clipping == 0


@pytest.mark.parametrize("hertz", [3400, 5500, 8000, 10000])
def test_the_bandwidth_is_where_it_was_cut(speech: Samples, hertz: float) -> None:
    found = measure(low_passed(speech, hertz), RATE)
    assert found.bandwidth == pytest.approx(hertz, abs=200)
    expected = "warn" if hertz < 3900 else "note" if hertz < 7500 else None
    assert codes(found).get("narrow") == expected


def test_telephone_speech_at_a_higher_rate_is_still_narrow(speech: Samples) -> None:
    found = measure(resampled(resampled(speech, RATE, 8000), 8000, 48000), 48000)
    assert found.bandwidth is not None
    assert 3300 < found.bandwidth < 4100
    assert codes(found)["narrow"] == "warn"


def test_peak_offset_duration_and_loudness_are_those_of_the_signal() -> None:
    found = measure(tone(997, 5, RATE, 0.1) + np.float32(0.05), RATE)
    assert found.duration == 5
    assert found.peak == pytest.approx(20 * np.log10(0.15), abs=0.01)
    assert found.dc_offset == pytest.approx(0.05, abs=1e-4)
    assert found.loudness == pytest.approx(-23, abs=0.05)


def test_measures_are_plain_numbers_even_of_nothing(speech: Samples) -> None:
    for sound in (speech, silence(0, RATE), silence(3, RATE), speech[:50], speech[30000:30480]):
        found = measure(sound, RATE)
        assert json.loads(json.dumps(asdict(found), allow_nan=False)) == asdict(found)


def test_a_measured_recording_is_not_written_to(speech: Samples) -> None:
    sound = speech + np.float32(0.01)
    sound.setflags(write=False)
    measure(sound, RATE)


@pytest.mark.parametrize("rate", [8000, 8012, 11025, 22050, 44100])
def test_every_length_at_every_rate_can_be_measured(speech: Samples, rate: int) -> None:
    sound = resampled(speech[: 3 * RATE], RATE, rate)
    for length in (rate // 100, rate // 4 - 1, rate + 1, rate * 2 + rate // 3, 3 * rate - 7):
        found = activity(sound[:length], rate)
        assert len(found.power) == len(found.speech) == len(found.noise) == length * 100 // rate
        measure(sound[:length], rate)


def test_digital_silence_is_refused() -> None:
    assert codes(measure(silence(3, RATE), RATE)) == {"silent": "refuse"}
    assert codes(measure(silence(0, RATE), RATE)) == {"silent": "refuse"}


def test_a_good_recording_needs_no_advice(speech: Samples) -> None:
    assert advice(measure(speech, RATE)) == ()


GOOD = Measures(10.0, -3.0, -20.0, -60.0, 40.0, 0.0, 11000.0, 0.8, 0.0)


@pytest.mark.parametrize(
    ("change", "sentence", "severity"),
    [
        ({"speech": 0.21}, "Mostly silence: only 21 % of the recording is speech.", "warn"),
        ({"clipping": 0.12}, "Clipped in 12 % of frames: record again at a lower level.", "warn"),
        ({"clipping": 0.012}, "Clipped in 1.2 % of frames: record again at a lower level.", "note"),
        ({"snr": 8.2}, "Noisy: speech is only 8 dB above the noise.", "warn"),
        ({"snr": 18.0}, "Noisy: speech is only 18 dB above the noise.", "note"),
        ({"snr": -3.0}, "Nothing but noise: it is louder than the speech.", "refuse"),
        ({"bandwidth": 3400.0}, "Narrow: nothing above 3.4 kHz, as over a telephone.", "warn"),
        ({"bandwidth": 7000.0}, "Narrow: nothing above 7 kHz.", "note"),
        ({"duration": 3.0}, "Short: 2.4 s of speech; 6 s or more work better.", "warn"),
        ({"duration": 5.0}, "Short: 4.0 s of speech; 6 s or more work better.", "note"),
        ({"loudness": -45.0},
         "Quiet: record closer to the microphone, or at a higher level.", "warn"),
        ({"dc_offset": -0.1}, "The signal lies off centre; that has been removed.", "note"),
        ({"speech": 0.0, "snr": None}, "No speech was found in the recording.", "refuse"),
        ({"peak": -100.0}, "The recording is silent.", "refuse"),
    ],
)  # fmt: skip
def test_advice_is_a_plain_sentence(
    change: dict[str, float | None], sentence: str, severity: str
) -> None:
    said = advice(Measures(**(asdict(GOOD) | change)))
    assert (sentence, severity) in [(each.message, each.severity) for each in said]


def test_the_gravest_comes_first_and_a_broken_file_is_mentioned() -> None:
    assert advice(GOOD) == ()
    worse = Measures(**(asdict(GOOD) | {"dc_offset": 0.1, "snr": 5.0}))
    said = advice(worse, complete=False)
    assert [each.severity for each in said] == ["warn", "note", "note"]
    assert said[-1].message == "The file ends early, or parts cannot be read."

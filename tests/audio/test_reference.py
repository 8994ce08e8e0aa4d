"""References: trimmed, levelled, and never made of nothing."""

from pathlib import Path

import numpy as np
import pytest

from polyvox.audio.decode import Limits, decode
from polyvox.audio.loudness import loudness
from polyvox.audio.reference import peaks, prepare, write_wav
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput
from tests.audio.conftest import RATE
from tests.sounds import silence, tone


def apart(*pieces: Samples | float) -> Samples:
    """Sounds, and seconds of faint room noise, one after the other, as a microphone hears them."""
    sound = np.concatenate([silence(p, RATE) if isinstance(p, float) else p for p in pieces])
    room = np.random.default_rng(3).standard_normal(len(sound)) * 1e-4
    return sound + room.astype(np.float32)


def test_silence_around_speech_is_trimmed_but_for_a_margin(voices: dict[str, Samples]) -> None:
    said = voices["alloy"]
    ready = prepare(apart(0.8, said, 1.5), RATE)
    assert ready.trimmed == (pytest.approx(0.7, abs=0.1), pytest.approx(1.4, abs=0.25))
    assert ready.shortened == pytest.approx(0, abs=1e-3)
    kept = len(ready.samples) / RATE
    assert kept == pytest.approx(2.3 + len(said) / RATE - sum(ready.trimmed), abs=0.001)


def test_nothing_of_speech_is_cut_away(voices: dict[str, Samples]) -> None:
    for name, said in voices.items():
        loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
        ready = prepare(apart(1.0, said, 1.0), RATE)
        first, last = ready.trimmed
        assert first < 1 + loud[0] / RATE, name
        assert last < 1 + (len(said) - loud[-1]) / RATE, name


def test_a_recording_without_silence_stays_whole(voices: dict[str, Samples]) -> None:
    ready = prepare(voices["nova"], RATE)
    assert sum(ready.trimmed) < 0.2
    assert len(ready.samples) > 0.95 * len(voices["nova"])


def test_long_pauses_become_a_second(voices: dict[str, Samples]) -> None:
    said = voices["onyx"]
    ready = prepare(apart(0.5, said, 4.0, said, 0.5), RATE)
    assert ready.shortened == pytest.approx(3, abs=0.4)
    whole = prepare(apart(0.5, said, 0.9, said, 0.5), RATE)
    assert len(ready.samples) == pytest.approx(len(whole.samples), abs=0.4 * RATE)


def test_a_shortened_pause_has_no_click(voices: dict[str, Samples]) -> None:
    sound = apart(0.5, voices["onyx"], 3.3, voices["onyx"], 0.5)
    sound += tone(37, len(sound) / RATE, RATE, 0.01)
    ready = prepare(sound, RATE)
    assert ready.shortened > 1
    middle = len(ready.samples) // 2
    pause = ready.samples[middle - RATE // 4 : middle + RATE // 4]
    assert np.abs(np.diff(pause)).max() < 0.1 * np.abs(pause).max()


@pytest.mark.parametrize("level", [1.0, 0.3, 0.1, 0.04])
def test_speech_comes_out_equally_loud(voices: dict[str, Samples], level: float) -> None:
    ready = prepare(apart(0.5, voices["cedar"], 0.5) * np.float32(level), RATE)
    assert loudness(ready.samples, RATE) == pytest.approx(-23, abs=0.1)
    assert np.abs(ready.samples).max() <= 10 ** (-1 / 20) + 1e-4


def test_it_is_never_raised_by_more_than_thirty_decibels(voices: dict[str, Samples]) -> None:
    ready = prepare(apart(0.5, voices["cedar"], 0.5) * np.float32(0.002), RATE)
    assert ready.gain == 30
    assert "quiet" in [each.code for each in ready.advice]


def test_a_peak_keeps_it_below_full_scale(voices: dict[str, Samples]) -> None:
    sound = apart(0.5, 0.05 * voices["cedar"], 0.5)
    sound[RATE * 2] = 0.9
    ready = prepare(sound, RATE)
    assert np.abs(ready.samples).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    found = loudness(ready.samples, RATE)
    assert found is not None
    assert found < -24


def test_an_offset_is_removed(voices: dict[str, Samples]) -> None:
    sound = apart(0.5, 0.5 * voices["alloy"], 0.5) + np.float32(0.1)
    before = sound.copy()
    ready = prepare(sound, RATE)
    assert ready.measures.dc_offset == pytest.approx(0.1, abs=0.01)
    assert abs(ready.samples.mean()) < 0.005
    assert np.array_equal(sound, before)


@pytest.mark.parametrize(
    ("sound", "sentence"),
    [
        (silence(3, RATE), "The recording is silent."),
        (silence(0, RATE), "The recording is silent."),
        (tone(440, 3, RATE), "No speech was found in the recording."),
    ],
)
def test_what_no_voice_can_be_made_of_is_refused_in_words(sound: Samples, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        prepare(sound, RATE)


def test_an_incomplete_file_is_mentioned(speech: Samples) -> None:
    assert [each.code for each in prepare(speech, RATE, complete=False).advice] == ["cut_off"]


def test_what_is_written_is_read_back(speech: Samples, tmp_path: Path) -> None:
    write_wav(tmp_path / "kept.wav", speech, RATE)
    found = decode(tmp_path / "kept.wav", RATE, Limits())
    assert found.source.rate == RATE
    assert np.abs(found.samples - speech).max() < 1 / 32768


def test_peaks_draw_the_waveform() -> None:
    sound = np.concatenate([tone(440, 1, RATE, 0.5), silence(1, RATE), -tone(440, 1, RATE, 0.25)])
    assert peaks(sound, 3) == [0.5, 0.0, 0.25]
    assert len(peaks(sound, 200)) == 200
    assert peaks(sound[:2], 10) == [0.0, pytest.approx(0.0575, abs=0.001)]
    assert peaks(sound[:0], 10) == []

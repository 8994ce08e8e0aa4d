"""Loudness as ITU-R BS.1770 defines it."""

import numpy as np
import pytest

from polyvox.audio.loudness import loudness
from tests.sounds import silence, tone


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_a_tone_of_997_hz_is_three_decibels_below_its_peak(rate: int) -> None:
    """The standard's calibration: 0 dBFS in one channel is -3.01 LUFS."""
    assert loudness(tone(997, 5, rate, 0.1), rate) == pytest.approx(-23.01, abs=0.05)
    assert loudness(tone(997, 5, 48000, 1.0), 48000) == pytest.approx(-3.01, abs=0.005)


def test_the_filter_is_the_standards_at_48_khz() -> None:
    """Its own coefficients, run sample by sample."""
    noise = np.random.default_rng(1).standard_normal(24000) * 0.1
    shelved = _filtered(
        noise,
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (-1.69065929318241, 0.73248077421585),
    )
    weighted = _filtered(shelved, (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))
    blocks = [np.mean(weighted[at : at + 19200] ** 2) for at in (0, 4800)]
    expected = -0.691 + 10 * np.log10(np.mean(blocks))
    assert loudness(noise.astype(np.float32), 48000) == pytest.approx(expected, abs=1e-4)


def _filtered(samples: np.ndarray, ahead: tuple[float, ...], back: tuple[float, ...]) -> np.ndarray:
    out = np.zeros(len(samples) + 2)
    padded = np.concatenate([[0.0, 0.0], samples])
    for at in range(2, len(padded)):
        forward = sum(b * padded[at - n] for n, b in enumerate(ahead))
        out[at] = forward - back[0] * out[at - 1] - back[1] * out[at - 2]
    return out[2:]


def test_silence_and_what_is_far_quieter_do_not_count() -> None:
    """EBU Tech 3341, case 3: -36, -23 and -36 LUFS make -23."""
    loud, soft = 10 ** (-20 / 20), 10 ** (-33 / 20)
    sound = np.concatenate(
        [tone(1000, 10, 48000, soft), tone(1000, 60, 48000, loud), tone(1000, 10, 48000, soft)]
    )
    assert loudness(sound, 48000) == pytest.approx(-23.0, abs=0.1)
    apart = np.concatenate([silence(20, 48000), tone(1000, 20, 48000, loud), silence(20, 48000)])
    assert loudness(apart, 48000) == pytest.approx(-23.0, abs=0.1)


def test_it_does_not_depend_on_where_the_recording_is_cut_for_filtering() -> None:
    sound = np.random.default_rng(2).standard_normal(24000 * 40).astype(np.float32) * 0.1
    whole = loudness(sound, 24000)
    parts = [
        loudness(sound[first : first + 24000 * 10], 24000) for first in range(0, 960000, 240000)
    ]
    assert whole is not None
    assert all(part == pytest.approx(whole, abs=0.05) for part in parts)


def test_silence_has_no_loudness_and_less_than_a_block_has_one() -> None:
    assert loudness(silence(2, 24000), 24000) is None
    assert loudness(silence(0, 24000), 24000) is None
    assert loudness(tone(997, 0.2, 24000, 0.1), 24000) == pytest.approx(-23, abs=0.3)

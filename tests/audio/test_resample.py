import numpy as np
import pytest

from polyvox.audio.resample import Resampler
from polyvox.domain.audio import Samples
from tests.sounds import level_of, pieces, pitch_of, tone, voiced

RATES = [
    (22050, 24000),
    (24000, 22050),
    (44100, 24000),
    (24000, 48000),
    (24000, 8000),
    (8000, 24000),
]
every_pair = pytest.mark.parametrize(("source", "target"), RATES)


def resampled(samples: Samples, source: int, target: int, size: int) -> Samples:
    resampler = Resampler(source, target)
    parts = [resampler.push(piece) for piece in pieces(samples, size)]
    return np.concatenate([*parts, resampler.finish()])


@every_pair
def test_pieces_come_out_as_if_they_were_one(source: int, target: int) -> None:
    sound = voiced(150, 1.0, source)
    whole = resampled(sound, source, target, len(sound))
    assert len(whole) == pytest.approx(len(sound) * target / source, abs=1)
    for size in (1, 441, 1440):
        assert np.array_equal(resampled(sound, source, target, size), whole)


@every_pair
def test_a_tone_keeps_its_pitch_level_and_place(source: int, target: int) -> None:
    heard = resampled(tone(440, 1.0, source), source, target, 1440)
    inside = slice(target // 20, -target // 20)
    assert pitch_of(heard, target) == pytest.approx(440, rel=0.002)
    assert np.abs(heard - tone(440, 1.0, target))[inside].max() < 1e-4


@pytest.mark.parametrize(("source", "target"), [(24000, 8000), (48000, 24000), (44100, 24000)])
def test_what_the_target_cannot_hold_leaves_no_trace(source: int, target: int) -> None:
    for frequency in np.linspace(1.01, source / target * 0.99, 7) * target / 2:
        heard = resampled(tone(frequency, 1.0, source, 1.0), source, target, 1440)
        assert level_of(heard[target // 4 : -target // 4]) < -100


@every_pair
@pytest.mark.parametrize("seconds", [0.1, 0.2])
def test_the_first_chunk_gives_sound(source: int, target: int, seconds: float) -> None:
    first = Resampler(source, target).push(voiced(150, seconds, source))
    assert len(first) > 0.6 * seconds * target


def test_a_short_first_chunk_gives_sound_unless_much_is_lost() -> None:
    assert len(Resampler(22050, 24000).push(voiced(150, 0.06, 22050))) > 0.5 * 0.06 * 24000


def test_equal_rates_change_nothing() -> None:
    sound = voiced(150, 0.2, 24000)
    resampler = Resampler(24000, 24000)
    assert resampler.push(sound) is sound
    assert len(resampler.finish()) == 0


def test_a_view_into_other_samples_is_taken_as_it_reads() -> None:
    sound = np.repeat(voiced(150, 0.5, 22050), 2)
    view = resampled(sound[::2], 22050, 24000, 10**6)
    assert np.array_equal(view, resampled(sound[::2].copy(), 22050, 24000, 10**6))


@every_pair
def test_nothing_in_nothing_out(source: int, target: int) -> None:
    assert len(Resampler(source, target).finish()) == 0

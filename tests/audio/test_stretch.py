from collections.abc import Callable

import numpy as np
import pytest

from polyvox.audio.effects import TimeStretch
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput
from tests.sounds import level_of, pieces, pitch_of, tone, voiced

SPEEDS = [0.25, 0.5, 0.8, 1.0, 1.1, 1.5, 2.0, 3.0, 4.0]
WINDOW = 0.1
"""Seconds that may be missing or too much at the end; each of two steps has a window."""


def stretched(samples: Samples, speed: float, rate: int, size: int) -> Samples:
    stretch = TimeStretch(speed, rate)
    parts = [stretch.push(piece) for piece in pieces(samples, size)]
    return np.concatenate([*parts, stretch.finish()])


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("sound", [tone, voiced])
def test_the_pace_changes_and_the_pitch_does_not(
    sound: Callable[[float, float, int], Samples], speed: float, rate: int
) -> None:
    original = sound(220, 3.0, rate)
    heard = stretched(original, speed, rate, rate // 10)
    assert len(heard) / rate == pytest.approx(3.0 / speed, abs=0.02 * 3.0 / speed + WINDOW)
    middle = heard[len(heard) // 4 : len(heard) * 3 // 4]
    assert pitch_of(middle, rate) == pytest.approx(220, rel=0.01)
    assert level_of(middle) == pytest.approx(level_of(original), abs=1)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_result_does_not_depend_on_how_the_stream_was_cut(speed: float) -> None:
    sound = voiced(150, 1.0, 24000)
    whole = stretched(sound, speed, 24000, len(sound))
    for size in (100, 1440):
        assert np.array_equal(stretched(sound, speed, 24000, size), whole)


@pytest.mark.parametrize("speed", SPEEDS)
def test_sound_comes_before_the_end(speed: float) -> None:
    assert len(TimeStretch(speed, 24000).push(voiced(150, 0.3, 24000))) > 0


def test_at_its_own_pace_nothing_changes() -> None:
    sound = voiced(150, 0.2, 24000)
    stretch = TimeStretch(1.0, 24000)
    assert stretch.push(sound) is sound
    assert len(stretch.finish()) == 0


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_nothing_in_nothing_out(speed: float) -> None:
    stretch = TimeStretch(speed, 24000)
    assert len(stretch.push(np.zeros(0, np.float32))) == 0
    assert len(stretch.finish()) == 0


@pytest.mark.parametrize("speed", [0.24, 4.1, 0.0, -1.0, float("nan")])
def test_other_speeds_are_refused(speed: float) -> None:
    with pytest.raises(InvalidInput) as error:
        TimeStretch(speed, 24000)
    assert error.value.param == "speed"


def moved(samples: Samples, pitch: float, rate: int, size: int, speed: float = 1.0) -> Samples:
    stretch = TimeStretch(speed, rate, pitch)
    parts = [stretch.push(piece) for piece in pieces(samples, size)]
    return np.concatenate([*parts, stretch.finish()])


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
@pytest.mark.parametrize("pitch", [0.5, 0.7, 1.3, 2.0])
@pytest.mark.parametrize("sound", [tone, voiced])
def test_the_pitch_changes_and_the_pace_does_not(
    sound: Callable[[float, float, int], Samples], pitch: float, rate: int
) -> None:
    original = sound(220, 3.0, rate)
    heard = moved(original, pitch, rate, rate // 10)
    assert len(heard) == pytest.approx(len(original), rel=0.02)
    middle = heard[len(heard) // 4 : len(heard) * 3 // 4]
    assert pitch_of(middle, rate) == pytest.approx(220 * pitch, rel=0.01)


@pytest.mark.parametrize(("speed", "pitch"), [(0.25, 2.0), (4.0, 0.5), (2.0, 2.0), (1.3, 1.3)])
def test_pace_and_pitch_change_together(speed: float, pitch: float) -> None:
    heard = moved(tone(220, 4.0, 24000), pitch, 24000, 2400, speed)
    assert len(heard) / 24000 == pytest.approx(4.0 / speed, rel=0.03, abs=0.03)
    middle = heard[len(heard) // 4 : len(heard) * 3 // 4]
    assert pitch_of(middle, 24000) == pytest.approx(220 * pitch, rel=0.02)


@pytest.mark.parametrize("pitch", [0.5, 1.3, 2.0])
def test_a_changed_pitch_does_not_depend_on_how_the_stream_was_cut(pitch: float) -> None:
    sound = voiced(150, 1.0, 24000)
    whole = moved(sound, pitch, 24000, len(sound))
    for size in (100, 1440):
        assert np.allclose(moved(sound, pitch, 24000, size), whole, atol=1e-5)


@pytest.mark.parametrize("pitch", [0.49, 2.01, float("nan")])
def test_a_pitch_out_of_bounds_is_refused(pitch: float) -> None:
    with pytest.raises(InvalidInput, match="pitch") as refused:
        TimeStretch(1.0, 24000, pitch)
    assert refused.value.param == "pitch"

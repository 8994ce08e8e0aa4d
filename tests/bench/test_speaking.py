from __future__ import annotations

import numpy as np
import pytest

from bench.likeness.acoustics import RATE, pitch
from bench.likeness.references import TARGETS
from bench.likeness.speaking import Presets, clones, enrolled, said, timed_speech
from polyvox.audio.resample import resampled
from polyvox.domain.voice import CLONED
from polyvox.engines.espeak.engine import Espeak
from polyvox.engines.registry import Registry

TARGET = TARGETS[0]


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    engine = Registry().find("espeak")()
    assert isinstance(engine, Espeak)
    engine.load("cpu")
    return engine


def test_the_nearest_preset_has_the_gender_and_nearly_the_pitch(espeak: Espeak) -> None:
    presets = Presets(espeak)
    for gender, hertz in (("male", 80.0), ("male", 130.0), ("female", 170.0), ("female", 250.0)):
        way = presets.nearest(gender, hertz)
        speaker = next(each for each in espeak.speakers if each.name == way.voice.speaker)
        assert speaker.gender == gender
        [sound] = said(espeak, way, ["We walked along the river."], "en")
        assert abs(12 * np.log2(pitch(sound) / hertz)) < 3


def test_a_gender_that_no_preset_has_is_spoken_by_any(espeak: Espeak) -> None:
    assert Presets(espeak).first("nobody's").voice.speaker == espeak.speakers[0].name


def test_a_clone_is_made_for_every_closeness(espeak: Espeak) -> None:
    ways = clones(espeak, b"state", (0.0, 0.5))
    assert [way.options.closeness for way in ways] == [0.0, 0.5]
    assert [way.name for way in ways] == ["clone 0", "clone 0.5"]
    assert {(way.voice.kind, way.voice.state) for way in ways} == {(CLONED, b"state")}


def test_what_is_said_has_the_length_that_is_timed(espeak: Espeak) -> None:
    way = Presets(espeak).first("male")
    [sound] = said(espeak, way, ["One, two, three."], "en")
    took = timed_speech(espeak, way, "One, two, three.", "en")
    assert 0.5 < len(sound) / RATE < 3
    assert 0 < took.first_chunk < len(sound) / RATE / took.speed + 1


def test_a_clone_of_a_preset_takes_its_pitch(espeak: Espeak) -> None:
    presets = Presets(espeak)
    lines = ["The baker opened her shop.", "My uncle keeps his boat there.", "Put the cups back."]
    high = presets.nearest("female", 250)
    sounds = said(espeak, high, lines, "en")
    reference = [resampled(each, RATE, espeak.reference_rate) for each in sounds]
    state = enrolled(espeak, reference, TARGET, "")
    [way] = clones(espeak, state, (0.0,))
    [sound] = said(espeak, way, lines[:1], "en")
    assert abs(12 * np.log2(pitch(sound) / pitch(sounds[0]))) < 1.5

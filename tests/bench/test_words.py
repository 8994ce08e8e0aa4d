from __future__ import annotations

import numpy as np

from bench.likeness.words import Listeners
from polyvox.domain.audio import Samples
from tests.bench.test_acoustics import vowel

SOUNDS = ((300.0, 2200.0), (600.0, 1400.0), (700.0, 1100.0), (350.0, 800.0), (500.0, 1800.0))
"""Hertz, of two formants."""


def spoken(hertz: float, seconds: float, tract: float = 1.0) -> list[Samples]:
    """A word for each two different sounds in their order."""
    sounds = [
        vowel(hertz, tuple(tract * each for each in (*sound, 2700.0, 3600.0)), seconds)
        for sound in SOUNDS
    ]
    return [
        np.concatenate([first, last]) for first in sounds for last in sounds if first is not last
    ]


def test_words_are_told_apart_whatever_the_pitch_and_the_pace() -> None:
    listeners = Listeners({"her": spoken(200, 0.15), "him": spoken(120, 0.2)})
    compared = listeners.compared(spoken(150, 0.25, 1.03))
    assert listeners.right(compared, without="nobody") > 0.9


def test_words_in_another_order_are_all_wrong() -> None:
    listeners = Listeners({"her": spoken(200, 0.15), "him": spoken(120, 0.2)})
    compared = listeners.compared(spoken(150, 0.25)[::-1])
    assert listeners.right(compared, without="nobody") < 0.1


def test_a_listener_that_is_left_out_is_not_asked() -> None:
    listeners = Listeners({"right": spoken(200, 0.15), "wrong": spoken(120, 0.2)[::-1]})
    compared = listeners.compared(spoken(150, 0.2))
    assert listeners.right(compared, without="wrong") > 0.9
    assert listeners.right(compared, without="right") < 0.1

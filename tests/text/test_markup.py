"""Pauses written into a text."""

from __future__ import annotations

import pytest

from polyvox.domain.errors import InvalidInput
from polyvox.text.markup import Pause, find_pauses, without_pauses


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("[pause:0.5s]", 0.5),
        ("[pause:500ms]", 0.5),
        ("[pause:2]", 2.0),
        ("[PAUSE:2S]", 2.0),
        ("[Pause:1500Ms]", 1.5),
        ("[pause:.25]", 0.25),
        ("[pause:0]", 0.0),
        ("[pause:30s]", 30.0),
    ],
)
def test_pauses_are_read_in_seconds_and_milliseconds(written: str, seconds: float) -> None:
    assert find_pauses(f"a {written} b") == [Pause(2, 2 + len(written), seconds)]


@pytest.mark.parametrize(
    "text",
    [
        "[pause:abc]",
        "[paused]",
        "[pause]",
        "[pause:]",
        "[pause:-1]",
        "[pause:1m]",
        "[pause:1",
        "[pause:1.]",
        "[pau\u017fe:1]",
        "[pause:١]",
        "(pause:1)",
        "[pause: 1]",
    ],
)
def test_anything_else_is_ordinary_text(text: str) -> None:
    assert find_pauses(text) == []
    assert without_pauses(text) == text


def test_several_pauses_come_in_order() -> None:
    found = find_pauses("[pause:1][pause:2] x [pause:[pause:3]")
    assert [pause.seconds for pause in found] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("written", ["[pause:30.1]", "[pause:30001ms]", f"[pause:{'9' * 5000}]"])
def test_a_pause_over_half_a_minute_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput, match="longer than 30 seconds") as refusal:
        find_pauses(f"a {written} b")
    assert refusal.value.param == "input"


def test_pauses_over_five_minutes_together_are_refused() -> None:
    assert len(find_pauses("[pause:30]" * 10)) == 10
    with pytest.raises(InvalidInput, match="at most 300") as refusal:
        find_pauses("[pause:30]" * 10 + "[pause:1ms]")
    assert refusal.value.param == "input"


def test_masking_pauses_moves_nothing() -> None:
    text = "a[pause:1]b [PAUSE:20ms] c"
    assert without_pauses(text) == "a         b              c"

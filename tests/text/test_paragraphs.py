"""Where paragraphs end."""

from __future__ import annotations

import pytest

from polyvox.text.paragraphs import find_paragraphs

PROSE = "This is a line of prose that is long enough to have been wrapped,"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n \n", []),
        ("one", ["one"]),
        ("  one  ", ["one"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\n \t\n\n two ", ["one", "two"]),
        ("one\r\n\r\ntwo", ["one", "two"]),
        (f"{PROSE}\nAnd here it goes on", [f"{PROSE}\nAnd here it goes on"]),
        ("a short line\ngoes on in small letters", ["a short line\ngoes on in small letters"]),
        ("Roses are red,\nViolets are blue", ["Roses are red,\nViolets are blue"]),
        ("Chapter One\nIt was dark.", ["Chapter One", "It was dark."]),
        (f"# A heading\n{PROSE}", ["# A heading", PROSE]),
        (f"{PROSE}\n- one\n- two", [PROSE, "- one", "- two"]),
        ("1. one\n2. two\n   and more", ["1. one", "2. two\n   and more"]),
        ("标题\n正文在这里。", ["标题", "正文在这里。"]),
    ],
)
def test_paragraphs_end_at_blank_lines_and_between_short_lines(
    text: str, expected: list[str]
) -> None:
    assert [text[first:last] for first, last in find_paragraphs(text, 0, len(text))] == expected


def test_wide_characters_make_a_line_long_sooner() -> None:
    line = "今天天气很好我们去公园和朋友一起玩耍然后回家吃饭"
    text = f"{line}睡\n{line}"
    assert len(list(find_paragraphs(text, 0, len(text)))) == 1


def test_only_the_stretch_that_is_asked_for_is_read() -> None:
    assert list(find_paragraphs("one\n\ntwo\n\nthree", 2, 7)) == [(2, 3), (5, 7)]

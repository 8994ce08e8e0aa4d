"""Captions from words with times."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.domain.speech import Word
from polyvox.text.captions import COLUMNS, LINES, LONGEST_CUE, Cue, cues, to_srt, to_vtt


def words(text: str, each: float = 0.3, pattern: str = r"\w+(?:[.,'’]\w+)*") -> list[Word]:
    """Every word of `text`, each lasting as long as the others."""
    masked = re.sub(r"\[pause:.*?\]", lambda match: " " * len(match.group()), text)
    found = re.finditer(pattern, masked)
    return [
        Word(match.group(), index * each, (index + 1) * each, match.start(), match.end())
        for index, match in enumerate(found)
    ]


def shown(text: str, language: str = "en", **more: str) -> list[str]:
    return [cue.text for cue in cues(words(text, **more), text, language)]  # type: ignore[arg-type]


def test_no_words_give_no_cues() -> None:
    assert cues([], "Hello") == []
    assert to_srt([]) == ""
    assert to_vtt([]) == "WEBVTT\n\n"


def test_a_cue_has_the_times_of_its_words_and_the_text_as_written() -> None:
    text = "“Hello, world!”"
    assert cues(words(text), text) == [Cue(0.0, 0.6, "“Hello, world!”")]


def test_cues_end_with_sentences() -> None:
    assert shown("Dr. Smith paid 3.14 dollars today. Then he went home again.") == [
        "Dr. Smith paid 3.14 dollars today.",
        "Then he went home again.",
    ]


def test_sentences_of_less_than_a_second_share_a_cue() -> None:
    assert shown("Yes. No. Well, who knows?") == ["Yes. No. Well, who knows?"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            'He said to us all: "Go on, (quickly)!" Then she left — alone.',
            ['He said to us all: "Go on, (quickly)!"', "Then she left — alone."],
        ),
        ("fr", "« Bonjour mes amis ! » Il est là ?", ["« Bonjour mes amis ! » Il est là ?"]),
        (
            "es",
            "Hola, amigo mío querido. ¿Qué tal estás hoy? ¡Muy bien!",
            ["Hola, amigo mío querido.", "¿Qué tal estás hoy?", "¡Muy bien!"],
        ),
        (
            "de",
            "Er rief laut dem Mann zu. „Halt an, du da!“ Gut.",
            ["Er rief laut dem Mann zu.", "„Halt an, du da!“", "Gut."],
        ),
    ],
)
def test_punctuation_stays_with_its_words(language: str, text: str, expected: list[str]) -> None:
    assert shown(text, language) == expected


def test_japanese_is_shown_in_lines_of_twenty_one_characters() -> None:
    text = (
        "「こんにちは。」と彼は言った。"
        "今日はとても天気がいいので、公園に行って友達と一緒に遊びましょう。"
    )
    assert shown(text, "ja", pattern=r"\w{1,3}") == [
        "「こんにちは。」と彼は言った。",
        "今日はとても天気がいいので、公園に行って友\n達と一緒に遊びましょう。",
    ]


def test_no_line_begins_with_what_closes() -> None:
    text = "一二三四五六七八九十一二三四五六七八九十一。二三"
    assert shown(text, "zh", pattern=r"\w")[0].split("\n")[1].startswith("一。")


def test_a_long_silence_ends_a_cue() -> None:
    spoken = [Word("one", 0, 0.5, 0, 3), Word("two", 1.6, 2, 4, 7), Word("three", 2.9, 3, 8, 13)]
    assert [(cue.start, cue.end, cue.text) for cue in cues(spoken, "one two three")] == [
        (0, 0.5, "one"),
        (1.6, 3, "two three"),
    ]


def test_seven_seconds_end_a_cue() -> None:
    text = "one two three four"
    spoken = words(text, each=3.0)
    assert [cue.text for cue in cues(spoken, text)] == ["one two", "three four"]


def test_pauses_are_not_shown() -> None:
    assert shown("One [pause:0.5s] two, [PAUSE:2] three.") == ["One two, three."]


def test_words_that_share_their_text_stay_together() -> None:
    text = "It costs 1999 euros."
    spoken = [
        Word("It", 0, 1, 0, 2),
        Word("costs", 1, 2, 3, 8),
        *(Word("part", 2 + index, 3 + index, 9, 13) for index in range(8)),
        Word("euros", 10, 11, 14, 19),
    ]
    assert " ".join(cue.text for cue in cues(spoken, text)) == text


def test_times_never_overlap_or_run_backwards() -> None:
    spoken = [
        Word("one.", 0.0004, 1.50049, 0, 4),
        Word("two.", 1.2, 1.3, 5, 9),
        Word("three.", 4, 4, 10, 16),
    ]
    assert [(cue.start, cue.end) for cue in cues(spoken, "One. Two. Three.")] == [
        (0.0, 1.5),
        (1.5, 1.501),
        (4.0, 4.001),
    ]


WORDS = (
    "Hello world. Dr. «Oui» (yes) ? — ¿Qué ¡Sí! \n\n \n 3.14 你好。世界，「中文」 안녕하세요 "
    "Привет... antidisestablishmentarianism [pause:1s] <b> & --> 👩‍👩‍👧 e\u0301"
).split(" ")
LONG_WORDS = ["supercalifragilisticexpialidocious" * 4, "長" * 90]
TEXTS = st.lists(st.sampled_from(WORDS + LONG_WORDS), max_size=50).map(" ".join)


@given(TEXTS, st.floats(0.0, 3.0))
def test_cues_show_every_word_once_in_order_and_fit(text: str, each: float) -> None:
    spoken = words(text, each, pattern=r"[A-Za-zÀ-ÿ]+|\d+|[^\W\d_A-Za-zÀ-ÿ]{1,4}")
    found = cues(spoken, text)
    letters = re.sub(r"[\W_]", "", re.sub(r"\[pause:.*?\]", "", text))
    assert re.sub(r"[\W_]", "", "".join(cue.text for cue in found)) == letters
    for cue in found:
        lines = cue.text.split("\n")
        assert all(line and line == line.strip() for line in lines)
        columns = [sum(not unicodedata.combining(sign) for sign in line) for line in lines]
        assert max(columns) <= COLUMNS
        assert len(lines) <= LINES or not re.search(r"\s\w", cue.text.replace("\n", ""))
        assert cue.start < cue.end
        assert cue.end - cue.start <= LONGEST_CUE + 0.002
        assert cue.start == round(cue.start, 3)
        assert cue.end == round(cue.end, 3)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert to_srt(found).count(" --> ") == len(found)
    assert to_vtt(found).count("-->") == len(found)


def test_subrip_is_written_with_commas_and_numbers() -> None:
    found = [Cue(0.0, 1.5, "One\ntwo"), Cue(3723.004, 3724.0, "a --> b\n\nc & <d>")]
    assert to_srt(found) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne\ntwo\n\n"
        "2\n01:02:03,004 --> 01:02:04,000\na -- > b\nc & <d>\n\n"
    )


def test_webvtt_is_written_with_points_and_escapes() -> None:
    found = [Cue(0.0, 1.5, "One\r\n\r\ntwo"), Cue(3723.004, 3724.0, "a --> b & <d>")]
    assert to_vtt(found) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne\ntwo\n\n"
        "01:02:03.004 --> 01:02:04.000\na --&gt; b &amp; &lt;d&gt;\n\n"
    )

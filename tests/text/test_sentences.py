"""Where sentences end in ten languages, and where long ones are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.text.language import MAIN
from polyvox.text.sentences import CLAUSE_PAUSE, cut_sentence, sentence_ends

SENTENCES = [
    ("en", ["Dr. Smith paid 3.14 dollars at 5 p.m. yesterday.", "He left."]),
    ("en", ["Mr. and Mrs. Brown met J. R. R. Tolkien.", "Really?!", "Wait...", "What?"]),
    ("en", ['"Is it?" she asked.', "(Yes, it is.)"]),
    ("en", ["He said 😀 hello.", "Then he left."]),
    ("de", ["Das ist z. B. gut, d. h. besser.", "Am 3. Mai kam Prof. Dr. Müller."]),
    ("de", ["„Halt!“ rief er.", "Es kostet ca. 3,14 Euro.", "Ach?!", "Ja …", "Gut."]),
    ("fr", ["M. Dupont et Mme Durand sont là.", "Le Dr. Petit aussi, p. ex. hier."]),
    ("fr", ["« Bonjour ! » dit-il.", "Ah bon ?!", "Oui…", "Cela coûte 3,14 euros."]),
    ("es", ["El Sr. López y la Sra. Ruiz llegaron a las 3 p. m. ayer.", "Son 3,14 euros."]),
    ("es", ["¿Qué?", "¡Hola!", "¿De verdad?!", "Sí...", "«Vale», dijo."]),
    ("pt", ["O Sr. Silva e a Dra. Lima chegaram.", "Vivem na Av. Paulista.", "É verdade?!"]),
    ("pt", ["Custa 3.14 reais.", "Sim...", "“Vamos!” disse ele."]),
    ("it", ["Il sig. Rossi e il dott. Bianchi arrivano.", "Costa 3,14 euro.", "Davvero?!"]),
    ("it", ["«Andiamo!» disse.", "Va bene...", "Perché?"]),
    ("ru", ["Это т. е. хорошо.", "А. С. Пушкин родился в 1799 г. в Москве.", "Правда?!"]),
    ("ru", ["Цена 3,14 рубля.", "Да…", "«Иди!» крикнул он."]),
    ("zh", ["你好。", "今天😀天气很好！", "价格是3.14元。", "真的？！", "是的……"]),
    ("zh", ["他说：“走吧。”", "然后离开了。"]),
    ("ja", ["こんにちは。", "値段は3.14円です。", "本当？！", "「行こう。」", "はい……"]),
    ("ko", ["김 박사님은 3.14라고 말했다.", '"정말?"', "네!", "그래…", "뭐?!"]),
]


@pytest.mark.parametrize(("language", "sentences"), SENTENCES)
def test_sentences_end_where_a_reader_ends_them(language: str, sentences: list[str]) -> None:
    text = ("" if language in ("zh", "ja") else " ").join(sentences)
    starts = [0, *sentence_ends(text, language)]
    assert [text[first:last].strip() for first, last in pairwise(starts)] == sentences


def test_regions_and_unknown_languages_have_rules_too() -> None:
    assert sentence_ends("One. Two.", "en-GB") == [5, 9]
    assert sentence_ends("One. Two.", "zz") == [5, 9]
    assert sentence_ends("你好。世界。", "yue") == [3, 6]


def test_a_stop_before_a_wide_space_does_no_harm() -> None:
    assert sentence_ends("A.\u3000你好。\u00a0B. \ud800 C", "en")[-1] == 13


def test_a_text_without_sentences_is_one() -> None:
    assert sentence_ends("word " * 10_000, "en") == [50_000]


def test_sentences_are_found_across_the_windows_of_a_long_paragraph() -> None:
    sentence = "This is a sentence of fifty characters, it is said. "
    assert sentence_ends(sentence * 500, "en") == [
        len(sentence) * (index + 1) for index in range(500)
    ]


@given(
    st.text(st.sampled_from("ab Z.!?。！？\"'“”()「」…,、😀é\u0301\u200d1\t\u3000\u00a0\n\ud800中"))
)
def test_the_ends_rise_to_the_length_of_any_text(text: str) -> None:
    for language in MAIN:
        ends = sentence_ends(text, language)
        assert ends == sorted(set(ends))
        assert ends[-1:] == ([len(text)] if text else [])


def cuts(text: str, limit: int) -> list[tuple[str, float]]:
    return [
        (text[first:last], pause) for first, last, pause in cut_sentence(text, 0, len(text), limit)
    ]


def test_long_sentences_are_cut_at_clauses() -> None:
    assert cuts("Es ist wahr, was er sagt; aber ich gehe.", 20) == [
        ("Es ist wahr,", CLAUSE_PAUSE),
        ("was er sagt;", CLAUSE_PAUSE),
        ("aber ich gehe.", 0.0),
    ]
    assert cuts("今天天气很好，我们去公园、河边；然后回家。", 10) == [
        ("今天天气很好，", CLAUSE_PAUSE),
        ("我们去公园、河边；", CLAUSE_PAUSE),
        ("然后回家。", 0.0),
    ]


def test_numbers_and_times_are_no_clauses() -> None:
    assert [part for part, _ in cuts("about 3,141,592 of 12:30:45 here", 20)] == [
        "about 3,141,592 of",
        "12:30:45 here",
    ]


def test_without_clauses_cuts_are_at_spaces_and_then_anywhere() -> None:
    assert cuts("one two three", 8) == [("one two", 0.0), ("three", 0.0)]
    assert cuts("abcdefghij", 4) == [("abcd", 0.0), ("efgh", 0.0), ("ij", 0.0)]


@pytest.mark.parametrize(
    "grapheme",
    ["e\u0323\u0301", "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "\u1112\u1161\u11ab", "क्षि", "❤\ufe0f"],
)
def test_what_is_read_as_one_character_is_never_cut(grapheme: str) -> None:
    for limit in range(1, 12):
        parts = [part for part, _ in cuts(grapheme * 20, limit)]
        assert "".join(parts) == grapheme * 20
        assert all(len(part) % len(grapheme) == 0 for part in parts)
        assert all(len(part) <= max(limit, len(grapheme)) for part in parts)


def test_a_cluster_without_end_is_cut_all_the_same() -> None:
    assert max(len(part) for part, _ in cuts("a" + "\u0301" * 10_000, 10)) == 64

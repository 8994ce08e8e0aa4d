"""Dividing texts into pieces: nothing is lost, nothing is doubled, nothing is too long."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvox.domain.errors import InvalidInput, NothingToSpeak
from polyvox.text.graphemes import LONGEST
from polyvox.text.language import MAIN
from polyvox.text.markup import find_pauses
from polyvox.text.normalize import tidy, untouched
from polyvox.text.segment import Piece, divide, speakable
from polyvox.text.sentences import CLAUSE_PAUSE
from polyvox.text.spans import PARAGRAPH_PAUSE, SENTENCE_PAUSE


def pieces(text: str, limit: int = 200, language: str = "en", **more: str) -> list[Piece]:
    return divide(text, language=language, supported=MAIN, limit=limit, **more)  # type: ignore[arg-type]


def spoken(text: str, limit: int = 200, language: str = "en") -> list[tuple[str, float]]:
    return [(piece.text, piece.pause) for piece in pieces(text, limit, language)]


def languages(text: str, **more: str) -> list[tuple[str, str]]:
    return [(piece.language, piece.text) for piece in pieces(text, language="auto", **more)]


def test_a_paragraph_under_the_limit_is_one_piece() -> None:
    text = "Hello, Dr. Smith. How are you? Fine!"
    assert spoken(text) == [(text, 0.0)]


def test_sentences_are_packed_up_to_the_limit() -> None:
    assert spoken("One one. Two two. Three. Four.", limit=17) == [
        ("One one. Two two.", SENTENCE_PAUSE),
        ("Three. Four.", 0.0),
    ]


def test_paragraphs_are_pieces_of_their_own() -> None:
    assert spoken("One.\n\nTwo.\r\n\r\nThree.") == [
        ("One.", PARAGRAPH_PAUSE),
        ("Two.", PARAGRAPH_PAUSE),
        ("Three.", 0.0),
    ]


def test_white_space_inside_a_piece_is_plain_spaces() -> None:
    assert spoken("one\ntwo\tthree\u00a0four") == [("one two three four", 0.0)]


def test_pauses_tell_how_a_piece_ended() -> None:
    text = "Eins, zwei und drei gehen. Vier bleibt.\n\nFünf."
    assert spoken(text, limit=12) == [
        ("Eins,", CLAUSE_PAUSE),
        ("zwei und", 0.0),
        ("drei gehen.", SENTENCE_PAUSE),
        ("Vier bleibt.", PARAGRAPH_PAUSE),
        ("Fünf.", 0.0),
    ]


def test_a_written_pause_takes_the_place_of_the_usual_one() -> None:
    assert spoken("One [pause:1s] two.\n\n[pause:500ms]\n\nThree.[pause:2]") == [
        ("One", 1.0),
        ("two.", 0.5),
        ("Three.", 2.0),
    ]


def test_pauses_in_a_row_add_up() -> None:
    assert spoken("One [pause:1][pause:2] [pause:0.5] two") == [("One", 3.5), ("two", 0.0)]


def test_a_pause_before_any_text_is_a_piece_without_text() -> None:
    first, second = pieces(" [pause:1][pause:2]Hi")
    assert (first.text, first.pause, first.silent, list(first.positions)) == ("", 3.0, True, [1])
    assert (second.text, second.pause, second.silent) == ("Hi", 0.0, False)


def test_malformed_pauses_are_spoken() -> None:
    assert spoken("a [pause:abc] b") == [("a [pause:abc] b", 0.0)]


def test_pauses_that_are_too_long_are_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        pieces("a [pause:31] b")
    assert refusal.value.param == "input"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(".", 0.25), ("...", 0.25), ("—!?", 0.25), ("[pause:2]", 2), ("! [pause:2] ?", 2)],
)
def test_a_text_of_punctuation_alone_is_silence(text: str, seconds: float) -> None:
    found = pieces(text)
    assert all(piece.silent for piece in found)
    assert sum(piece.pause for piece in found) == seconds


@pytest.mark.parametrize("text", ["", " \n", "\ud800", "\x00", "\u200b", "\u3000\ufeff"])
def test_a_blank_text_is_refused(text: str) -> None:
    with pytest.raises(NothingToSpeak) as refusal:
        pieces(text)
    assert refusal.value.param == "input"


@pytest.mark.parametrize("text", ["a", "7", "Ⅷ", "½", "+", "€", "😀", "字", "ª", "^"])
def test_letters_numbers_and_symbols_can_be_spoken(text: str) -> None:
    assert [piece.text for piece in pieces(text)] == [text]


def test_what_is_speakable_goes_by_the_unicode_category() -> None:
    for code in range(0x110000):
        character = chr(code)
        assert speakable(character) == (unicodedata.category(character)[0] in "LNS")


def test_punctuation_alone_is_a_silent_piece() -> None:
    assert [(each.text, each.silent) for each in pieces("One.\n\n* * *\n\nTwo.")] == [
        ("One.", False),
        ("* * *", True),
        ("Two.", False),
    ]


def test_an_unsupported_language_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Unsupported language"):
        pieces("Hello", language="sw")


def test_an_explicit_language_is_everywhere() -> None:
    found = divide("Hello. 你好。", language="German", supported=("de-de",), limit=5)
    assert {piece.language for piece in found} == {"de-de"}


def test_a_text_in_one_language_has_one_language() -> None:
    assert languages("Guten Morgen. Wie geht es Ihnen heute?") == [
        ("de", "Guten Morgen. Wie geht es Ihnen heute?")
    ]


def test_sentences_in_another_script_are_pieces_in_their_own_language() -> None:
    text = (
        "Hello there, my friend. 今天天气很好。これは日本語の文です。"
        "안녕하세요 여러분. Как у тебя дела сегодня? Well, I must go now."
    )
    assert languages(text) == [
        ("en", "Hello there, my friend."),
        ("zh", "今天天气很好。"),
        ("ja", "これは日本語の文です。"),
        ("ko", "안녕하세요 여러분."),
        ("ru", "Как у тебя дела сегодня?"),
        ("en", "Well, I must go now."),
    ]


def test_short_sentences_stay_with_their_neighbours() -> None:
    text = "今天天气很好。OK! 我们去公园吧。"
    assert languages(text) == [("zh", text)]


def test_a_quoted_name_does_not_change_the_language() -> None:
    assert languages("Das Wort „мир“ ist Russisch und heißt Frieden.")[0][0] == "de"


def test_script_that_no_supported_language_has_is_left_to_the_default() -> None:
    assert languages("שלום לכולם וברוכים הבאים", default="fr")[0][0] == "fr"


def test_positions_lead_back_through_markup_and_normalisation() -> None:
    text = "\ufeffCafe\u0301 [pause:1s]\r\n  au lait."
    first, second = pieces(text)
    assert first.text == "Café"
    assert [text[index] for index in first.positions[:-1]] == ["C", "a", "f", "e"]
    assert first.positions[-1] == text.index(" ")
    assert [text[index] for index in second.positions[:-1]] == list("au lait.")
    assert second.positions[-1] == len(text)


def test_text_that_is_not_to_be_normalised_stays_as_it_is() -> None:
    [piece] = divide("cafe\u0301\u200b!", language="fr", supported=MAIN, limit=9, normalize=False)
    assert piece.text == "cafe\u0301\u200b!"


WORDS = (
    "Hello world. Dr. 3.14 ?! ... … “Go!” Straße z. B. „Halt!“ Où ça ? ¿Qué? ação perché, "
    "你好。 今天，天气；很好！ これは日本語です。 「はい」 안녕하세요. Привет, как дела? т. е. "
    "مرحبا نعم؟ שלום नमस्ते। สวัสดี 😀 👩‍👩‍👧 🇩🇪🇫🇷 👍🏽 1️⃣ cafe\u0301 "
    "\u1112\u1161\u11ab \x00 \x1b \ud800 "
    "\u200b \u00ad \ufeff [pause:0.5s] [pause:10ms] [PAUSE:1] [pause:abc] [paused] [pause: , ; — - "
    "# 1. • \u0301 ! * (a) https://example.org/a?b=c&d 12:30:45 1,000,000 \u0958 e\u0323\u0301"
).split(" ")
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from([" ", "\n", "\n\n", "\r\n", "\t", "\u3000", "\u00a0", ""]),
        st.sampled_from("aé字がк가\U0001f1e9\u0301").map(lambda each: each * 97),
        st.text(max_size=12),
    ),
    max_size=60,
).flatmap(lambda parts: st.sampled_from([" ".join(parts), "".join(parts)]))


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.integers(1, 500), st.sampled_from(["auto", "en", "zh", "ru"]), st.booleans())
def test_nothing_of_the_text_is_lost_or_doubled(
    text: str, limit: int, language: str, normalize: bool
) -> None:
    tidied = tidy(text) if normalize else untouched(text)
    written = find_pauses(tidied.text)
    words = tidied.text
    for pause in reversed(written):
        words = words[: pause.first] + words[pause.last :]
    try:
        found = divide(text, language=language, supported=MAIN, limit=limit, normalize=normalize)
    except NothingToSpeak:
        assert not tidied.text.strip()
        return

    assert without_space("".join(piece.text for piece in found)) == without_space(words)
    assert any(not piece.silent or piece.pause for piece in found)

    positions = [index for piece in found for index in list(piece.positions)[:-1]]
    assert all(first < second for first, second in pairwise(positions))
    where = {index: each for index, each in zip(tidied.positions, tidied.text, strict=False)}
    for piece in found:
        assert len(piece.positions) == len(piece.text) + 1
        assert list(piece.positions) == sorted(set(piece.positions))
        for character, index in zip(piece.text, piece.positions, strict=False):
            assert character == where[index] or (character == " " and where[index].isspace())
            assert where[index] == text[index] or normalize or text[index] >= "\ud800"
        assert piece.text == piece.text.strip()
        assert len(piece.text) <= max(limit, LONGEST)
        assert len(piece.text) <= limit or indivisible(piece.text)
        assert piece.text or piece is found[0]
        assert piece.language in MAIN
        assert language in ("auto", piece.language)

    longer = [piece.pause for piece in found]
    usual = {0.0, CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE}
    assert sum(longer) >= sum(pause.seconds for pause in written) - 1e-6
    if not written:
        assert set(longer) <= usual
        assert longer[-1] == 0.0 or all(piece.silent for piece in found)


def indivisible(text: str) -> bool:
    """Whether it is one grapheme: a letter with what belongs to it, or a pair of flag letters."""
    assert len(text) > 1
    return all(
        unicodedata.category(each)[0] == "M"
        or each in "\u200c\u200d"
        or before in "\u200d\u094d\u0e3a"
        or "\U0001f1e6" <= each <= "\U0001f1ff"
        or "\U0001f3fb" <= each <= "\U0001f3ff"
        or "\U000e0020" <= each <= "\U000e007f"
        or "\u1100" <= each <= "\u11ff"
        or unicodedata.combining(before) == 9
        for before, each in pairwise(text)
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["a.", "b", "\n\n", "。", "...", None]), max_size=30), st.data())
def test_every_written_pause_is_heard_once(parts: list[str | None], data: st.DataObject) -> None:
    seconds = st.integers(1, 20).map(lambda each: each * 100)
    written = [each if each else f"[pause:{data.draw(seconds)}ms]" for each in parts]
    text = "x" + " ".join(written)
    pauses = find_pauses(text)
    found = pieces(text, limit=3)
    expected: dict[int, float] = {}
    for pause in pauses:
        before = len(without_space(re.sub(r"\[pause:\d+ms\]", "", text[: pause.first])))
        expected[before] = expected.get(before, 0.0) + pause.seconds
    heard, done = {}, 0
    for piece in found:
        done += len(without_space(piece.text))
        heard[done] = piece.pause
    assert {place: heard[place] for place in expected} == pytest.approx(expected)
    rest = [pause for place, pause in heard.items() if place not in expected]
    assert set(rest) <= {0.0, CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE}


@pytest.mark.long
@pytest.mark.parametrize(
    "unit",
    [
        "Hello world, this is Dr. Smith; and he left. \n",
        "你好，世界。今天天气很好！",
        "a",
        " .",
        "[pause:",
        "\U0001f1e9",
        "\u0301\u0323",
        "👩\u200d",
        "Cafe\u0301 \r\n",
    ],
)
def test_a_megabyte_is_divided(unit: str) -> None:
    text = "x" + unit * (1_000_000 // len(unit))
    found = pieces(text, limit=400, language="auto")
    assert without_space("".join(each.text for each in found)) == without_space(tidy(text).text)
    assert max(len(each.text) for each in found) <= 400

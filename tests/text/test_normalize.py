"""Tidying a text without losing where its characters came from."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.text.normalize import tidy, untouched

ROUGH = st.text(
    st.one_of(
        st.sampled_from("aeo \n\t\r\x00\x0b\x85\u2028\u200b\u200c\u200d\ufeff\u00ad"),
        st.sampled_from("\u0301\u0323\u0344\u0958\u1100\u1161\u11a8가\u09c7\u09be😀\ud800é"),
        st.characters(),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("a\x00b\x1bc\x7fd", "a b c d"),
        ("lone \ud800 surrogate", "lone   surrogate"),
        ("one\r\ntwo\rthree\x0bfour\u2028five", "one\ntwo\nthree\nfour\nfive"),
        ("tab\tstays", "tab\tstays"),
        ("\ufeffhid\u00adden\u200b!", "hidden!"),
        ("fa\u200dr", "far"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("cafe\u0301", "café"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("e\u200b\u0301", "é"),
        ("a\u0323\u0301", "ạ\u0301"),
    ],
)
def test_what_cannot_be_spoken_is_tidied_away(text: str, expected: str) -> None:
    assert tidy(text).text == expected


def test_a_tidy_text_costs_no_list_of_positions() -> None:
    text = "Nothing to do here, né? 한글 👩\u200d🚀\n" * 1000
    tidied = tidy(text)
    assert tidied.text == text
    assert tidied.positions == range(len(text) + 1)


def test_positions_lead_back_to_the_original() -> None:
    text = "\ufeffcafe\u0301\r\n\u200bbar"
    tidied = tidy(text)
    assert tidied.text == "café\nbar"
    assert list(tidied.positions) == [1, 2, 3, 4, 7, 9, 10, 11, 12]


@given(ROUGH)
def test_positions_always_increase_and_end_at_the_length(text: str) -> None:
    tidied = tidy(text)
    positions = list(tidied.positions)
    assert len(positions) == len(tidied.text) + 1
    assert positions[-1] == len(text)
    assert all(first < second for first, second in pairwise(positions))
    for character, position in zip(tidied.text, positions, strict=False):
        original = text[position]
        assert (
            character == original
            or character.isspace()
            or unicodedata.normalize("NFC", text[position : position + 32]).startswith(character)
            or unicodedata.category(character)[0] == "M"
        )


@given(
    st.text(st.sampled_from("aeouAo \u0301\u0308\u0323\u0327\u1100\u1161\u11a8가각\u09c7\u09be"))
)
def test_composition_in_clusters_is_composition_of_the_whole(text: str) -> None:
    assert tidy(text).text == unicodedata.normalize("NFC", text)


def test_a_cluster_without_end_is_left_alone() -> None:
    text = "a" + "\u0301\u0323" * 200_000
    assert tidy(text).text == text


def test_a_character_that_would_be_taken_apart_stays() -> None:
    assert tidy("\u0958").text == "\u0958"


def test_text_that_is_not_to_be_normalised_only_loses_surrogates() -> None:
    text = "cafe\u0301\x00\u200b\ud800!"
    left = untouched(text)
    assert left.text == "cafe\u0301\x00\u200b !"
    assert list(left.positions) == list(range(len(text) + 1))


def test_ten_million_characters_are_tidied() -> None:
    text = "Cafe\u0301 and more of it, line by line.\r\n" * 250_000
    tidied = tidy(text)
    assert len(tidied.text) == len(text) - 2 * 250_000
    assert tidied.positions[-1] == len(text)

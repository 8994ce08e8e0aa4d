"""Voices are found by what clients call them."""

import pytest

from polyvox.app import catalogue
from polyvox.domain.errors import NotFound
from polyvox.domain.voice import Voice
from polyvox.services.voices import GENERIC, OPENAI, Voices
from polyvox.settings import Settings

SETTINGS = Settings.model_validate({"engines": {"enabled": ("espeak", "tone")}})


@pytest.fixture
def voices() -> Voices:
    return catalogue(SETTINGS)[1]


def test_openais_names_are_thirteen_distinct_voices(voices: Voices) -> None:
    found = [voices.find(name, "espeak") for name in OPENAI]
    assert len(found) == 13
    assert len({voice.id for voice in found}) == 13


@pytest.mark.parametrize("name", [*GENERIC, *OPENAI])
def test_every_engine_answers_to_well_known_names(voices: Voices, name: str) -> None:
    assert voices.find(name, "espeak").name == name
    assert voices.find(name, "tone").engine == "tone"


@pytest.mark.parametrize("name", ["Vivian", "vivian", "UNCLE_FU", "Ono_Anna"])
def test_qwens_speakers_are_aliases_in_any_case(voices: Voices, name: str) -> None:
    aliases = [alias.lower() for alias in voices.find(name, "espeak").aliases]
    assert name.lower() in aliases


def test_ids_are_unique_and_found(voices: Voices) -> None:
    listed = voices.list()
    assert len({voice.id for voice in listed}) == len(listed) == 24
    assert all(voices.get(voice.id) == voice for voice in listed)


def test_a_name_nobody_has_is_answered_with_near_ones(voices: Voices) -> None:
    with pytest.raises(NotFound, match="alloy"):
        voices.find("aloy", "espeak")
    with pytest.raises(NotFound):
        voices.get("espeak.nobody")


def test_lists_are_filtered(voices: Voices) -> None:
    def names(found: list[Voice]) -> set[str]:
        return {voice.name for voice in found}

    assert names(voices.list(engine="tone")) == {"low", "middle", "high"}
    assert names(voices.list(text="deep")) == {"male_deep", "onyx"}
    assert all(voice.gender == "female" for voice in voices.list(text="female"))
    assert names(voices.list(language="cy", text="nova")) == {"nova"}
    assert not voices.list(language="cy", engine="tone")
    assert not voices.list(kind="cloned")

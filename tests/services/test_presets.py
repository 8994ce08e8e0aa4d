"""Preset voices are found by what clients call them."""

import pytest

from polyvox.app import catalogue
from polyvox.domain.errors import NotFound
from polyvox.domain.voice import VoiceRecord
from polyvox.services import Services
from polyvox.services.presets import GENERIC, OPENAI, Presets
from polyvox.services.voices import Voices
from polyvox.settings import Settings

SETTINGS = Settings.model_validate({"engines": {"enabled": ("espeak", "tone")}})


@pytest.fixture
def presets() -> Presets:
    return catalogue(SETTINGS)[1]


@pytest.fixture
def voices(services: Services) -> Voices:
    return services.voices


def test_openais_names_are_thirteen_distinct_voices(presets: Presets) -> None:
    found = [presets.named(name, "espeak") for name in OPENAI]
    assert len({voice.id for voice in found if voice}) == 13


@pytest.mark.parametrize("name", [*GENERIC, *OPENAI])
async def test_every_engine_answers_to_well_known_names(voices: Voices, name: str) -> None:
    assert (await voices.find(name, "espeak")).name == name
    assert (await voices.find(name, "tone")).engine == "tone"


@pytest.mark.parametrize("name", ["Vivian", "vivian", "UNCLE_FU", "Ono_Anna"])
async def test_qwens_speakers_are_aliases_in_any_case(voices: Voices, name: str) -> None:
    aliases = [alias.lower() for alias in (await voices.find(name, "espeak")).aliases]
    assert name.lower() in aliases


async def test_ids_are_unique_and_found(presets: Presets, voices: Voices) -> None:
    listed = presets.list(("espeak", "tone"))
    assert len({voice.id for voice in listed}) == len(listed) == 24
    assert all([await voices.get(voice.id) == VoiceRecord(voice) for voice in listed])


async def test_a_name_nobody_has_is_answered_with_near_ones(voices: Voices) -> None:
    with pytest.raises(NotFound, match="alloy"):
        await voices.find("aloy", "espeak")
    with pytest.raises(NotFound):
        await voices.get("espeak.nobody")
    with pytest.raises(NotFound, match="belongs to engine 'tone'"):
        await voices.find("tone.low", "espeak")
    assert (await voices.find("tone.low", "espeak", anywhere=True)).engine == "tone"


async def test_lists_are_filtered(voices: Voices) -> None:
    async def names(**asked: str) -> set[str]:
        found, _ = await voices.list(kind="preset", **asked)  # type: ignore[arg-type]
        return {record.voice.name for record in found}

    assert await names(engine="tone") == {"low", "middle", "high"}
    assert await names(text="deep") == {"male_deep", "onyx"}
    found, _ = await voices.list(text="female", kind="preset")
    assert all(record.voice.gender == "female" for record in found)
    assert await names(language="cy", text="nova") == {"nova"}
    assert not await names(language="cy", engine="tone")

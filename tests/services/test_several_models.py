"""An engine of several models: each does its own, some speak with each other's voices; what an
engine is told is part of what it sounds like."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from polyvox.app import running
from polyvox.audio.encode import format_named
from polyvox.domain.errors import InvalidInput
from polyvox.domain.speech import Utterance
from polyvox.services import Services
from polyvox.services.enrolment import About
from polyvox.settings import Settings

PCM = format_named("pcm")
FAMILY = """
from dataclasses import dataclass

from polyvox.engines.options import option
from polyvox.engines.tone import Tone


class Family(Tone):
    name = "family"
    models = ("speaker", "designer", "cloner", "stranger")
    abilities = {
        "speaker": ("synthesize", "presets"),
        "designer": ("synthesize", "design"),
        "cloner": ("synthesize", "enroll"),
        "stranger": ("synthesize", "enroll"),
    }
    also_speaks = {"designer": ("cloner",)}

    @dataclass(frozen=True)
    class Settings:
        mood: str = option("calm", "How it feels.")
"""


@asynccontextmanager
async def family(folder: Path, mood: str = "calm") -> AsyncIterator[Services]:
    (folder / "engines").mkdir(exist_ok=True)
    (folder / "engines" / "family.py").write_text(FAMILY, encoding="utf-8")
    engines = {"enabled": ("family",), "folder": folder / "engines"}
    engines["settings"] = {"family": {"mood": mood}}  # type: ignore[assignment]
    chosen = {"engines": engines, "speech": {"model": "speaker"}, "storage": {"folder": folder}}
    async with running(Settings.model_validate(chosen)) as services:
        yield services


async def model_for(services: Services, voice: str, model: str | None) -> str:
    speech = await services.synthesis.speak(Utterance("hum", voice=voice, model=model), PCM)
    await speech.aclose()
    return speech.model


async def test_a_designed_voice_is_spoken_by_its_model_and_those_that_can(tmp_path: Path) -> None:
    async with family(tmp_path) as services:
        about = About("Deep", "a low one")
        record, _ = await services.enrolment.design(about)
        assert record.voice.model == "designer"
        assert await model_for(services, "Deep", None) == "designer"
        assert await model_for(services, "Deep", "designer") == "designer"
        assert await model_for(services, "Deep", "cloner") == "cloner"
        for other in ("stranger", "speaker"):
            with pytest.raises(InvalidInput, match="made for model 'designer'"):
                await model_for(services, "Deep", other)


async def test_presets_are_spoken_by_the_model_that_has_them(tmp_path: Path) -> None:
    async with family(tmp_path) as services:
        assert await model_for(services, "low", "speaker") == "speaker"
        with pytest.raises(InvalidInput, match="presets"):
            await model_for(services, "low", "cloner")


async def test_names_without_a_size_are_listed_where_their_engine_is_on(tmp_path: Path) -> None:
    sizeless = {"qwen3-tts-preset", "qwen3-tts-custom"}
    for enabled, listed in ((("espeak",), False), (("espeak", "qwen3"), True)):
        chosen = {"engines": {"enabled": enabled}, "storage": {"folder": tmp_path}}
        async with running(Settings.model_validate(chosen), stored=False) as services:
            found = services.engines.models()
            ids = [model.id for model in found]
            assert len(ids) == len(set(ids))
            assert sizeless & set(ids) == (sizeless if listed else set())
            for model in found:
                assert services.engines.find(model.id) == model


async def test_an_engine_that_is_told_otherwise_speaks_anew(tmp_path: Path) -> None:
    asked = Utterance("hum", voice="low")
    for mood, cached in (("calm", False), ("calm", True), ("wild", False), ("calm", True)):
        async with family(tmp_path, mood) as services:
            speech = await services.synthesis.speak(asked, PCM)
            assert speech.cached == cached, mood
            await speech.collect()

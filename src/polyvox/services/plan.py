"""Understands an utterance before anything is spoken: every refusal of a request is here."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from polyvox import __version__
from polyvox.audio.encode import Format, output_rate
from polyvox.domain.engine import Model
from polyvox.domain.errors import InvalidInput, PolyvoxError
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import check
from polyvox.services.engines import Engines
from polyvox.services.voices import Voices
from polyvox.text.language import resolve
from polyvox.text.segment import Piece, divide

SLOWEST, FASTEST = 0.25, 4.0
_LONG = 20_000
"""Characters from which a text is divided in a thread of its own."""


@dataclass(frozen=True)
class Plan:
    """An utterance, understood."""

    utterance: Utterance
    model: Model
    engine: type[Synthesizer]
    voice: Voice
    options: Mapping[str, Any]
    stretch: float
    """Speed that is left for stretching, after the engine's own."""
    pieces: list[Piece]
    format: Format
    sample_rate: int
    """Hertz, of what is encoded."""
    fallback_reason: str | None = None
    """Why another engine speaks than was asked for."""

    @property
    def key(self) -> str:
        """The same for requests that must sound the same, and only for those."""
        what = {
            "polyvox": __version__,
            "engine": [self.engine.name, self.engine.version, self.model.id],
            "voice": [self.voice.id, self.voice.digest],
            "options": sorted(self.options.items()),
            "stretch": self.stretch,
            "seed": self.utterance.seed or 0,
            "instructions": self.utterance.instructions,
            "text": self.utterance.text,
            "pieces": [[piece.text, piece.language, piece.pause] for piece in self.pieces],
            "format": [self.format.name, self.sample_rate],
        }
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


class Planner:
    """Makes plans with the engines and voices there are."""

    def __init__(self, engines: Engines, voices: Voices, max_characters: int) -> None:
        """`max_characters` is the longest text of one utterance."""
        self._engines, self._voices = engines, voices
        self.max_characters = max_characters

    async def plan(
        self, asked: Utterance, fmt: Format, sample_rate: int | None, voice: Voice | None = None
    ) -> Plan:
        """`voice` is one that is not kept, instead of the one that is named. Raises
        InvalidInput, NotFound or NothingToSpeak, naming the field that is wrong."""
        self._check(asked)
        model = self._engines.find(asked.model)
        free = asked.model is None or model.alias_of is not None
        voice = voice or await self._voices.find(asked.voice, model.engine, anywhere=free)
        model = self._model(model, voice, free)
        engine = self._engines.synthesizer(model.engine)
        language = resolve(asked.language, engine.languages)
        options, stretch = _paced(engine, asked)
        divided = dict(
            language=language,
            supported=engine.languages,
            limit=engine.max_characters,
            normalize=asked.normalize,
        )
        if len(asked.text) < _LONG:
            pieces = divide(asked.text, **divided)  # type: ignore[arg-type]
        else:
            pieces = await asyncio.to_thread(divide, asked.text, **divided)  # type: ignore[arg-type]
        rate = output_rate(fmt, sample_rate)
        reason = f"the engine of {model.id} is not here" if model.stands_in else None
        return Plan(asked, model, engine, voice, options, stretch, pieces, fmt, rate, reason)

    async def instead(self, plan: Plan, error: PolyvoxError) -> AsyncIterator[Plan]:
        """Plans for the engines that may stand in for the plan's own, with the voice of the same
        name or gender, and without the options of another engine."""
        for name in self._engines.fallbacks(plan.engine.name):
            model = self._engines.model_of(name)
            asked = replace(plan.utterance, model=model.id, options={}, voice=None)
            voice = await self._voices.like(plan.voice, plan.utterance.voice, name)
            other = await self.plan(asked, plan.format, plan.sample_rate, voice)
            reason = f"{plan.engine.name}: {error.message}"
            yield replace(
                other,
                utterance=replace(plan.utterance, model=model.id, options={}),
                fallback_reason=" ".join(reason.split())[:200],
            )

    def _model(self, model: Model, voice: Voice, free: bool) -> Model:
        """The model that speaks with `voice`: the one asked for, unless that was left open."""
        if voice.digest is None:
            if voice.engine == model.engine and self._engines.is_able(model, "presets"):
                return model
            return self._engines.model_able("presets", voice.engine, None if free else model.id)
        if voice.model is None:
            return model if voice.engine == model.engine else self._engines.model_of(voice.engine)
        if free or model.loaded == voice.model:
            return self._engines.find(voice.model)
        raise InvalidInput(
            f"Voice '{voice.name}' was made for model '{voice.model}'; ask for that one.",
            param="model",
        )

    def _check(self, asked: Utterance) -> None:
        if len(asked.text) > self.max_characters:
            raise InvalidInput(
                f"The text has {len(asked.text)} characters; at most {self.max_characters} are "
                "taken at once (setting speech.max_characters).",
                param="input",
            )
        if not SLOWEST <= asked.speed <= FASTEST:
            raise InvalidInput(
                f"Speed must be between {SLOWEST} and {FASTEST:g}, not {asked.speed:g}.",
                param="speed",
            )


def _paced(engine: type[Synthesizer], asked: Utterance) -> tuple[dict[str, Any], float]:
    """Options with the engine's own speed where it has one, and what is left to stretch."""
    options = dict(asked.options)
    rule = next((each for each in fields(engine.Options) if each.name == "speed"), None)
    own = 1.0
    if rule and asked.speed != 1 and "speed" not in options:
        own = min(max(asked.speed, rule.metadata["ge"]), rule.metadata["le"])
        options["speed"] = own
    check(engine.Options, options)
    return options, asked.speed / own

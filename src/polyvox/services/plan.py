"""Understands an utterance before anything is spoken: every refusal of a request is here."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import Any

from polyvox import __version__
from polyvox.audio.effects import Chain
from polyvox.audio.encode import Format, output_rate
from polyvox.domain.engine import Model
from polyvox.domain.errors import InvalidInput, PolyvoxError
from polyvox.domain.profile import Profile
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import check
from polyvox.services.effects import Effects
from polyvox.services.engines import Engines
from polyvox.services.profiles import Profiles
from polyvox.services.voices import Voices
from polyvox.text.language import resolve
from polyvox.text.segment import Piece, divide

SLOWEST, FASTEST = 0.25, 4.0
LOWEST, HIGHEST = 0.5, 2.0
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
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The engine's own settings; may hold secrets."""
    source: Plan | None = None
    """Who speaks first, where the engine only converts."""
    effects: Effects = field(default_factory=Effects)
    """What is done to the sound."""
    whole: bool = False
    """Whether nobody listens before all of it is there."""
    promised: bool = False
    """Whether it belongs to work that was accepted, and waits its turn however long."""

    @property
    def repeatable(self) -> bool:
        """Whether the same request always sounds the same."""
        return self.engine.deterministic and (self.source is None or self.source.repeatable)

    @property
    def chain(self) -> partial[Chain] | None:
        """What is done to the sound, as `Renderer` takes it."""
        return self.effects.chain(whole=self.whole)

    @property
    def key(self) -> str:
        """The same for requests that must sound the same, and only for those."""
        what = {
            "polyvox": __version__,
            "engine": [self.engine.name, self.engine.version, self.model.id, self.told],
            "voice": [self.voice.id, self.voice.digest],
            "options": sorted(self.options.items()),
            "stretch": self.stretch,
            "pitch": self.utterance.pitch,
            "effects": asdict(self.effects),
            "whole": self.whole and self.effects.loudness != 0,
            "seed": self.utterance.seed or 0,
            "instructions": self.utterance.instructions,
            "text": self.utterance.text,
            "pieces": [[piece.text, piece.language, piece.pause] for piece in self.pieces],
            "format": [self.format.name, self.sample_rate, self.format.marked],
            "source": self.source and self.source.key,
        }
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


class Planner:
    """Makes plans with the engines and voices there are."""

    def __init__(
        self,
        engines: Engines,
        voices: Voices,
        profiles: Profiles,
        max_characters: int,
        marked: bool = True,
    ) -> None:
        """`max_characters` is the longest text of one utterance; `marked` says whether files tell
        that their speech is synthetic."""
        self._engines, self._voices, self._profiles = engines, voices, profiles
        self.max_characters, self.marked = max_characters, marked

    async def plan(
        self,
        asked: Utterance,
        fmt: Format,
        sample_rate: int | None,
        voice: Voice | None = None,
        longest: int | None = None,
    ) -> Plan:
        """`voice` is one that is not kept, instead of the one that is named; `longest` text that
        is taken, where it is not `max_characters`. Raises InvalidInput, NotFound or
        NothingToSpeak, naming the field that is wrong."""
        self._check(asked, longest or self.max_characters)
        model = self._engines.find(asked.model)
        free = asked.model is None or model.alias_of is not None
        voice = voice or await self._voices.find(asked.voice, model.engine, anywhere=free)
        model = self._model(model, voice, free)
        engine = self._engines.synthesizer(model.engine)
        rate = output_rate(fmt, sample_rate)
        reason = f"the engine of {model.id} is not here" if model.stands_in else None
        profile, effects = await self._profiles.choose(asked.profile, engine.name)
        options, stretch = _paced(engine, asked, profile)
        if self._engines.source(engine.name):
            base = await self._base(options, engine.name, voice)
            said = replace(asked, voice=None, options={}, profile=None)
            said = replace(said, model=self._engines.model_of(base.engine).id)
            source = await self.plan(said, fmt, sample_rate, base, longest)
            pieces, stretch = source.pieces, source.stretch
        else:
            source, pieces = None, await _pieces(engine, asked)
        told = self._engines.told(engine.name)
        await self._profiles.touch(profile)
        return Plan(
            asked,
            model,
            engine,
            voice,
            options,
            stretch,
            pieces,
            replace(fmt, marked=self.marked),
            rate,
            reason,
            told,
            source,
            effects,
        )

    def choosing(self, profiles: Profiles) -> Planner:
        """The same with other profiles."""
        limits = (self.max_characters, self.marked)
        return Planner(self._engines, self._voices, profiles, *limits)

    async def _base(self, options: Mapping[str, Any], engine: str, voice: Voice) -> Voice:
        """Who speaks before `engine` converts it into `voice`: the option `base_voice`, or a
        preset of the same gender."""
        speaking = str(self._engines.source(engine))
        base = options.get("base_voice")
        if base:
            spoken = await self._voices.find(base, speaking, anywhere=True)
        else:
            spoken = await self._voices.like(voice, None, speaking)
        if self._engines.source(spoken.engine):
            raise InvalidInput(f"'{base:.80}' cannot speak first.", param="base_voice")
        return spoken

    async def instead(self, plan: Plan, error: PolyvoxError) -> AsyncIterator[Plan]:
        """Plans for the engines that may stand in for the plan's own, with the voice of the same
        name or gender, and without the options and the profile of another engine."""
        for name in self._engines.fallbacks(plan.engine.name):
            model = self._engines.model_of(name)
            asked = replace(plan.utterance, model=model.id, options={}, voice=None, profile=None)
            voice = await self._voices.like(plan.voice, plan.utterance.voice, name)
            longest = max(len(asked.text), self.max_characters)
            other = await self.plan(asked, plan.format, plan.sample_rate, voice, longest)
            reason = f"{plan.engine.name}: {error.message}"
            yield replace(
                other,
                utterance=replace(plan.utterance, model=model.id, options={}, profile=None),
                whole=plan.whole,
                promised=plan.promised,
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
        also = self._engines.synthesizer(voice.engine).also_speaks
        if model.loaded in also.get(voice.model, ()):
            return model
        raise InvalidInput(
            f"Voice '{voice.name}' was made for model '{voice.model}'; ask for that one.",
            param="model",
        )

    def _check(self, asked: Utterance, longest: int) -> None:
        if len(asked.text) > longest:
            raise InvalidInput(
                f"The text has {len(asked.text)} characters; at most {longest} are "
                "taken at once (setting speech.max_characters).",
                param="input",
            )
        if not SLOWEST <= asked.speed <= FASTEST:
            raise InvalidInput(
                f"Speed must be between {SLOWEST} and {FASTEST:g}, not {asked.speed:g}.",
                param="speed",
            )
        if not LOWEST <= asked.pitch <= HIGHEST:
            raise InvalidInput(
                f"Pitch must be between {LOWEST} and {HIGHEST:g}, not {asked.pitch:g}.",
                param="pitch",
            )


async def _pieces(engine: type[Synthesizer], asked: Utterance) -> list[Piece]:
    """The text as the engine takes it."""
    cut = partial(
        divide,
        asked.text,
        language=resolve(asked.language, engine.languages),
        supported=engine.languages,
        limit=engine.max_characters,
        normalize=asked.normalize,
    )
    return cut() if len(asked.text) < _LONG else await asyncio.to_thread(cut)


def _paced(
    engine: type[Synthesizer], asked: Utterance, profile: Profile
) -> tuple[dict[str, Any], float]:
    """The profile's options and the request's over them, with the engine's own speed where it has
    one, and what is left to stretch."""
    options = {**profile.options, **asked.options}
    rule = next((each for each in fields(engine.Options) if each.name == "speed"), None)
    left = asked.speed
    if rule and asked.speed != 1 and "speed" not in asked.options:
        wanted = asked.speed * options.get("speed", rule.default)
        options["speed"] = min(max(wanted, rule.metadata["ge"]), rule.metadata["le"])
        left = wanted / options["speed"]
    check(engine.Options, options)
    return options, left

"""Which engines and models there are, what they can do, and how they are doing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from polyvox.domain.engine import EngineStatus, Model
from polyvox.domain.errors import InvalidInput, NotFound, PolyvoxError, Unavailable
from polyvox.engines.contract import Synthesizer, capabilities
from polyvox.engines.options import schema
from polyvox.engines.registry import Registry
from polyvox.runtime.breaker import CLOSED, HALF_OPEN, OPEN
from polyvox.runtime.pool import FAILED, LOADING, READY, SLEEPING
from polyvox.runtime.speakers import Speakers
from polyvox.text.language import resolve

_log = logging.getLogger(__name__)
ABSENT = "absent"
BREAKER_STATES = (CLOSED, HALF_OPEN, OPEN)
"""Of a circuit breaker, the most troubled last."""
STATES = (READY, LOADING, SLEEPING, FAILED, ABSENT)
"""Of an engine, the liveliest first."""

OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
"""Names that existing clients send; they mean the default model."""
QWEN_MODELS = (
    "qwen3-tts-preset",
    "qwen3-tts-custom",
    "qwen3-tts-1.7b-preset",
    "qwen3-tts-0.6b-preset",
    "qwen3-tts-1.7b-voice-clone",
    "qwen3-tts-0.6b-voice-clone",
    "qwen3-tts-1.7b-voice-design",
)
"""Names that clients of Qwen3-TTS send."""
QWEN = "qwen3"
_ANY_SIZE = {"qwen3-tts-preset": "presets", "qwen3-tts-custom": "enroll"}
"""Names without a size, and what their model must be able to do."""


class Engines:
    """The engines that are switched on, the default one first."""

    def __init__(
        self,
        registry: Registry,
        pool: Speakers,
        enabled: Sequence[str],
        default_model: str,
        stand_in: str | None = None,
        fallbacks: Mapping[str, Sequence[str]] | None = None,
        through: Mapping[str, str] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`stand_in` names the engine that speaks for models whose own engine is not here,
        `fallbacks` those that speak for an engine that fails, in their order, `through` the one
        that speaks first for an engine that converts; `settings` are what engines are told."""
        self._fallbacks, self._through = fallbacks or {}, through or {}
        self._settings = settings or {}
        self._registry, self._pool = registry, pool
        self._enabled = tuple(dict.fromkeys(enabled))
        self._models = {
            model.id: model for name in self._enabled for model in self._models_of(name)
        }
        self.default = self.find(default_model)
        for name in OPENAI_MODELS:
            self._models[name] = Model(name, self.default.engine, alias_of=self.default.id)
        if stand_in:
            other = self.model_of(self.synthesizer(stand_in).name)
            for name in QWEN_MODELS:
                model = Model(name, other.engine, alias_of=other.id, stands_in=True)
                self._models.setdefault(name, model)

    @property
    def names(self) -> tuple[str, ...]:
        return self._enabled

    def add(self, engine: str) -> None:
        """Switch on another engine, which a node speaks with. Raises NotFound for one of which
        nothing is known here."""
        if engine in self._enabled:
            return
        models = self._models_of(engine)
        self._enabled = (*self._enabled, engine)
        for model in models:
            known = self._models.get(model.id)
            if known is None or known.stands_in:
                self._models[model.id] = model

    def models(self) -> list[Model]:
        """Every model, aliases included."""
        sizeless = [self.find(name) for name in _ANY_SIZE if QWEN in self._enabled]
        return list((self._models | {model.id: model for model in sizeless}).values())

    def find(self, model: str | None) -> Model:
        """The model of that id or alias. Raises NotFound, or Unavailable for one whose engine is
        not here."""
        if model is None:
            return self.default
        if model in _ANY_SIZE and QWEN in self._enabled:
            sized = self.model_able(_ANY_SIZE[model], QWEN)
            return Model(model, QWEN, alias_of=sized.id)
        if model in QWEN_MODELS and model not in self._models:
            raise Unavailable(
                f"Model '{model}' needs engine '{QWEN}': run `polyvox engines install {QWEN}` and "
                "add it to engines.enabled. To let the embedded engine speak for it, set "
                'speech.stand_in = "espeak".'
            )
        if model not in self._models:
            near = get_close_matches(model, self._models, n=1) or list(self._models)
            raise NotFound(
                f"There is no model '{model:.80}'. Known: {', '.join(near)}.", param="model"
            )
        return self._models[model]

    def model_of(self, engine: str) -> Model:
        """The first model of an engine that is switched on."""
        return next(each for each in self._models.values() if each.engine == engine)

    def model_able(self, what: str, engine: str, model: str | None = None) -> Model:
        """The model of that id, or the one of the engine that is nearest to being ready, that can
        `enroll`, `design`, `blend`, or speak with `presets`. Raises InvalidInput."""
        own = self._models_of(engine)
        can = [each for each in own if self.is_able(each, what)]
        if model is not None:
            wanted = self.find(model).loaded
            can = [each for each in can if each.id == wanted] or can[:0]
        if not can:
            others = ", ".join(each.id for each in own if self.is_able(each, what)) or "none"
            raise InvalidInput(
                f"Model '{model or engine}' cannot do this ({what}); these can: {others}.",
                param="model",
            )
        return min(can, key=lambda each: STATES.index(self._state([each])[0]))

    def is_able(self, model: Model, what: str) -> bool:
        """Whether the model can do one of the things that its engine can."""
        abilities = self.synthesizer(model.engine).abilities
        return what in abilities.get(model.loaded, (what,))

    def is_here(self, model: str) -> bool:
        """Whether the model could speak: its weights and its engine's packages are there."""
        return self._state([self.find(model)])[0] != ABSENT

    def synthesizer(self, engine: str) -> type[Synthesizer]:
        """The declarations of an engine that is switched on. Raises NotFound."""
        if engine not in self._enabled and engine in self._registry:
            raise NotFound(
                f"Engine '{engine}' is not switched on: add it to engines.enabled.",
                param="engine",
            )
        if engine not in self._enabled:
            raise NotFound(
                f"There is no engine '{engine:.80}'. Known: {', '.join(self._enabled)}.",
                param="engine",
            )
        return self._registry.synthesizer(engine)

    def source(self, engine: str) -> str | None:
        """The engine that speaks first, where this one only converts what another has spoken: the
        one that is set, or the first that speaks. Raises Unavailable when there is none."""
        if "synthesize" in capabilities(self.synthesizer(engine)):
            return None
        if engine in self._through:
            return self.synthesizer(self._through[engine]).name
        for name in (self.default.engine, *self._enabled):
            if "synthesize" in capabilities(self.synthesizer(name)):
                return name
        raise Unavailable(
            f"Engine '{engine}' converts what another engine speaks: add one to engines.enabled."
        )

    def told(self, engine: str) -> Mapping[str, Any]:
        """The engine's own settings; may hold secrets."""
        return self._settings.get(engine, {})

    def languages(self, engine: str) -> tuple[str, ...]:
        """The codes of the languages that it speaks, by itself or through another engine."""
        return self.synthesizer(self.source(engine) or engine).languages

    async def load(self, engine: str, model: str | None = None) -> None:
        """Bring a model of the engine, its first one if not said, into memory. Raises what its
        load raises."""
        self.synthesizer(engine)
        await self._pool.warm(self._one(engine, model).loaded)

    async def unload(self, engine: str, model: str | None = None) -> None:
        """Give back the memory of an engine's models, or of one; what speaks goes on."""
        self.synthesizer(engine)
        for each in [self._one(engine, model)] if model else self._models_of(engine):
            with contextlib.suppress(Unavailable):
                await self._pool.rest(each.loaded)

    def _one(self, engine: str, model: str | None) -> Model:
        found = self.find(model) if model else self.model_of(engine)
        if found.engine != engine:
            raise NotFound(f"Engine '{engine}' has no model '{model}'.", param="model")
        return found

    def fallbacks(self, engine: str) -> list[str]:
        """Engines that may stand in for one that fails."""
        return [name for name in self._fallbacks.get(engine, ()) if name in self._enabled]

    def breaker(self, engine: str) -> str:
        """closed, open or half-open: whether the engine rests after errors."""
        states = []
        for model in self._models_of(engine):
            with contextlib.suppress(Unavailable):
                states.append(self._pool.breaker(model.loaded))
        return max(states, key=BREAKER_STATES.index, default=BREAKER_STATES[0])

    def language(self, engine: str, name: str) -> str:
        """The code by which the engine knows a language, or auto. Raises InvalidInput."""
        return resolve(name, self.languages(engine))

    def able(self, what: str, engine: str | None = None) -> type[Synthesizer]:
        """The engine of that name, or the first one, that can `enroll`, `design` or `blend`.

        Raises NotFound, or InvalidInput for one that cannot.
        """
        can = [name for name in self._enabled if what in capabilities(self.synthesizer(name))]
        default = self.default.engine
        chosen = engine or (default if default in can else next(iter(can), default))
        declared = self.synthesizer(chosen)
        if chosen not in can:
            others = f" These can: {', '.join(can)}." if can else ""
            raise InvalidInput(f"Engine '{chosen}' cannot {what} voices.{others}", param="engine")
        return declared

    def status(self, engine: str) -> EngineStatus:
        """How the engine is doing. Raises NotFound."""
        declared = self.synthesizer(engine)
        models = self._models_of(engine)
        state, failure = self._state(models)
        return EngineStatus(
            name=declared.name,
            version=declared.version,
            summary=declared.summary,
            licence=declared.licence,
            state=state,
            failure=failure,
            hosts=self._hosts(models),
            capabilities=capabilities(declared),
            models=tuple(model.id for model in models),
            languages=self.languages(engine),
            speakers=declared.speakers,
            sample_rate=declared.sample_rate,
            max_characters=declared.max_characters,
            options=schema(declared.Options),
            likeness=declared.likeness,
            transcript_needed=declared.transcript_needed,
            design_settings=dict(declared.design_settings),
        )

    def ready(self) -> bool:
        """Whether the default engine can speak now."""
        return self._state([self.default])[0] == READY

    async def warm(self) -> None:
        """Start the default engine's hosts, so that the first request does not wait for it."""
        try:
            await self._pool.warm(self.default.loaded)
        except PolyvoxError as error:
            _log.error("engine %s does not start: %s", self.default.engine, error.message)

    def _state(self, models: Sequence[Model]) -> tuple[str, str | None]:
        """The liveliest state among an engine's models, and why one failed, or why all are
        absent."""
        found, failed, missing = [], None, None
        for model in models:
            try:
                found.append(self._pool.state(model.loaded))
                failed = self._pool.failure(model.loaded) or failed
            except Unavailable as error:
                found.append(ABSENT)
                missing = error.message
        state = min(found, key=STATES.index)
        return state, missing if state == ABSENT else failed

    def _hosts(self, models: Sequence[Model]) -> int:
        """Processes of those models that are here."""
        count = 0
        for model in models:
            with contextlib.suppress(Unavailable):
                count += len(self._pool.hosts(model.loaded))
        return count

    def _models_of(self, engine: str) -> list[Model]:
        declared = self._registry.synthesizer(engine)
        return [Model(id, engine) for id in declared.models or (declared.name,)]

"""Voices: who can speak, found by id, name or one of the names that clients send."""

from __future__ import annotations

from difflib import get_close_matches

from polyvox.domain.errors import NotFound
from polyvox.domain.voice import PRESET, Voice
from polyvox.services.engines import Engines

GENERIC = (
    "female_generic",
    "male_generic",
    "female_young",
    "male_deep",
    "female_warm",
    "male_warm",
    "female_soft",
    "male_soft",
)
OPENAI = (
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "fable",
    "onyx",
    "nova",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
)


class Voices:
    """The preset voices of every engine that is switched on."""

    def __init__(self, engines: Engines, default: str | None = None) -> None:
        """`default` names the voice of requests that name none."""
        self._engines, self._default = engines, default
        self._voices = {name: _presets(engines, name) for name in engines.names}
        self._by_id = {voice.id: voice for voices in self._voices.values() for voice in voices}
        self._named = {name: _names(voices) for name, voices in self._voices.items()}

    def list(
        self,
        *,
        engine: str | None = None,
        kind: str | None = None,
        language: str | None = None,
        text: str | None = None,
    ) -> list[Voice]:
        """Voices of `engine`, that speak `language` (a code), with `text` in name, gender or
        description."""
        return [
            voice
            for name in self._engines.names
            if engine in (None, name)
            and (language is None or language in self._engines.synthesizer(name).languages)
            for voice in self._voices[name]
            if kind in (None, voice.kind)
            if text is None
            or text.lower() in f"{voice.name} {voice.gender} {voice.description}".lower()
        ]

    def get(self, id: str) -> Voice:
        """The voice with that id. Raises NotFound."""
        if id not in self._by_id:
            raise NotFound(f"There is no voice '{id:.80}'.", param="voice")
        return self._by_id[id]

    def engine_of(self, name: str | None) -> str | None:
        """The engine that a voice's id belongs to; None when `name` is no id."""
        voice = self._by_id.get(name or "")
        return voice.engine if voice else None

    def find(self, name: str | None, engine: str) -> Voice:
        """The voice that a request to `engine` means by `name`. Raises NotFound."""
        own = self._named[engine]
        if name is None:
            return own.get((self._default or "").lower()) or self._voices[engine][0]
        voice = self._by_id.get(name)
        if voice is None:
            voice = own.get(name.lower())
        if voice is None or voice.engine != engine:
            near = get_close_matches(name.lower(), own, n=3) or list(own)[:3]
            raise NotFound(
                f"Engine '{engine}' has no voice '{name:.80}'. Some that it has: "
                f"{', '.join(near)}; GET /v1/voices lists all.",
                param="voice",
            )
        return voice


def _presets(engines: Engines, engine: str) -> list[Voice]:
    return [
        Voice(
            id=f"{engine}.{speaker.name}",
            name=speaker.name,
            engine=engine,
            kind=PRESET,
            speaker=speaker.name,
            gender=speaker.gender,
            language=speaker.language,
            description=speaker.description,
            aliases=speaker.aliases,
        )
        for speaker in engines.synthesizer(engine).speakers
    ]


def _names(voices: list[Voice]) -> dict[str, Voice]:
    """Lower-case names to voices. Every engine answers to the generic and to OpenAI's names:
    where it has no voice so called, one of its own stands in."""
    names = {
        known: voices[index % len(voices)]
        for known_names in (GENERIC, OPENAI)
        for index, known in enumerate(known_names)
    }
    for voice in voices:
        names |= {name.lower(): voice for name in (*voice.aliases, voice.name)}
    return names

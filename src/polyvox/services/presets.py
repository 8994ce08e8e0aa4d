"""Preset voices: the speakers of every engine, found by id, by name, or by one of the names that
clients send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


class Presets:
    """The preset voices of every engine that is switched on."""

    def __init__(self, engines: Engines, default: str | None = None) -> None:
        """`default` names the voice of requests that name none."""
        self._engines, self._default = engines, default
        self._voices = dict[str, list[Voice]]()
        self._by_id = dict[str, Voice]()
        self._named = dict[str, dict[str, Voice]]()
        self.learn()

    def learn(self) -> None:
        """Know the voices of engines that have been switched on since."""
        for name in self._engines.names:
            if name not in self._voices:
                self._voices[name] = voices = _presets(self._engines, name)
                self._by_id |= {voice.id: voice for voice in voices}
                self._named[name] = _names(voices)

    def list(
        self, engines: Sequence[str], kind: str | None = None, text: str | None = None
    ) -> list[Voice]:
        """Voices of `engines` with `text` in name, gender or description."""
        return [
            voice
            for name in engines
            for voice in self._voices[name]
            if kind in (None, voice.kind)
            if text is None
            or text.lower() in f"{voice.name} {voice.gender} {voice.description}".lower()
        ]

    def get(self, id: str) -> Voice | None:
        """The voice with that id."""
        return self._by_id.get(id)

    def named(self, name: str, engine: str) -> Voice | None:
        """What a request to `engine` means by `name`; another engine's voice only by its id."""
        return self._by_id.get(name) or self._named[engine].get(name.lower())

    def default(self, engine: str) -> Voice:
        """The voice of requests that name none. Raises NotFound where there are no presets."""
        if not self._voices[engine]:
            raise NotFound(
                f"Engine '{engine}' has no voices of its own; clone one first.", param="voice"
            )
        return self._named[engine].get((self._default or "").lower()) or self._voices[engine][0]

    def names(self, engine: str) -> Iterable[str]:
        """Every name, in lower case, that the engine answers to."""
        return self._named[engine]

    def known(self, name: str) -> bool:
        """Whether some preset answers to that name or id."""
        return name in self._by_id or any(name.lower() in own for own in self._named.values())


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
    where it has no voice so called, one of its own stands in, of the gender in the name."""
    if not voices:
        return {}
    names = dict[str, Voice]()
    for known_names in (GENERIC, OPENAI):
        for index, known in enumerate(known_names):
            alike = [each for each in voices if known.startswith(f"{each.gender}_")] or voices
            names[known] = alike[index % len(alike)]
    for voice in voices:
        names |= {name.lower(): voice for name in (*voice.aliases, voice.name)}
    return names

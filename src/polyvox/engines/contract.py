"""What an engine is: one class, plain and synchronous, that yields audio chunks.

What it can do follows from which methods it defines. It is imported by the server for its
declarations and by its host to work, so heavy imports belong in `load`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Optional, Union

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import PolyvoxError
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Setting, Speaker, Voice

CAPABILITIES = (
    "synthesize",
    "synthesize_batch",
    "enroll",
    "design",
    "blend",
    "convert",
    "transcribe",
)


@dataclass(frozen=True)
class Weights:
    """A model's files, and what may be done with them."""

    source: str
    """Repository on the model hub, OWNER/NAME."""
    licence: str
    """As its makers name it."""
    commercial: bool
    """Whether the licence allows commercial use."""
    gigabytes: float
    """Size on disk, about, with what is `beside`."""
    files: tuple[str, ...]
    """Files without which it cannot load; also how a folder is recognised as this model's."""
    optional: tuple[str, ...] = ()
    """Files that are taken along where they are; * stands for any letters."""
    beside: tuple[Weights, ...] = ()
    """What else it needs of other repositories, each in its own `folder`."""
    folder: str = ""
    """Below the model's folder, where the files go; in it when empty."""

    @property
    def parts(self) -> tuple[Weights, ...]:
        """Itself and what is beside it: one for each repository."""
        return (self, *self.beside)

    def place(self, file: str) -> str:
        """Where a file of its repository is in the model's folder."""
        return f"{self.folder}/{file}" if self.folder else file


@dataclass(frozen=True)
class NoOptions:
    """For engines without any."""


@dataclass(frozen=True)
class Line:
    """One of the segments that are spoken together."""

    segment: Segment
    voice: Voice
    options: Any
    """An instance of the engine's `Options`."""


class Engine:
    """Declarations every engine makes, and how its model comes and goes."""

    name: ClassVar[str]
    """Lower-case; names the engine in settings, requests and files."""
    version: ClassVar[str]
    """Changes whenever the same request may sound different; part of the cache's key."""
    summary: ClassVar[str]
    """One sentence for the engine's page."""
    licence: ClassVar[str]
    """Of the code and of the weights, where they differ."""
    requires: ClassVar[tuple[str, ...]] = ()
    """Packages that `load` imports, as pip names them; "--no-deps NAME" installs one alone."""
    imports: ClassVar[tuple[str, ...]] = ()
    """Modules by which it is checked that they are there, or MODULE:FUNCTION to be called."""
    separate: ClassVar[bool] = False
    """Whether they need an environment of their own."""
    environment_gigabytes: ClassVar[float] = 0.0
    """Size of that environment, about."""
    models: ClassVar[tuple[str, ...]] = ()
    """Ids that `model` in a request may name; the engine's own name when empty."""
    abilities: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What each model can do of what the class defines; all of it where a model is not named.
    "presets" is speaking with `speakers`."""
    also_speaks: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Models that speak with the voices of another model too, by the id of the one that made
    them."""
    Options: ClassVar[type[Any]] = NoOptions
    """A dataclass of `option()` fields."""
    Settings: ClassVar[type[Any]] = NoOptions
    """A dataclass of `option()` fields that whoever runs the server sets: addresses, keys."""
    weights: ClassVar[Mapping[str, Weights]] = {}
    """What the models need on disk, by model id; none for engines that need nothing."""

    model: str = ""
    """Id of the model this instance is for; set before `load`."""
    folder: Optional[Path] = None
    """Where that model's files are; set before `load` where it has `weights`."""
    settings: Any = NoOptions()
    """An instance of `Settings`; set before `load`."""

    def load(self, device: str) -> None:
        """Make ready to work on `device` (cpu, cuda, cuda:1); heavy imports happen here."""

    def unload(self) -> None:
        """Give back what `load` took."""


class Synthesizer(Engine):
    """An engine that speaks."""

    languages: ClassVar[tuple[str, ...]]
    """BCP 47 codes."""
    speakers: ClassVar[tuple[Speaker, ...]]
    """Preset voices; the first is the default."""
    sample_rate: ClassVar[int]
    """Hertz of every chunk."""
    max_characters: ClassVar[int]
    """The longest segment it speaks well."""
    max_batch: ClassVar[int] = 1
    """Lines that `synthesize_batch` takes at once, where there is one."""
    parallel: ClassVar[bool] = False
    """Whether several hosts of it pay on one machine (it uses one core each)."""
    deterministic: ClassVar[bool] = False
    """Whether the same segment, voice, options and seed give the same samples."""
    reference_rate: ClassVar[int] = 24000
    """Hertz in which `enroll` takes its reference."""
    transcript_needed: ClassVar[bool] = False
    """Whether `enroll` needs to know what is said in the reference."""
    likeness: ClassVar[Optional[str]] = None
    """What may be promised of a clone: "approximate", or None where it is the speaker's voice."""
    design_settings: ClassVar[Mapping[str, Setting]] = {}
    """What `design` decides that can also be set by hand, by name."""

    def synthesize(self, segment: Segment, voice: Voice, options: Any) -> Iterator[AudioChunk]:
        """Speak `segment`; yields chunks of 60 to 200 ms as they come, mono at `sample_rate`.

        `options` is an instance of `Options`. Word times count from the segment's start, word
        positions from the segment's first character. Closing the iterator cancels. The voice
        stands on one of `speakers`, or carries a `state` that this engine made.
        """
        raise NotImplementedError

    def synthesize_batch(
        self, lines: Sequence[Line]
    ) -> Generator[tuple[int, Union[AudioChunk, PolyvoxError, None]], None, None]:
        """Speak several segments at once: 2 to `max_batch` lines with the same options.

        Yields the index of a line with its next chunk, with the error that ended it, or with None
        at its end; each line ends once. Closing the generator cancels those that are left.
        """
        raise NotImplementedError

    def convert(self, source: Reference, voice: Voice, options: Any) -> Iterator[AudioChunk]:
        """What is said in `source`, as if `voice` said it, as long as `source`; chunks at
        `sample_rate`. An engine with this and without `synthesize` speaks through another one:
        its `languages` are empty and its `max_characters` 0, for they are those of the other.
        """
        raise NotImplementedError

    def enroll(self, reference: Reference) -> bytes:
        """The voice state of whoever speaks in `reference`, in the safetensors format.

        Raises InvalidInput when nobody does.
        """
        raise NotImplementedError

    def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """The voice that `description` asks for, in words of any language.

        `settings` are those of `design_settings` that are set by hand and win over the words;
        `text`, in `language`, is something it may say while it is being made. The same arguments
        give the same voice.
        """
        raise NotImplementedError

    def blend(self, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """The state of a voice between `voices` of this engine; `weights` sum to 1."""
        raise NotImplementedError


def capabilities(engine: type[Engine]) -> tuple[str, ...]:
    """What the engine can do: those of `CAPABILITIES` that its class defines itself."""
    return tuple(
        name
        for name in CAPABILITIES
        if callable(getattr(engine, name, None))
        and getattr(engine, name) is not getattr(Synthesizer, name, None)
    )

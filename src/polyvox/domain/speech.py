"""What is asked to be spoken, and what is known of it once it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass(frozen=True)
class Utterance:
    """One request to speak."""

    text: str
    voice: Optional[str] = None
    """Id, name or alias; the engine's default voice when None."""
    model: Optional[str] = None
    """Model id or alias; the configured default when None."""
    language: str = "auto"
    """BCP 47 code, English name of a language, or "auto"."""
    speed: float = 1.0
    """1 is the voice's own pace, 2 is twice as fast; 0.25 to 4."""
    pitch: float = 1.0
    """1 is the voice's own pitch, 2 an octave above it, at the same pace; 0.5 to 2."""
    instructions: Optional[str] = None
    """A style in words, for engines that take one."""
    seed: Optional[int] = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """The engine's own options, checked by the engine's declaration; they win over a profile's."""
    normalize: bool = True
    """Whether the text is tidied (Unicode form, control characters) before it is spoken."""
    profile: Optional[str] = None
    """Id or name of a quality profile; the engine's default one when None."""


@dataclass(frozen=True)
class Segment:
    """What an engine speaks in one go."""

    text: str
    language: str
    """BCP 47 code."""
    seed: int = 0
    instructions: Optional[str] = None


@dataclass(frozen=True)
class Word:
    """A word and where it is, in time and in text."""

    text: str
    start: float
    """Seconds from the beginning of the stream that carries it."""
    end: float
    """Seconds."""
    first: int
    """Index of its first character in the text that was asked for."""
    last: int
    """Index after its last character."""

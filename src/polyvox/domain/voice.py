"""Named ways of sounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

PRESET, CLONED, DESIGNED = "preset", "cloned", "designed"


@dataclass(frozen=True)
class Speaker:
    """An identity inside a model."""

    name: str
    gender: str
    """female, male or neutral."""
    description: str
    """A few words that help to choose."""
    language: Optional[str] = None
    """BCP 47 code of its mother tongue; None when it speaks every language alike."""
    aliases: tuple[str, ...] = ()
    """Other names it answers to."""


@dataclass(frozen=True)
class Voice:
    """What a request means by `voice`, found."""

    id: str
    name: str
    engine: str
    kind: str
    """preset, cloned or designed."""
    speaker: Optional[str] = None
    """The speaker inside the engine's model that this voice stands on."""
    gender: Optional[str] = None
    language: Optional[str] = None
    """BCP 47 code; None when it speaks every language of its engine."""
    description: str = ""
    aliases: tuple[str, ...] = ()

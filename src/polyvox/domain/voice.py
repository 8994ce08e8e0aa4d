"""Named ways of sounding, and what they are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from polyvox.domain.audio import Samples

PRESET, CLONED, DESIGNED, BLENDED = "preset", "cloned", "designed", "blended"
APPROXIMATE = "approximate"
"""Likeness of a clone that matches pitch, melody, tone colour and pace, and still sounds made."""


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
    """preset, cloned, designed or blended."""
    speaker: Optional[str] = None
    """The speaker inside the engine's model that this voice stands on; None with a state."""
    gender: Optional[str] = None
    language: Optional[str] = None
    """BCP 47 code; None when it speaks every language of its engine."""
    description: str = ""
    aliases: tuple[str, ...] = ()
    model: Optional[str] = None
    """Id of the model that made its state, where its engine has several."""
    digest: Optional[str] = None
    """SHA-256 of its voice state, in hexadecimal; None for a preset."""
    state: Optional[bytes] = field(default=None, repr=False)
    """The voice state itself: bytes that only its engine understands."""


@dataclass(frozen=True)
class Reference:
    """A recording to make a voice from."""

    samples: Samples
    """Trimmed and levelled."""
    sample_rate: int
    """Hertz; the engine's `reference_rate`."""
    transcript: Optional[str] = None
    """What is said in it, where that is known."""
    language: Optional[str] = None
    """BCP 47 code of what is said, where that is known."""


@dataclass(frozen=True)
class Trait:
    """Some words of a description that were understood."""

    words: str
    """As they are written."""
    first: int
    """Index of their first character in the description."""
    last: int
    """Index after their last character."""
    about: str
    """gender, age, pitch, pace, energy, quality, tone, loudness or accent; some are two."""
    meaning: str
    """What they were taken to mean, in English: "very low", "not fast"."""


@dataclass(frozen=True)
class Setting:
    """Something a design decides that can also be set by hand."""

    low: float
    high: float
    usual: float
    """What it is when nothing is said."""
    unit: str
    """Of the value; empty where it has none."""
    about: str
    """What it is, in a few words."""


@dataclass(frozen=True)
class Design:
    """What an engine made of a description."""

    state: bytes
    """The voice state."""
    understood: tuple[Trait, ...]
    """In the order of the description."""
    ignored: tuple[str, ...]
    """Words that say something, but nothing the engine knows."""
    settings: Mapping[str, float]
    """What came out, by name: those of the engine's `design_settings`."""
    gender: Optional[str] = None
    """female, male or neutral, where the description says it."""


@dataclass(frozen=True)
class VoiceRecord:
    """A voice, and everything that is known of it."""

    voice: Voice
    created_at: Optional[float] = None
    """Seconds since 1970; None for a preset."""
    expires_at: Optional[float] = None
    """Seconds since 1970; None when it is kept until somebody deletes it."""
    likeness: Optional[str] = None
    """What may be promised of a clone: approximate; None where nothing needs saying."""
    transcript: Optional[str] = None
    """What is said in its reference."""
    consent: Optional[str] = None
    """The note, or the id of the recorded consent, that its speaker agrees."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What it was made of: measures and advice of a recording, a description and what was
    understood of it, or the voices of a blend with their weights."""
    seconds: Optional[float] = None
    """Of its reference; None where there is none."""


@dataclass(frozen=True)
class Consent:
    """Somebody's recorded word that their voice may be cloned."""

    id: str
    name: str
    language: str
    """BCP 47 code."""
    media_type: str
    """Of the recording."""
    created_at: float
    """Seconds since 1970."""

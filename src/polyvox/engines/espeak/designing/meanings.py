"""What the words of a description can mean, and how far each meaning moves a voice's settings.

Which words have which meaning is in the lexicons, one per language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from polyvox.engines.espeak.presets import FEMALE, MALE, NEUTRAL

NEUTRAL_VOICE: Mapping[str, float] = {
    "pitch": 150,
    "melody": 5,
    "tract": 1.05,
    "pace": 100,
    "brightness": 0,
    "breath": 0,
    "roughness": 0,
    "loudness": 100,
    "whisper": 0,
}
"""The settings of the voice nobody described."""

SCALED = frozenset(("pitch", "melody", "tract", "pace", "loudness"))
"""Settings that a meaning multiplies; it adds to the others."""

DEGREES = {"slightly": 0.5, "somewhat": 0.75, "very": 1.5, "extremely": 2.0}
"""How many times a meaning counts that comes with such a word."""


@dataclass(frozen=True)
class Meaning:
    """One thing that a description can say of a voice."""

    name: str
    """In English; the lexicons refer to it."""
    about: str
    """The group it belongs to: gender, age, pitch, pace, and so on."""
    changes: Mapping[str, float] = field(default_factory=dict)
    """By setting: the factor (for those in `SCALED`) or the number to add."""
    axis: str = ""
    """Of two meanings on one axis only one holds; the group's name when empty."""
    rank: int = 0
    """Of two meanings on one axis the higher holds; of equal ones, the later."""
    accent: Optional[str] = None
    """Code of the language variety, for accents."""


GENDERS: Mapping[str, Mapping[str, float]] = {
    FEMALE: {"pitch": 205, "tract": 1.14, "melody": 6.5},
    MALE: {"pitch": 112, "tract": 0.99, "melody": 6.5},
    NEUTRAL: {"pitch": 155, "tract": 1.07, "melody": 5},
}
"""What replaces the neutral voice's settings."""

CHILD, TEENAGE, YOUNG, ADULT, OLD = "child", "teenage", "young", "adult", "old"

AGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    CHILD: {FEMALE: (1.32, 1.10), MALE: (2.28, 1.26), NEUTRAL: (1.75, 1.18)},
    TEENAGE: {FEMALE: (1.12, 1.05), MALE: (1.35, 1.07), NEUTRAL: (1.25, 1.06)},
    YOUNG: {FEMALE: (1.05, 1.02), MALE: (1.06, 1.01), NEUTRAL: (1.06, 1.02)},
    ADULT: {FEMALE: (0.97, 1.0), MALE: (0.98, 1.0), NEUTRAL: (0.98, 1.0)},
    OLD: {FEMALE: (0.90, 0.98), MALE: (0.97, 0.97), NEUTRAL: (0.94, 0.98)},
}
"""By age and gender: factors of pitch and tract. Boys' voices change more than girls'."""


def _accent(name: str, code: str) -> Meaning:
    return Meaning(f"{name} accent", "accent", accent=code)


_ALL = (
    Meaning(FEMALE, "gender"),
    Meaning(MALE, "gender"),
    Meaning(NEUTRAL, "gender"),
    Meaning(CHILD, "age", {"melody": 1.2}, rank=3),
    Meaning(TEENAGE, "age", {"melody": 1.1, "pace": 1.03}, rank=2),
    Meaning(YOUNG, "age", {"melody": 1.1, "pace": 1.03}, rank=1),
    Meaning(ADULT, "age", rank=1),
    Meaning(OLD, "age", {"melody": 0.9, "pace": 0.86, "breath": 2, "brightness": -1}, rank=3),
    Meaning("low", "pitch", {"pitch": 0.82, "tract": 0.96, "brightness": -1.5}),
    Meaning("middling", "pitch"),
    Meaning("high", "pitch", {"pitch": 1.22, "tract": 1.03}),
    Meaning("slow", "pace", {"pace": 0.78}),
    Meaning("steady", "pace"),
    Meaning("fast", "pace", {"pace": 1.28}),
    Meaning(
        "lively",
        "energy",
        {"pitch": 1.06, "melody": 1.4, "pace": 1.08, "brightness": 1.5, "loudness": 1.08},
        "arousal",
    ),
    Meaning(
        "cheerful",
        "energy",
        {"pitch": 1.08, "melody": 1.35, "pace": 1.05, "brightness": 1.5, "tract": 1.02},
        "arousal",
    ),
    Meaning(
        "calm",
        "energy",
        {"pitch": 0.97, "melody": 0.8, "pace": 0.9, "brightness": -1.5, "loudness": 0.92},
        "arousal",
    ),
    Meaning(
        "sad",
        "energy",
        {"pitch": 0.93, "melody": 0.6, "pace": 0.84, "brightness": -2, "loudness": 0.85},
        "arousal",
    ),
    Meaning(
        "tired",
        "energy",
        {"pitch": 0.95, "melody": 0.65, "pace": 0.82, "breath": 2, "loudness": 0.85},
        "arousal",
    ),
    Meaning(
        "angry",
        "energy",
        {"pitch": 1.08, "melody": 1.25, "pace": 1.1, "brightness": 3, "loudness": 1.1},
        "arousal",
    ),
    Meaning("anxious", "energy", {"pitch": 1.1, "melody": 0.9, "pace": 1.12}, "arousal"),
    Meaning("serious", "energy", {"pitch": 0.96, "melody": 0.85, "pace": 0.97}, "manner"),
    Meaning(
        "confident", "energy", {"pitch": 0.97, "brightness": 1, "loudness": 1.08}, "confidence"
    ),
    Meaning("warm", "energy", {"pitch": 0.97, "brightness": -2, "breath": 1}, "warmth"),
    Meaning("cold", "energy", {"melody": 0.75, "brightness": 1.5}, "warmth"),
    Meaning("friendly", "energy", {"pitch": 1.03, "melody": 1.15, "brightness": 0.5}, "manner"),
    Meaning("monotone", "energy", {"melody": 0.15}, "liveliness"),
    Meaning("expressive", "energy", {"melody": 1.55}, "liveliness"),
    Meaning("breathy", "quality", {"breath": 6, "brightness": -1}, "breath"),
    Meaning("soft", "quality", {"breath": 2, "brightness": -1.5, "loudness": 0.85}, "breath"),
    Meaning("whispering", "quality", {"whisper": 1, "pace": 0.92, "loudness": 0.85}, "whisper"),
    Meaning("rough", "quality", {"roughness": 3}, "roughness"),
    Meaning("trembling", "quality", {"roughness": 2, "loudness": 0.95}, "trembling"),
    Meaning("smooth", "quality", {"brightness": -0.5}, "roughness"),
    Meaning("bright", "tone", {"brightness": 4, "tract": 1.02}, "brightness"),
    Meaning("dark", "tone", {"brightness": -4, "tract": 0.98}, "brightness"),
    Meaning("clear", "tone", {"brightness": 2}, "clarity"),
    Meaning("muffled", "tone", {"brightness": -5}, "clarity"),
    Meaning("full", "tone", {"tract": 0.95, "brightness": -1}, "body"),
    Meaning("thin", "tone", {"tract": 1.05, "brightness": 1.5}, "body"),
    Meaning("loud", "loudness", {"loudness": 1.22, "brightness": 1.5}),
    Meaning("quiet", "loudness", {"loudness": 0.68, "brightness": -1}),
    _accent("American", "en-us"),
    _accent("British", "en-gb"),
    _accent("Scottish", "en-gb-scotland"),
    _accent("Lancashire", "en-gb-x-gbclan"),
    _accent("West Midlands", "en-gb-x-gbcwmd"),
    _accent("Caribbean", "en-029"),
    _accent("New York", "en-us-nyc"),
    _accent("Brazilian", "pt-br"),
    _accent("European Portuguese", "pt"),
    _accent("Latin American", "es-419"),
    _accent("Castilian", "es"),
    _accent("Belgian", "fr-be"),
    _accent("Swiss French", "fr-ch"),
    _accent("Cantonese", "yue"),
)

MEANINGS: Mapping[str, Meaning] = {meaning.name: meaning for meaning in _ALL}


def age_of(years: int) -> str:
    """The meaning of so many years."""
    for age, below in ((CHILD, 13), (TEENAGE, 20), (YOUNG, 36), (ADULT, 62)):
        if years < below:
            return age
    return OLD

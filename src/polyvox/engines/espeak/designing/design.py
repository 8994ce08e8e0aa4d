"""Words to a voice: what a description asks for, as a timbre that espeak-ng can speak with.

Which words mean what is in `lexicons`, what they do in `meanings`; nothing here is random.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Optional

from polyvox.domain.errors import InvalidInput
from polyvox.domain.voice import Setting, Trait
from polyvox.engines.espeak.designing.interpretation import Said, interpret
from polyvox.engines.espeak.designing.meanings import (
    AGES,
    DEGREES,
    GENDERS,
    MEANINGS,
    NEUTRAL_VOICE,
    SCALED,
    Meaning,
)
from polyvox.engines.espeak.designing.reading import read_clauses
from polyvox.engines.espeak.presets import NEUTRAL, Timbre

SETTINGS: Mapping[str, Setting] = {
    name: Setting(low, high, NEUTRAL_VOICE[name], unit, about)
    for name, low, high, unit, about in (
        ("pitch", 60, 400, "Hz", "Height: the median that is heard"),
        ("melody", 0, 12, "semitones", "Between its low and its high tones"),
        ("tract", 0.8, 1.4, "×", "Smaller throat: all formants higher"),
        ("pace", 50, 200, "%", "Pace, of the usual"),
        ("brightness", -10, 10, "dB", "Above 2 kHz, against the usual"),
        ("breath", 0, 10, "", "Breath in the voice"),
        ("roughness", 0, 7, "", "Unevenness of the voice"),
        ("loudness", 30, 130, "%", "Loudness, of the usual"),
        ("whisper", 0, 1, "", "Whispered from 0.5 on"),
    )
}

LONGEST_DESCRIPTION = 10_000
"""Characters; what follows them is not read."""


@dataclass(frozen=True)
class Described:
    """What a description came to."""

    timbre: Timbre
    accent: Optional[str]
    """Code of the language variety that is asked for."""
    gender: Optional[str]
    """female, male or neutral, where it is said."""
    understood: tuple[Trait, ...]
    """In the order of the description; their places do not overlap."""
    ignored: tuple[str, ...]
    """Words that say something, but nothing known here; each once."""
    settings: Mapping[str, float]
    """The value of each of `SETTINGS`."""


def describe(
    description: str, settings: Mapping[str, float], language: Optional[str] = None
) -> Described:
    """The voice that `description` asks for, in any of the ten languages.

    `settings` win over the words. `language` (BCP 47) says how to read words that are spelled
    alike in several languages. Raises InvalidInput for a setting that does not exist or is out
    of its range.
    """
    _check(settings)
    clauses = read_clauses(description[:LONGEST_DESCRIPTION], language)
    said, ignored = interpret(description, clauses)
    held = list(_held(said))
    gender = _only(held, "gender")
    values = {**_values(held, gender), **settings}
    values = {name: _within(name, float(values[name])) for name in SETTINGS}
    return Described(
        timbre=timbre_of(values),
        accent=next((meaning.accent for meaning, _ in held if meaning.accent), None),
        gender=gender,
        understood=tuple(each.trait for each in said),
        ignored=ignored,
        settings=values,
    )


def timbre_of(settings: Mapping[str, float]) -> Timbre:
    """The timbre for a value of each of `SETTINGS`.

    The middle of espeak-ng's range is set so that the median heard is the pitch asked for: it
    lies 9 Hz below the range's low end plus three quarters of the range (measured).
    """
    spread = settings["pitch"] * 2 * math.sinh(settings["melody"] * math.log(2) / 24)
    brightness, whisper = settings["brightness"], int(settings["whisper"] >= 0.5)
    return Timbre(
        pitch=round(settings["pitch"] + 9 - 0.26 * spread),
        spread=round(spread),
        tract=round(settings["tract"], 3),
        bright=round(100 * 10 ** (0.017 * brightness)),
        breath=round(settings["breath"]),
        rough=round(settings["roughness"]),
        pace=round(settings["pace"]),
        level=round(settings["loudness"] * _evened(brightness, whisper)),
        tilt=round(0.6 * brightness, 2),
        whisper=whisper,
    )


def _evened(brightness: float, whisper: int) -> float:
    """The factor that keeps bright and whispering voices from being louder, and from clipping."""
    return (0.72 if whisper else 1.0) * 10 ** (-0.015 * max(brightness, 0.0))


def _check(settings: Mapping[str, float]) -> None:
    for name, value in settings.items():
        if name not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise InvalidInput(f"There is no setting '{name}'; there are {known}.", param=name)
        rule = SETTINGS[name]
        if not rule.low <= value <= rule.high:
            raise InvalidInput(
                f"'{name}' must be between {rule.low:g} and {rule.high:g}.", param=name
            )


def _within(name: str, value: float) -> float:
    rule = SETTINGS[name]
    return round(min(max(value, rule.low), rule.high), 3)


def _held(said: Iterable[Said]) -> Iterator[tuple[Meaning, float]]:
    """The meanings that hold, and how many times each counts.

    Of those on one axis it is the highest in rank, and of equal ones the last.
    """
    held: dict[str, tuple[Meaning, float]] = {}
    for each in said:
        for name in each.meanings:
            meaning = MEANINGS[name]
            axis = meaning.axis or meaning.about
            if axis not in held or meaning.rank >= held[axis][0].rank:
                held[axis] = meaning, DEGREES.get(each.degree, 1.0)
    yield from held.values()


def _only(held: Iterable[tuple[Meaning, float]], about: str) -> Optional[str]:
    """The name of the meaning that holds in a group where only one can."""
    return next((meaning.name for meaning, _ in held if meaning.about == about), None)


def _values(held: Iterable[tuple[Meaning, float]], gender: Optional[str]) -> dict[str, float]:
    values = {**NEUTRAL_VOICE, **GENDERS.get(gender or "", {})}
    for meaning, times in held:
        for name, change in _changes(meaning, gender or NEUTRAL):
            if name in SCALED:
                values[name] *= change**times
            else:
                values[name] += change * times
    return values


def _changes(meaning: Meaning, gender: str) -> Iterator[tuple[str, float]]:
    yield from meaning.changes.items()
    if meaning.about == "age":
        pitch, tract = AGES[meaning.name][gender]
        yield from (("pitch", pitch), ("tract", tract))

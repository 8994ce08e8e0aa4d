"""The engine at work in this process: as a preset voice, as a clone, and how long both take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bench.likeness.acoustics import RATE, pitch
from bench.likeness.references import Target
from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Speaker, Voice
from polyvox.engines.contract import Synthesizer

TIMED_REFERENCE = 60
"""Seconds."""
_PROBE = "The weather was fine and everybody walked along the river."


@dataclass(frozen=True)
class Way:
    """A way in which the engine speaks for a target."""

    name: str
    """Heads its column."""
    voice: Voice
    options: Any
    """An instance of the engine's `Options`."""


@dataclass(frozen=True)
class Took:
    """How long the first sentence of a voice takes."""

    first_chunk: float
    """Seconds."""
    speed: float
    """Seconds of sound made in a second."""


def said(engine: Synthesizer, way: Way, texts: Sequence[str], language: str) -> list[Samples]:
    """Each text as the engine says it, at `acoustics.RATE`."""
    return [_said(engine, way, text, language) for text in texts]


def clones(engine: Synthesizer, state: bytes, closenesses: Sequence[float]) -> list[Way]:
    """One for each closeness, or a single one where the engine has no such option."""
    voice = Voice("clone", "clone", engine.name, CLONED, state=state)
    if "closeness" not in {field.name for field in fields(engine.Options)}:
        return [Way("clone", voice, engine.Options())]
    return [Way(f"clone {each:g}", voice, engine.Options(closeness=each)) for each in closenesses]


class Presets:
    """The voices that there are before cloning."""

    def __init__(self, engine: Synthesizer) -> None:
        self._engine = engine
        self._pitches = {
            each.name: pitch(_said(engine, self._way("", each), _PROBE, "en"))
            for each in engine.speakers
        }

    def first(self, gender: str) -> Way:
        """The engine's own first choice of that gender."""
        return self._way("preset", self._fitting(gender)[0])

    def nearest(self, gender: str, hertz: float) -> Way:
        """The one of that gender whose pitch is nearest."""

        def off(speaker: Speaker) -> float:
            return abs(float(np.log2(self._pitches[speaker.name] / hertz)))

        voiced = [each for each in self._fitting(gender) if self._pitches[each.name] > 0]
        return self._way("nearest preset", min(voiced, key=off))

    def _fitting(self, gender: str) -> list[Speaker]:
        """Those of that gender, or all when there are none."""
        speakers = self._engine.speakers
        return [each for each in speakers if each.gender == gender] or list(speakers)

    def _way(self, name: str, speaker: Speaker) -> Way:
        voice = Voice(speaker.name, speaker.name, self._engine.name, PRESET, speaker.name)
        return Way(name, voice, self._engine.Options())


def enrolled(
    engine: Synthesizer, recordings: Sequence[Samples], target: Target, text: str
) -> bytes:
    """The state of a clone made of `recordings`, at the engine's `reference_rate`; of what is said
    in them, `text`, it is told only when it needs to know."""
    known = text if engine.transcript_needed else None
    reference = Reference(np.concatenate(recordings), engine.reference_rate, known, target.language)
    state: bytes = engine.enroll(reference)
    return state


def timed_enrolment(engine: Synthesizer, recordings: Sequence[Samples], target: Target) -> float:
    """Seconds for a reference of `TIMED_REFERENCE` seconds."""
    whole = np.concatenate(recordings)
    reference = np.resize(whole, TIMED_REFERENCE * engine.reference_rate)
    begun = time.perf_counter()
    enrolled(engine, [reference], target, "")
    return time.perf_counter() - begun


def timed_speech(engine: Synthesizer, way: Way, text: str, language: str) -> Took:
    """The first time that `way` says something, when nothing of it is kept ready yet."""
    begun = time.perf_counter()
    first, seconds = float("nan"), 0.0
    for chunk in engine.synthesize(Segment(text, language), way.voice, way.options):
        if not seconds:
            first = time.perf_counter() - begun
        seconds += chunk.duration
    return Took(first, seconds / (time.perf_counter() - begun))


def _said(engine: Synthesizer, way: Way, text: str, language: str) -> Samples:
    chunks = engine.synthesize(Segment(text, language), way.voice, way.options)
    sound = np.concatenate([chunk.samples for chunk in chunks])
    return resampled(sound, engine.sample_rate, RATE)

"""The engine under check, and the voices and recordings it is tried with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import NotFound
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines import options
from polyvox.engines.contract import Synthesizer, capabilities

TEXT = "One, two, three, four, five, six, seven, eight, nine, ten."
_PACE = 20
"""Characters of a text that make a second of what is converted instead."""
_SOURCE_RATE = 16000


class Broken(AssertionError):
    """A rule of the contract does not hold."""


class Subject:
    """Loaded once. One that converts and does not synthesize speaks by converting a buzz."""

    def __init__(self, engine: type[Synthesizer]) -> None:
        self.engine = engine
        self.loaded = engine()

    @property
    def language(self) -> str:
        return "en" if "en" in self.engine.languages else next(iter(self.engine.languages), "en")

    def can(self, what: str) -> bool:
        """Whether the engine defines it, and the model under check is able to."""
        defined = (
            bool(self.engine.speakers) if what == "presets" else what in capabilities(self.engine)
        )
        return defined and what in self.engine.abilities.get(self.engine.model, (what,))

    def preset(self, index: int = 0) -> Voice:
        """One of its speakers; where it has none, a clone of a buzz, or else what it designs."""
        if self.can("presets"):
            speaker = self.engine.speakers[index % len(self.engine.speakers)]
            return Voice(speaker.name, speaker.name, self.engine.name, PRESET, speaker.name)
        if self.can("enroll"):
            return self.made(self.loaded.enroll(self._hum(index)))
        if self.can("design"):
            asked = ("a low voice", "a high voice")[index % 2]
            return self.made(self.loaded.design(asked, self.language, {}, TEXT).state)
        raise NotFound("It has no voices and makes none.", param="voice")

    def speak(
        self, text: str = TEXT, voice: Optional[Voice] = None, **given: Any
    ) -> Iterator[AudioChunk]:
        chosen = options.check(self.engine.Options, given)
        voice = voice or self.preset()
        if self.can("synthesize"):
            return self.loaded.synthesize(Segment(text, self.language, seed=7), voice, chosen)
        buzz = _buzz(len(text) / _PACE, _SOURCE_RATE, 180)
        return self.loaded.convert(Reference(buzz, _SOURCE_RATE), voice, chosen)

    def said(self, text: str = TEXT, voice: Optional[Voice] = None) -> Samples:
        return np.concatenate([chunk.samples for chunk in self.speak(text, voice)])

    def converted(self, source: Reference, voice: Optional[Voice] = None) -> Samples:
        chunks = self.loaded.convert(source, voice or self.preset(), self.engine.Options())
        return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])

    def source(self, seconds: float, rate: int) -> Reference:
        """A buzz for that long, then silence as long."""
        buzz = _buzz(seconds, rate, 180)
        return Reference(np.append(buzz, np.zeros_like(buzz)), rate)

    def reference(self) -> Reference:
        """Its own second speaker, telling numbers, or a buzz that comes and goes."""
        if not self.can("presets"):
            return self._hum(0)
        spoken, source = self.said(TEXT * 4, self.preset(1)), self.engine.sample_rate
        rate = self.engine.reference_rate
        moments = np.arange(0, len(spoken), source / rate)
        samples = np.interp(moments, np.arange(len(spoken)), spoken).astype(np.float32)
        return Reference(samples, rate, TEXT * 4, self.language)

    def sounds(self, state: bytes) -> None:
        """Raises Broken unless the engine speaks with that state."""
        expect(bool(np.abs(self.said(voice=self.made(state))).max(initial=0) > 0.01), "silent")

    def made(self, state: bytes) -> Voice:
        digest = hashlib.sha256(state).hexdigest()
        return Voice(digest, "made", self.engine.name, CLONED, digest=digest, state=state)

    def _hum(self, index: int) -> Reference:
        rate = self.engine.reference_rate
        return Reference(_buzz(8, rate, 120 + 60 * index), rate, TEXT)


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def _buzz(seconds: float, rate: int, pitch: float) -> Samples:
    """Harmonics of `pitch`, in hertz, loud and quiet four times a second."""
    time = np.arange(round(seconds * rate)) / rate
    waves = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 25))
    return np.asarray(0.2 * waves * (1.2 + np.sin(8 * np.pi * time)) / 2.2, dtype=np.float32)

"""One engine against all targets: who speaks what, and who judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.likeness.acoustics import RATE, Numbers
from bench.likeness.marks import UNKNOWN, Marks, Original, of_clone, of_original, original
from bench.likeness.references import LISTENERS, Target, missing, recordings
from bench.likeness.sentences import SENTENCES, WORDS, Sentences
from bench.likeness.speaking import (
    Presets,
    Took,
    Way,
    clones,
    enrolled,
    said,
    timed_enrolment,
    timed_speech,
)
from bench.likeness.timbre import Gallery
from bench.likeness.words import Listeners
from polyvox.domain.audio import Samples
from polyvox.engines.contract import Synthesizer

ORIGINAL = "itself"
_QUICK_WORDS = 20


@dataclass(frozen=True)
class Outcome:
    """What came out for one target."""

    target: Target
    marks: Mapping[str, Marks]
    """By way of speaking; `ORIGINAL` is the target."""
    took: Mapping[str, Took]
    """By way of speaking."""
    enrolment: float
    """Seconds for a reference of `TIMED_REFERENCE` seconds."""


class Trial:
    """`prepare` comes before any `outcome`."""

    def __init__(
        self, engine: Synthesizer, closenesses: Sequence[float], folder: Path, quick: bool
    ) -> None:
        self._engine, self._closenesses = engine, closenesses
        self._folder, self._quick = folder, quick
        self._words = WORDS[:_QUICK_WORDS] if quick else WORDS
        self._presets = Presets(engine)
        self._heard = dict[str, Numbers]()
        self._enrolled = dict[str, list[Samples]]()
        self._originals = dict[str, Original]()

    @property
    def guessed(self) -> float:
        """Per cent of words that are right by chance."""
        return 100 / len(self._words)

    def prepare(self, targets: Iterable[Target]) -> None:
        """Let the targets speak, and judges learn from them."""
        for target in targets:
            texts = self._sentences(target)
            self._enrolled[target.name] = self._recordings(target, texts.enrolled)
            judged = self._recordings(target, texts.judged)
            self._originals[target.name] = original(target.name, judged)
        self._gallery = Gallery(self._enrolled)
        absent = missing(LISTENERS)
        words = {
            each.name: self._recordings(each, self._words)
            for each in LISTENERS
            if each not in absent
        }
        self._listeners = Listeners(words)
        self._heard = {name: self._listeners.compared(each) for name, each in words.items()}

    def outcome(self, target: Target) -> Outcome:
        wanted = self._originals[target.name]
        texts = self._sentences(target)
        rate = self._engine.reference_rate
        reference = recordings(target, texts.enrolled, self._folder, rate)
        state = enrolled(self._engine, reference, target, " ".join(texts.enrolled))
        preset = self._presets.first(target.gender)
        nearest = self._presets.nearest(target.gender, wanted.pitch)
        ways = [preset, nearest, *clones(self._engine, state, self._closenesses)]
        took = {
            way.name: timed_speech(self._engine, way, texts.judged[0], target.language)
            for way in ways
        }
        marks = {way.name: self._marks(target, way, texts.judged) for way in ways}
        marks[ORIGINAL] = of_original(
            wanted, self._enrolled[target.name], self._gallery, self._right(target.name, target)
        )
        return Outcome(target, marks, took, timed_enrolment(self._engine, reference, target))

    def _marks(self, target: Target, way: Way, texts: Sequence[str]) -> Marks:
        sentences = said(self._engine, way, texts, target.language)
        heard = way.voice.id if way.voice.state is None else f"{target.name} {way.name}"
        if heard not in self._heard:
            words = said(self._engine, way, self._words, "en")
            self._heard[heard] = self._listeners.compared(words)
        right = self._right(heard, target)
        return of_clone(self._originals[target.name], sentences, self._gallery, right)

    def _right(self, heard: str, target: Target) -> float:
        """Per cent of the words, as listeners other than the target take them."""
        if heard not in self._heard:
            return UNKNOWN
        return 100 * self._listeners.right(self._heard[heard], target.name)

    def _sentences(self, target: Target) -> Sentences:
        texts = SENTENCES[target.language]
        return texts.fewer() if self._quick else texts

    def _recordings(self, target: Target, texts: Sequence[str]) -> list[Samples]:
        return recordings(target, texts, self._folder, RATE)

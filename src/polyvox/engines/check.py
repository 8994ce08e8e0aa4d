"""Runs the contract on any engine: what holds here, the rest of the house relies on.

    python -m polyvox.engines.check NAME [--folder FOLDER] [--model ID --weights FOLDER]

Runs in a process of its own, as the engine's host does. Prints one line for each rule and
exits with 1 when one is broken.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import InvalidInput, PolyvoxError
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines import options
from polyvox.engines.contract import Synthesizer, capabilities
from polyvox.engines.registry import Registry

_TEXT = "One, two, three, four, five, six, seven, eight, nine, ten."
_ROUNDS, _GROWTH = 20, 32 * 1024 * 1024


class Broken(AssertionError):
    """A rule of the contract does not hold."""


def check(engine: type[Synthesizer], device: str = "cpu") -> Iterator[tuple[str, Optional[str]]]:
    """Each rule's sentence with what is wrong, or None when it holds."""
    subject = _Subject(engine)
    for rule in _RULES:
        sentence = " ".join(str(rule.__doc__).split()).rstrip(".")
        try:
            rule(subject)
        except (Broken, PolyvoxError) as problem:
            yield sentence, str(problem) or type(problem).__name__
        else:
            yield sentence, None


class _Subject:
    """The engine under check, loaded once."""

    def __init__(self, engine: type[Synthesizer]) -> None:
        self.engine = engine
        self.loaded = engine()

    @property
    def language(self) -> str:
        return "en" if "en" in self.engine.languages else self.engine.languages[0]

    def preset(self, index: int = 0) -> Voice:
        """One of its speakers, or, where it has none, a clone of a buzz."""
        if not self.engine.speakers:
            return self.made(self.loaded.enroll(self.reference()))
        speaker = self.engine.speakers[index % len(self.engine.speakers)]
        return Voice(speaker.name, speaker.name, self.engine.name, PRESET, speaker.name)

    def speak(
        self, text: str = _TEXT, voice: Optional[Voice] = None, **given: Any
    ) -> Iterator[AudioChunk]:
        segment = Segment(text, self.language, seed=7)
        chosen = options.check(self.engine.Options, given)
        return self.loaded.synthesize(segment, voice or self.preset(), chosen)

    def said(self, text: str = _TEXT, voice: Optional[Voice] = None) -> Samples:
        return np.concatenate([chunk.samples for chunk in self.speak(text, voice)])

    def can(self, what: str) -> bool:
        return what in capabilities(self.engine)

    def reference(self) -> Reference:
        """Its own second speaker, telling numbers, or a buzz that comes and goes."""
        if not self.engine.speakers:
            return Reference(_buzz(self.engine.reference_rate), self.engine.reference_rate, _TEXT)
        spoken, source = self.said(_TEXT * 4, self.preset(1)), self.engine.sample_rate
        rate = self.engine.reference_rate
        moments = np.arange(0, len(spoken), source / rate)
        samples = np.interp(moments, np.arange(len(spoken)), spoken).astype(np.float32)
        return Reference(samples, rate, _TEXT * 4, self.language)

    def sounds(self, state: bytes) -> None:
        """Raises Broken unless the engine speaks with that state."""
        _expect(bool(np.abs(self.said(voice=self.made(state))).max(initial=0) > 0.01), "silent")

    def made(self, state: bytes) -> Voice:
        digest = hashlib.sha256(state).hexdigest()
        return Voice(digest, "made", self.engine.name, CLONED, digest=digest, state=state)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def _declares(subject: _Subject) -> None:
    """It declares a name, a version, a licence, languages, speakers and a sample rate."""
    engine = subject.engine
    for each in ("name", "version", "summary", "licence", "languages", "sample_rate"):
        _expect(bool(getattr(engine, each, None)), f"'{each}' is missing")
    _expect(bool(engine.speakers) or subject.can("enroll"), "it has no speakers and cannot clone")
    names = [speaker.name for speaker in engine.speakers]
    _expect(len(names) == len(set(names)), "two speakers have the same name")
    options.schema(engine.Options)


def _loads(subject: _Subject) -> None:
    """It loads on the CPU."""
    subject.loaded.load("cpu")


def _streams(subject: _Subject) -> None:
    """Its audio is float32 mono within -1 and 1, finite, at one sample rate."""
    chunks = list(subject.speak())
    _expect(bool(chunks), "it yields nothing")
    for chunk in chunks:
        samples = chunk.samples
        _expect(
            samples.dtype == np.float32 and samples.ndim == 1, f"{samples.dtype} {samples.shape}"
        )
        _expect(bool(np.isfinite(samples).all()), "samples that are no numbers")
        _expect(not len(samples) or bool(np.abs(samples).max() <= 1), "samples beyond 1")
        _expect(chunk.sample_rate == subject.engine.sample_rate, f"{chunk.sample_rate} Hz")
    everything = np.concatenate([chunk.samples for chunk in chunks])
    _expect(len(everything) > 0 and bool(np.abs(everything).max() > 0.01), "only silence")


def _starts_early(subject: _Subject) -> None:
    """Its first chunk comes before the end, and is short."""
    chunks = [chunk for chunk in subject.speak() if len(chunk.samples)]
    _expect(len(chunks) > 1, "everything comes in one chunk")
    _expect(chunks[0].duration <= 0.5, f"the first chunk is {chunks[0].duration:.2f} s long")


def _marks_words(subject: _Subject) -> None:
    """Words, where it tells them, are the text's own, in order and within the audio."""
    chunks = list(subject.speak())
    length = sum(chunk.duration for chunk in chunks)
    before = 0.0
    for word in (word for chunk in chunks for word in chunk.words):
        _expect(_TEXT[word.first : word.last] == word.text, f"'{word.text}' is not at {word.first}")
        _expect(before <= word.start <= word.end <= length + 0.1, f"'{word.text}' is out of order")
        before = word.start


def _refuses_options(subject: _Subject) -> None:
    """It refuses an option it does not know."""
    try:
        subject.speak(no_such_option=1)
    except InvalidInput:
        return
    raise Broken("an unknown option was taken")


def _hears_cancel(subject: _Subject) -> None:
    """It stops when its stream is closed, and speaks again afterwards."""
    stream = subject.speak(_TEXT * 4)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    _expect(any(len(chunk.samples) for chunk in subject.speak()), "silent after a cancellation")


def _repeats(subject: _Subject) -> None:
    """What calls itself deterministic gives the same samples twice."""
    if subject.engine.deterministic:
        _expect(np.array_equal(subject.said(), subject.said()), "two runs differ")


def _enrolls(subject: _Subject) -> None:
    """Where it clones: a recording makes a voice that speaks, and silence is refused."""
    if not subject.can("enroll"):
        return
    reference = subject.reference()
    subject.sounds(subject.loaded.enroll(reference))
    silence = replace(reference, samples=np.zeros_like(reference.samples))
    try:
        subject.loaded.enroll(silence)
    except InvalidInput:
        return
    raise Broken("silence was taken for somebody")


def _designs(subject: _Subject) -> None:
    """Where it designs: a description makes a voice that speaks, its words placed in it."""
    if not subject.can("design"):
        return
    asked = "a low voice, xyzzy"
    design = subject.loaded.design(asked, subject.language, {}, _TEXT)
    again = subject.loaded.design(asked, subject.language, {}, _TEXT)
    _expect(design == again, "the same words make another voice")
    subject.sounds(design.state)
    for trait in design.understood:
        _expect(asked[trait.first : trait.last] == trait.words, f"'{trait.words}' is elsewhere")
    _expect(set(design.settings) <= set(subject.engine.design_settings), "unknown settings")


def _blends(subject: _Subject) -> None:
    """Where it blends: two voices make a third that speaks."""
    if subject.can("blend"):
        voices = [subject.preset(0), subject.preset(1)]
        subject.sounds(subject.loaded.blend(voices, [0.5, 0.5]))


def _refuses_states(subject: _Subject) -> None:
    """Where it makes voices: a state that it has not made is refused, and it goes on."""
    if not any(map(subject.can, ("enroll", "design", "blend"))):
        return
    for state in (b"", b"no state", b"\x02\0\0\0\0\0\0\0{}"):
        try:
            subject.said(voice=subject.made(state))
        except InvalidInput:
            continue
        raise Broken(f"{state!r} was taken for a voice")
    _expect(bool(len(subject.said())), "silent afterwards")


def _keeps_memory(subject: _Subject) -> None:
    """Speaking again and again does not grow its memory."""
    for _ in subject.speak():
        pass
    gc.collect()
    before = _resident()
    for _ in range(_ROUNDS):
        for _ in subject.speak():
            pass
    gc.collect()
    grown = _resident() - before
    _expect(grown < _GROWTH, f"{grown >> 20} MB more after {_ROUNDS} rounds")


def _unloads(subject: _Subject) -> None:
    """It unloads, and loads again."""
    subject.loaded.unload()
    subject.loaded.load("cpu")
    _expect(any(len(chunk.samples) for chunk in subject.speak()), "silent after loading again")


def _buzz(rate: int) -> Samples:
    """Eight seconds of harmonics of 120 Hz, loud and quiet four times a second."""
    time = np.arange(8 * rate) / rate
    waves = sum(np.sin(2 * np.pi * 120 * n * time) / n for n in range(1, 25))
    return np.asarray(0.2 * waves * (1.2 + np.sin(8 * np.pi * time)) / 2.2, dtype=np.float32)


def _resident() -> int:
    """Bytes of memory the process holds; 0 where the system does not say."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


_RULES: tuple[Callable[[_Subject], None], ...] = (
    _declares,
    _loads,
    _streams,
    _starts_early,
    _marks_words,
    _refuses_options,
    _hears_cancel,
    _repeats,
    _enrolls,
    _designs,
    _blends,
    _refuses_states,
    _keeps_memory,
    _unloads,
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the contract on an engine.")
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, help="folder of drop-in engines")
    parser.add_argument("--model", default="", help="id of the model to check it with")
    parser.add_argument("--weights", type=Path, help="folder with that model's files")
    given = parser.parse_args()
    try:
        engine = Registry(given.folder).synthesizer(given.name)
    except PolyvoxError as error:
        sys.exit(f"polyvox: {error.message}")
    engine.model, engine.folder = given.model, given.weights
    broken = 0
    for sentence, problem in check(engine):
        print(f"ok     {sentence}" if problem is None else f"BROKEN {sentence}: {problem}")
        broken += problem is not None
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())

"""The rules of the contract. Each one's docstring is the sentence that is printed."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from polyvox.domain.errors import InvalidInput
from polyvox.engines import options
from polyvox.engines.check.subject import TEXT, Broken, Subject, expect

_ROUNDS, _GROWTH = 20, 32 * 1024 * 1024
_SLACK = 0.01
"""Seconds by which a conversion may be longer or shorter than its source."""
_QUIET = 0.01


def _declares(subject: Subject) -> None:
    """It declares a name, a version, a licence, languages, speakers and a sample rate."""
    engine = subject.engine
    for each in ("name", "version", "summary", "licence", "sample_rate"):
        expect(bool(getattr(engine, each, None)), f"'{each}' is missing")
    if subject.can("synthesize"):
        expect(bool(engine.languages), "'languages' is missing")
    else:
        expect(subject.can("convert"), "it neither speaks nor converts")
        borrowed = engine.languages or engine.max_characters
        expect(not borrowed, "it tells languages or a length, which are those of who speaks for it")
    voices = any(map(subject.can, ("presets", "enroll", "design")))
    expect(voices, "it has no speakers and cannot make any")
    names = [speaker.name for speaker in engine.speakers]
    expect(len(names) == len(set(names)), "two speakers have the same name")
    options.schema(engine.Options)


def _loads(subject: Subject) -> None:
    """It loads on the CPU."""
    subject.loaded.load("cpu")


def _streams(subject: Subject) -> None:
    """Its audio is float32 mono within -1 and 1, finite, at one sample rate."""
    chunks = list(subject.speak())
    expect(bool(chunks), "it yields nothing")
    for chunk in chunks:
        samples = chunk.samples
        expect(
            samples.dtype == np.float32 and samples.ndim == 1, f"{samples.dtype} {samples.shape}"
        )
        expect(bool(np.isfinite(samples).all()), "samples that are no numbers")
        expect(not len(samples) or bool(np.abs(samples).max() <= 1), "samples beyond 1")
        expect(chunk.sample_rate == subject.engine.sample_rate, f"{chunk.sample_rate} Hz")
    everything = np.concatenate([chunk.samples for chunk in chunks])
    expect(len(everything) > 0 and bool(np.abs(everything).max() > 0.01), "only silence")


def _starts_early(subject: Subject) -> None:
    """Its first chunk comes before the end, and is short."""
    chunks = [chunk for chunk in subject.speak() if len(chunk.samples)]
    expect(len(chunks) > 1, "everything comes in one chunk")
    expect(chunks[0].duration <= 0.5, f"the first chunk is {chunks[0].duration:.2f} s long")


def _marks_words(subject: Subject) -> None:
    """Words, where it tells them, are the text's own, in order and within the audio."""
    chunks = list(subject.speak())
    if not subject.can("synthesize"):
        expect(not any(chunk.words for chunk in chunks), "words, of which it knows none")
        return
    length = sum(chunk.duration for chunk in chunks)
    before = 0.0
    for word in (word for chunk in chunks for word in chunk.words):
        expect(TEXT[word.first : word.last] == word.text, f"'{word.text}' is not at {word.first}")
        expect(before <= word.start <= word.end <= length + 0.1, f"'{word.text}' is out of order")
        before = word.start


def _refuses_options(subject: Subject) -> None:
    """It refuses an option it does not know."""
    try:
        subject.speak(no_such_option=1)
    except InvalidInput:
        return
    raise Broken("an unknown option was taken")


def _hears_cancel(subject: Subject) -> None:
    """It stops when its stream is closed, and speaks again afterwards."""
    stream = subject.speak(TEXT * 4)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    expect(any(len(chunk.samples) for chunk in subject.speak()), "silent after a cancellation")


def _repeats(subject: Subject) -> None:
    """What calls itself deterministic gives the same samples twice."""
    if subject.engine.deterministic:
        expect(np.array_equal(subject.said(), subject.said()), "two runs differ")


def _enrolls(subject: Subject) -> None:
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


def _designs(subject: Subject) -> None:
    """Where it designs: a description makes a voice that speaks, its words placed in it."""
    if not subject.can("design"):
        return
    asked = "a low voice, xyzzy"
    design = subject.loaded.design(asked, subject.language, {}, TEXT)
    again = subject.loaded.design(asked, subject.language, {}, TEXT)
    expect(design == again, "the same words make another voice")
    subject.sounds(design.state)
    for trait in design.understood:
        expect(asked[trait.first : trait.last] == trait.words, f"'{trait.words}' is elsewhere")
    expect(set(design.settings) <= set(subject.engine.design_settings), "unknown settings")


def _blends(subject: Subject) -> None:
    """Where it blends: two voices make a third that speaks."""
    if subject.can("blend"):
        voices = [subject.preset(0), subject.preset(1)]
        subject.sounds(subject.loaded.blend(voices, [0.5, 0.5]))


def _converts(subject: Subject) -> None:
    """Where it converts: as long as the source, quiet where that is, and each voice another."""
    if not subject.can("convert"):
        return
    for rate in (8000, 44100):
        source = subject.source(2, rate)
        length = len(subject.converted(source)) / subject.engine.sample_rate
        expect(abs(length - 4) < _SLACK, f"{length:.3f} s of 4 s at {rate} Hz")
    heard = subject.converted(source)
    quiet = heard[round(2.5 * subject.engine.sample_rate) :]
    expect(bool(np.abs(quiet).max() < _QUIET), "it is heard where the source is silent")
    other = subject.converted(source, subject.preset(1))
    expect(not np.array_equal(heard, other), "another voice sounds the same")


def _refuses_states(subject: Subject) -> None:
    """Where it makes voices: a state that it has not made is refused, and it goes on."""
    if not any(map(subject.can, ("enroll", "design", "blend"))):
        return
    for state in (b"", b"no state", b"\x02\0\0\0\0\0\0\0{}"):
        try:
            subject.said(voice=subject.made(state))
        except InvalidInput:
            continue
        raise Broken(f"{state!r} was taken for a voice")
    expect(bool(len(subject.said())), "silent afterwards")


def _keeps_memory(subject: Subject) -> None:
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
    expect(grown < _GROWTH, f"{grown >> 20} MB more after {_ROUNDS} rounds")


def _unloads(subject: Subject) -> None:
    """It unloads, and loads again."""
    subject.loaded.unload()
    subject.loaded.load("cpu")
    expect(any(len(chunk.samples) for chunk in subject.speak()), "silent after loading again")


def _resident() -> int:
    """Bytes of memory the process holds; 0 where the system does not say."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


RULES: tuple[Callable[[Subject], None], ...] = (
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
    _converts,
    _refuses_states,
    _keeps_memory,
    _unloads,
)

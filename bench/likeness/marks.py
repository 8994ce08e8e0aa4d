"""How far a way of speaking is from a target: each measure by itself, and their means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from bench.likeness.acoustics import (
    BANDS,
    Numbers,
    cepstra,
    formants,
    long_term,
    pitch,
)
from bench.likeness.timbre import Gallery
from bench.likeness.warping import distances, warped
from polyvox.domain.audio import Samples

UNKNOWN = float("nan")


@dataclass(frozen=True)
class Marks:
    """Of one way of speaking for one target, or their means over targets."""

    pitch: float
    """Semitones between the medians."""
    spectrum: float
    """Decibels between the long-term spectra, root of the mean square over the mel bands."""
    formants: float
    """Per cent by which the first four are off."""
    cepstra: float
    """Decibels between frames of the same sentences, brought together in time."""
    duration: float
    """Per cent by which the sentences are longer or shorter."""
    named: float
    """Per cent of the targets that all sentences together are nearest to their own model."""
    named_each: float
    """Per cent of single sentences that are nearest to their own target."""
    words: float
    """Per cent of single words that are taken for what they are."""


LABELS = (
    "pitch off, semitones",
    "long-term spectrum off, dB",
    "formants off, %",
    "mel-cepstral distance, dB",
    "sentences longer or shorter, %",
    "named by timbre, all sentences, %",
    "named by timbre, one sentence, %",
    "words told apart, %",
)
"""Of the fields of `Marks`, in their order."""


@dataclass(frozen=True)
class Original:
    """What the target says where nobody learned from it."""

    name: str
    sentences: Sequence[Samples]
    pitch: float
    """Hertz."""
    spectrum: Numbers
    """(BANDS,): decibels."""
    formants: Numbers
    """(FORMANTS,): hertz."""


def original(name: str, sentences: Sequence[Samples]) -> Original:
    whole = np.concatenate(sentences)
    return Original(name, sentences, pitch(whole), long_term(whole), formants(whole))


def of_clone(
    target: Original, sentences: Sequence[Samples], gallery: Gallery, words: float
) -> Marks:
    """Of the target's own `sentences` as somebody else says them; `words` in per cent."""
    colour = _colour(target, sentences)
    pairs = list(zip(sentences, target.sentences, strict=True))
    lengths = [abs(np.log(len(said) / len(wanted))) for said, wanted in pairs]
    return Marks(
        *colour,
        cepstra=float(np.mean([_cepstral(*pair) for pair in pairs])),
        duration=100 * float(np.expm1(np.mean(lengths))),
        **_named(target.name, sentences, gallery),
        words=words,
    )


def of_original(
    target: Original, enrolled: Sequence[Samples], gallery: Gallery, words: float
) -> Marks:
    """What nobody can do better: the target's `enrolled` sentences against its judged ones, and
    how often those are known for its own."""
    named = _named(target.name, target.sentences, gallery)
    return Marks(*_colour(target, enrolled), UNKNOWN, UNKNOWN, **named, words=words)


def means(marks: Iterable[Marks]) -> Marks:
    """Of each measure over those that know it."""
    rows = np.array([[getattr(each, field.name) for field in fields(Marks)] for each in marks])
    known = ~np.isnan(rows)
    sums, counts = np.where(known, rows, 0).sum(0), known.sum(0)
    return Marks(*(float(s / c) if c else UNKNOWN for s, c in zip(sums, counts, strict=True)))


def _colour(target: Original, sentences: Sequence[Samples]) -> tuple[float, float, float]:
    whole = np.concatenate(sentences)
    return (
        float(12 * abs(np.log2(pitch(whole) / target.pitch))),
        float(np.sqrt(((long_term(whole) - target.spectrum) ** 2).mean())),
        100 * float(np.abs(formants(whole) / target.formants - 1).mean()),
    )


def _named(name: str, sentences: Sequence[Samples], gallery: Gallery) -> dict[str, float]:
    each = [gallery.nearest([sentence]) == name for sentence in sentences]
    together = gallery.nearest(sentences) == name
    return {"named": 100.0 * together, "named_each": 100 * float(np.mean(each))}


def _cepstral(said: Samples, wanted: Samples) -> float:
    """Decibels a band along the way that fits best once each voice's own colour is taken away."""
    one, other = cepstra(said), cepstra(wanted)
    way = distances(one - one.mean(0), other - other.mean(0))
    return float(warped([way], [distances(one, other) / np.sqrt(BANDS)])[0])

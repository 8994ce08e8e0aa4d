"""What is printed: a row per measure, a column per way of speaking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from math import isnan
from statistics import median

from bench.likeness.marks import LABELS, Marks, means
from bench.likeness.speaking import TIMED_REFERENCE
from bench.likeness.trial import ORIGINAL, Outcome

_WIDTH, _WIDE = 40, 16


def table(title: str, outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Means over `outcomes`."""
    ways = list(outcomes[0].marks)
    columns = [means(each.marks[way] for each in outcomes) for way in ways]
    yield title.ljust(_WIDTH) + "".join(f"{way:>{_WIDE}}" for way in ways)
    for field, label in zip(fields(Marks), LABELS, strict=True):
        figures = (_figure(getattr(column, field.name)) for column in columns)
        yield label.ljust(_WIDTH) + "".join(f"{figure:>{_WIDE}}" for figure in figures)


def singly(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """A line for each target."""
    ways = list(outcomes[0].marks)
    yield "spectrum off, dB; sentences named, words told apart, %"
    yield "target".ljust(_WIDTH) + "".join(f"{way:>{_WIDE}}" for way in ways)
    for outcome in outcomes:
        target = outcome.target
        title = f"{target.name}, {target.gender}, {target.language}"
        cells = (_cell(outcome.marks[way]) for way in ways)
        yield title.ljust(_WIDTH) + "".join(f"{cell:>{_WIDE}}" for cell in cells)


def speeds(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Medians over `outcomes`."""
    ways = [way for way in outcomes[0].marks if way != ORIGINAL]
    seconds = median(each.enrolment for each in outcomes)
    yield (
        f"Enrolment of {TIMED_REFERENCE} s takes {seconds:.2f} s, "
        f"{TIMED_REFERENCE / seconds:.0f} × real time"
    )
    yield "a voice's first sentence".ljust(_WIDTH) + "".join(f"{way:>{_WIDE}}" for way in ways)
    chunks = (median(1000 * each.took[way].first_chunk for each in outcomes) for way in ways)
    yield "first chunk, ms".ljust(_WIDTH) + "".join(f"{chunk:{_WIDE}.1f}" for chunk in chunks)
    speed = (median(each.took[way].speed for each in outcomes) for way in ways)
    yield "× real time".ljust(_WIDTH) + "".join(f"{each:{_WIDE}.0f}" for each in speed)


def _cell(marks: Marks) -> str:
    words = "–" if isnan(marks.words) else f"{marks.words:.0f}"
    return f"{marks.spectrum:5.2f} {marks.named_each:4.0f} {words:>3}"


def _figure(value: float) -> str:
    if isnan(value):
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"

"""From the phrases of a description to what it says: meanings with their degrees, and denials.

A degree or a denial counts for the next meaning of its clause, across words that say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

from polyvox.domain.voice import Trait
from polyvox.engines.espeak.designing.lexicon import (
    ACCENT,
    DEGREE,
    DEGREE_AFTER,
    MEANS,
    NOT,
    NOT_AFTER,
    UNKNOWN,
    YEARS,
    Sense,
)
from polyvox.engines.espeak.designing.meanings import MEANINGS, age_of
from polyvox.engines.espeak.designing.reading import Finding

_FURTHEST = 3
"""How many words that say nothing a degree or a denial reaches across."""
_LONGEST_AGE = 3
"""Digits."""


@dataclass(frozen=True)
class Said:
    """One thing that a description says."""

    trait: Trait
    meanings: tuple[str, ...]
    """Names in `MEANINGS`; none when they are denied."""
    degree: str
    """A name in `DEGREES`, or empty."""


@dataclass(frozen=True)
class _Pending:
    """What waits for its meaning: a degree, a denial, or both."""

    first: int
    """Index of its first character in the description."""
    degree: str = ""
    """A name in `DEGREES`, or empty."""
    denied: bool = False
    crossed: int = 0
    """Words that say nothing since then."""


def interpret(
    description: str, clauses: Iterable[Sequence[Finding]]
) -> tuple[tuple[Said, ...], tuple[str, ...]]:
    """What is said, in order, and the words that were not understood, each once."""
    said: list[Said] = []
    missed: list[Finding] = []
    for clause in clauses:
        for each in _read(description, list(_with_ages(description, clause))):
            if isinstance(each, Said):
                said.append(each)
            else:
                missed.append(each)
    accented = any(each.trait.about == ACCENT for each in said)
    understood = {each.trait.words.casefold() for each in said}
    ignored = (
        each.text
        for each in missed
        if not (accented and _role(each) == ACCENT) and each.text.casefold() not in understood
    )
    return tuple(said), tuple(dict.fromkeys(ignored))


def _with_ages(description: str, clause: Sequence[Finding]) -> Iterator[Finding]:
    """`clause` with each number of years as the age it means."""
    number: Optional[Finding] = None
    for finding in clause:
        if number and _role(finding) == YEARS:
            age = Sense(MEANS, (age_of(int(number.text)),))
            text = description[number.first : finding.last]
            yield Finding(text, number.first, finding.last, age)
            number = None
            continue
        if number:
            yield number
        number = finding if _is_age(finding) else None
        if not number:
            yield finding
    if number:
        yield number


def _is_age(finding: Finding) -> bool:
    return finding.text.isdecimal() and len(finding.text) <= _LONGEST_AGE


def _read(description: str, clause: Sequence[Finding]) -> Iterator[Union[Said, Finding]]:
    """What a clause says, and the words in it that were not understood."""
    pending: Optional[_Pending] = None
    taken = 0
    for at, finding in enumerate(clause):
        if at < taken:
            continue
        after = _after(clause, at) if _role(finding) in (MEANS, ACCENT) else ()
        said = _said(description, pending, finding, after)
        if said:
            yield said
            pending, taken = None, at + 1 + len(after)
        else:
            if _role(finding) in (UNKNOWN, ACCENT):
                yield finding
            pending = _waiting(pending, finding)


def _after(clause: Sequence[Finding], at: int) -> Sequence[Finding]:
    """The degrees and denials that look back to a finding."""
    last = at + 1
    while last < len(clause) and _role(clause[last]) in (NOT_AFTER, DEGREE_AFTER):
        last += 1
    return clause[at + 1 : last]


def _role(finding: Finding) -> str:
    return finding.sense.role if finding.sense else UNKNOWN


def _waiting(pending: Optional[_Pending], finding: Finding) -> Optional[_Pending]:
    """What waits after a finding without a meaning."""
    role, sense = _role(finding), finding.sense
    before = pending or _Pending(finding.first)
    if role == NOT:
        return replace(before, denied=True, crossed=0)
    if role == DEGREE and sense:
        return replace(before, degree=sense.degree, crossed=0)
    if pending and role != UNKNOWN and pending.crossed < _FURTHEST:
        return replace(pending, crossed=pending.crossed + 1)
    return None


def _said(
    description: str, pending: Optional[_Pending], finding: Finding, after: Sequence[Finding]
) -> Optional[Said]:
    """What a finding says with what waited for it and with what looks back to it, if anything."""
    sense = finding.sense
    first = pending.first if pending else finding.first
    last = after[-1].last if after else finding.last
    denied = any(_role(each) == NOT_AFTER for each in after) or bool(pending and pending.denied)
    if sense is None or sense.role not in (MEANS, ACCENT):
        return None
    if sense.role == ACCENT:
        trait = Trait(description[first:last], first, last, ACCENT, "no accent")
        return Said(trait, (), "") if denied else None
    degree = sense.degree or (pending.degree if pending else "")
    degree = next((each.sense.degree for each in after if each.sense and each.sense.degree), degree)
    *before, graded = sense.meanings  # a degree belongs to the age of "very old man"
    named = ", ".join((*before, graded if denied else f"{degree} {graded}".strip()))
    about = ", ".join(dict.fromkeys(MEANINGS[each].about for each in sense.meanings))
    trait = Trait(description[first:last], first, last, about, f"not {named}" if denied else named)
    return Said(trait, () if denied else sense.meanings, degree)

"""Reads a description: cuts it into clauses, finds each clause's language, and its phrases there.

What the phrases do to a voice is not decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from polyvox.engines.espeak.designing.lexicon import (
    MEANS,
    Lexicon,
    Phrase,
    Sense,
    bare,
    is_each,
    plain,
    read,
    tokens,
)

_READERS: Mapping[str, tuple[str, ...]] = {
    "latin": ("en", "de", "fr", "es", "it", "pt"),
    "cyrillic": ("ru",),
    "hangul": ("ko",),
    "han": ("zh", "ja"),
}
"""The languages with a lexicon by script; the first is meant when nothing else decides."""

_SCRIPTS = {
    "latin": re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "hangul": re.compile("[\uac00-\ud7a3]"),
    "han": re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々]"),
}
_JOINS = re.compile(r"[ \t\u00a0\u3000'’‘`´‐‑-]*")
"""What may stand between two words of one phrase."""
_KANA = re.compile("[\u3040-\u309f]{1,3}")


@dataclass(frozen=True)
class Token:
    """A word of the description, or a character of a script without spaces."""

    text: str
    first: int
    """Index of its first character in the description."""
    last: int
    """Index after its last character."""
    script: str
    """latin, cyrillic, hangul, han or other; empty for numbers."""


@dataclass(frozen=True)
class Finding:
    """A phrase of a lexicon, or a word without one, where it stands."""

    text: str
    """As it is written."""
    first: int
    """Index of its first character in the description."""
    last: int
    """Index after its last character."""
    sense: Optional[Sense]
    """None for a word that is not in the lexicon."""


Clause = Sequence[Token]


def read_clauses(description: str, language: Optional[str]) -> Iterator[list[Finding]]:
    """The findings of each clause, in order.

    A clause is read with the lexicon that knows most of its words; of equal ones, with that of
    `language` (BCP 47), or the one that knows most of the whole description.
    """
    clauses = list(_clauses(description))
    lexicons = _lexicons(clauses)
    known: Counter[str] = Counter()
    covered = [_covered(clause, lexicons) for clause in clauses]
    for each in covered:
        known.update(each)
    asked = (language or "").lower().split("-")[0]
    for clause, count in zip(clauses, covered, strict=True):
        reader = max(count, key=lambda code: (count[code], code == asked, known[code]), default="")
        found = _findings(description, clause, lexicons.get(reader, {}))
        if reader in _READERS["latin"]:
            found = (_borrowed(each, lexicons["en"]) for each in found)
        yield list(_words(found, reader))


def _clauses(description: str) -> Iterator[Clause]:
    clause: list[Token] = []
    script = ""
    for token in _tokens(description):
        gap = description[clause[-1].last : token.first] if clause else ""
        changed = token.script and script and token.script != script
        if clause and (changed or not _JOINS.fullmatch(gap)):
            yield clause
            clause, script = [], ""
        clause.append(token)
        script = token.script or script
    if clause:
        yield clause


def _tokens(description: str) -> Iterator[Token]:
    for first, last in tokens(description):
        text = description[first:last]
        yield Token(text, first, last, _script(text))


def _script(text: str) -> str:
    if text[0].isdecimal():
        return ""
    return next((name for name, letters in _SCRIPTS.items() if letters.match(text)), "other")


def _lexicons(clauses: Sequence[Clause]) -> dict[str, Lexicon]:
    """Those of the scripts that occur."""
    scripts = {token.script for clause in clauses for token in clause}
    return {
        code: read(code)
        for script, codes in _READERS.items()
        if script in scripts
        for code in codes
    }


def _covered(clause: Clause, lexicons: Mapping[str, Lexicon]) -> dict[str, int]:
    """How many tokens of a clause the lexicons know that read its script."""
    script = next((token.script for token in clause if token.script), "")
    return {
        code: sum(length for _, length, sense in _walk(clause, lexicons[code]) if sense)
        for code in _READERS.get(script, ())
    }


def _walk(clause: Clause, lexicon: Lexicon) -> Iterator[tuple[int, int, Optional[Sense]]]:
    """Where a phrase or an unknown token begins, how many tokens it has, and its sense."""
    exact = [plain(token.text) for token in clause]
    loose = [bare(token.text) for token in clause]
    at = 0
    while at < len(clause):
        length, sense = max(
            (_longest(exact, at, lexicon), _longest(loose, at, lexicon)), key=lambda hit: hit[0]
        )
        yield at, max(length, 1), sense
        at += max(length, 1)


def _longest(words: Sequence[str], at: int, lexicon: Lexicon) -> tuple[int, Optional[Sense]]:
    for phrase, sense in lexicon.get(words[at], ()):
        if _fits(phrase, words, at):
            return len(phrase), sense
    return 0, None


def _fits(phrase: Phrase, words: Sequence[str], at: int) -> bool:
    return tuple(words[at : at + len(phrase)]) == phrase


def _findings(description: str, clause: Clause, lexicon: Lexicon) -> Iterator[Finding]:
    for at, length, sense in _walk(clause, lexicon):
        first, last = clause[at].first, clause[at + length - 1].last
        yield Finding(description[first:last], first, last, sense)


def _borrowed(finding: Finding, english: Lexicon) -> Finding:
    """An unknown word of another language is understood where English has a meaning for it."""
    if finding.sense is None:
        _, sense = _longest([plain(finding.text)], 0, english)
        if sense and sense.role == MEANS:
            return replace(finding, sense=sense)
    return finding


def _words(found: Iterable[Finding], reader: str) -> Iterator[Finding]:
    """`found` with unknown characters joined to words, and without endings of known words."""
    waiting: Optional[Finding] = None
    before: Optional[Finding] = None
    for finding in found:
        if waiting and _continues(waiting, finding):
            waiting = replace(waiting, text=waiting.text + finding.text, last=finding.last)
            continue
        if waiting and not _is_ending(waiting, before, reader):
            yield waiting
        before, waiting = (waiting or before), None
        if finding.sense is None:
            waiting = finding
        else:
            yield finding
            before = finding
    if waiting and not _is_ending(waiting, before, reader):
        yield waiting


def _continues(word: Finding, finding: Finding) -> bool:
    together = word.last == finding.first and finding.sense is None
    return together and is_each(word.text) and is_each(finding.text)


def _is_ending(word: Finding, before: Optional[Finding], reader: str) -> bool:
    """Whether an unknown word is the rest of the word `before` it, as far as grammar goes."""
    if before is None or before.sense is None or before.last != word.first:
        return False
    return reader == "ko" or (reader == "ja" and bool(_KANA.fullmatch(word.text)))

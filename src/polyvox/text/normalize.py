"""Tidies text before it is spoken: Unicode form C, no control characters, nothing invisible.
Remembers where each character came from. Numbers and abbreviations are left to the engines."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category, is_normalized, normalize

_INVISIBLE = (
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
)
_LINE_ENDS = "\r\x0b\x0c\x85\u2028\u2029"
_UNWANTED = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"

_REPLACED = re.compile(f"(?P<line>\r(?!\n)|[{_LINE_ENDS[1:]}])|[{_UNWANTED}]")
# Joiners mean something in emoji and in scripts that join letters; those lie above U+0600.
_REMOVED = re.compile(
    f"\r(?=\n)|[{_INVISIBLE}]+|(?<![\u0600-\u1fff\u2070-\ufefe\ufff0-\U0010ffff])[\u200c\u200d]"
)
_WORDS = re.compile(r"\S+")
_LONGEST_CLUSTER = 32


@dataclass(frozen=True)
class Tidied:
    """Text and where each of its characters stood before."""

    text: str
    positions: Sequence[int]
    """One index into the original text for each character, strictly increasing, and one more:
    the original's length."""


def untouched(text: str) -> Tidied:
    """`text` as it is, but for lone surrogates, which no engine can be sent: spaces for them."""
    return Tidied(re.sub("[\ud800-\udfff]", " ", text), range(len(text) + 1))


def tidy(text: str) -> Tidied:
    """`text` with line ends as newlines, other control characters and lone surrogates as spaces,
    without zero-width and soft-hyphen characters, and composed (NFC).

    A cluster that composition would make longer, or that is longer than 32 characters (UAX #15
    calls text without such clusters stream-safe), stays as it is. Linear in the text's length.
    """
    replaced = _REPLACED.sub(lambda match: "\n" if match["line"] else " ", text)
    removed = _remove(replaced)
    return _compose(removed)


def _remove(text: str) -> Tidied:
    cuts = [match.span() for match in _REMOVED.finditer(text)]
    return _rewrite(Tidied(text, range(len(text) + 1)), ((*cut, "") for cut in cuts), bool(cuts))


def _compose(tidied: Tidied) -> Tidied:
    needed = not is_normalized("NFC", tidied.text)
    return _rewrite(tidied, _compositions(tidied.text) if needed else iter(()), needed)


def _compositions(text: str) -> Iterator[tuple[int, int, str]]:
    """Clusters to compose: (first, last, composed)."""
    for word in _WORDS.finditer(text):
        if word.group().isascii() or is_normalized("NFC", word.group()):
            continue
        for first, last in _clusters(text, word.start(), word.end()):
            cluster = text[first:last]
            composed = normalize("NFC", cluster)
            if composed != cluster and len(composed) <= len(cluster):
                yield first, last, composed


def _clusters(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The parts of a word that can be composed each on its own."""
    start = first
    for index in range(first + 1, last + 1):
        if index == last or not _joins(text[index]):
            if index - start <= _LONGEST_CLUSTER:
                yield start, index
            start = index


def _joins(character: str) -> bool:
    """Whether it may compose with what stands before: marks, Hangul vowels and finals."""
    return category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"


def _rewrite(tidied: Tidied, edits: Iterator[tuple[int, int, str]], needed: bool) -> Tidied:
    """`tidied` with `edits` (first, last, no longer text) made, in order."""
    if not needed:
        return tidied
    parts: list[str] = []
    positions = array("q")
    done = 0
    for first, last, new in edits:
        parts += (tidied.text[done:first], new)
        positions.extend(tidied.positions[done : first + len(new)])
        done = last
    parts.append(tidied.text[done:])
    positions.extend(tidied.positions[done:])
    return Tidied("".join(parts), positions)

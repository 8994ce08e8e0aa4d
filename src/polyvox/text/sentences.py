"""Where sentences end, by the rules of `sentencex` for each language, and where a sentence that
is too long can be cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries  # type: ignore[import-untyped]

from polyvox.text.graphemes import cut_within, may_cut
from polyvox.text.language import plain

CLAUSE_PAUSE = 0.1
"""Seconds after a part that ends at a clause's punctuation."""

# sentencex takes quadratic time over text that is not ASCII, so it sees this much at once.
_WINDOW = 2000
_RULES_OF = {"yue": "zh", "hak": "zh", "nb": "no"}

_ABBREVIATIONS = (
    "av dipl dott dr dra drs ex exmo gen hr ing lic mag mgr mlle mm mme mr mrs ms pr prof "
    "sig sr sra srta st ste"
)
_LAST_WORD = re.compile(r"(?:^|[\s(«„“\"'’-])([^\W\d_]{1,5})\.\s*$")
_ELLIPSIS = re.compile(r"…[\"'»”’)\]]*\s+")
_CLAUSE_END = re.compile(r"(?:[,;:!?،؛؟–—…]+[\"'»”’)\]]*(?=\s)|[、，；：。！？]+[」』”’）》]*)")


def sentence_ends(text: str, language: str) -> list[int]:
    """The index after each sentence of a paragraph, white space after it included; the last is
    the paragraph's length. Linear in the text's length."""
    # It panics over white space of several bytes and over surrogates, both of which it gets none.
    text = re.sub("[\\s\ud800-\udfff]", " ", text)
    code = _RULES_OF.get(plain(language), plain(language))
    ends: list[int] = []
    start = 0
    for end in sorted({*_raw_ends(text, code), *_ellipses(text)}):
        if end == len(text) or not _goes_on(text, start, end):
            ends.append(end)
            start = end
    return ends


def cut_sentence(text: str, first: int, last: int, limit: int) -> Iterator[tuple[int, int, float]]:
    """text[first:last] as parts of at most `limit` characters: (first, last, pause after it).

    It is cut after a clause's punctuation, else at a space, else between two graphemes; a
    grapheme longer than `limit` stays whole. The last part's pause is left at 0.
    """
    while last - first > limit:
        end, pause = _best_cut(text, first, last, limit)
        if end == last:
            break
        stop = end
        while text[stop - 1].isspace():
            stop -= 1
        yield first, stop, pause
        first = end
        while text[first].isspace():
            first += 1
    yield first, last, 0.0


def _raw_ends(text: str, code: str) -> Iterator[int]:
    start = 0
    while start < len(text):
        window = text[start : start + _WINDOW]
        ends = [start + each["end_index"] for each in get_sentence_boundaries(code, window)]
        if start + len(window) == len(text):
            yield from ends[:-1]
            yield len(text)
            return
        # The window's last sentence may go on behind it.
        yield from ends[:-1]
        start = ends[-2] if len(ends) > 1 else start + len(window)


def _ellipses(text: str) -> Iterator[int]:
    """The ends that sentencex does not see: "Oui… Bon."."""
    return (match.end() for match in _ELLIPSIS.finditer(text))


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether the sentence goes on after `end`: a small letter follows, a capital alone or an
    abbreviation stands before the full stop, or a mark belongs to the last character."""
    if text[end].islower() or not may_cut(text, end, start):
        return True
    found = _LAST_WORD.search(text, max(start, end - 10), end)
    if found is None:
        return False
    word = found[1]
    return (len(word) == 1 and word.isupper()) or word.casefold() in _ABBREVIATIONS.split()


def _best_cut(text: str, first: int, last: int, limit: int) -> tuple[int, float]:
    ends = (
        match.end()
        for match in _CLAUSE_END.finditer(text, first, min(first + limit + 1, last))
        if first + limit // 4 < match.end() <= first + limit
    )
    clauses = [end for end in ends if may_cut(text, end, first)]
    if clauses:
        return clauses[-1], CLAUSE_PAUSE
    for index in range(first + limit, first, -1):
        if text[index].isspace() and may_cut(text, index + 1, first):
            return index, 0.0
    return cut_within(text, first, first + limit, last), 0.0

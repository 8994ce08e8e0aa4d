"""Captions for reading along, from words with times; written as SubRip or WebVTT."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import combining, east_asian_width

from polyvox.domain.speech import Word
from polyvox.text.graphemes import cut_within
from polyvox.text.markup import without_pauses
from polyvox.text.paragraphs import find_paragraphs
from polyvox.text.sentences import sentence_ends

COLUMNS = 42
"""Width of a line; a wide character (Han, kana, Hangul) takes two columns."""
LINES = 2
LONGEST_CUE = 7.0
"""Seconds that a cue is shown at most, if it has more than one word."""
SHORTEST_CUE = 1.0
"""Seconds that a cue lasts at least before a sentence's end ends it."""
LONGEST_GAP = 1.0
"""Seconds of silence that end a cue."""

_OPENER = re.compile(r"[¿¡(\[{“‘„‚«‹「『《〈【〔（［｛—–-]")
_CJK = "[\u2e80-\u3002\u3012-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
_CLOSERS = "[、。，．！？：；…）」』】》〉〕”’％ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ]*"
_UNIT = re.compile(rf"{_CJK}{_CLOSERS}|(?:(?!{_CJK})\S)+{_CLOSERS}")


@dataclass(frozen=True)
class Cue:
    """What is shown at one time."""

    start: float
    """Seconds, to the millisecond."""
    end: float
    """Seconds, to the millisecond; after `start` and not after the next cue's start."""
    text: str
    """Lines of at most 42 columns with newlines between; more than two lines only for a single
    word that fills them."""


def cues(words: Sequence[Word], text: str, language: str = "en") -> list[Cue]:
    """`words`, in order, grouped for reading; `text` is what they were spoken from.

    A cue ends with a sentence, unless it is shorter than a second, before a silence of more than
    a second, and where two lines or seven seconds are full. Its text is the original's,
    punctuation included, without pause markup. `language` is a BCP 47 code, whose rules tell
    sentences.
    """
    found: list[Cue] = []
    earliest = 0.0
    for group, written in _groups(words, text, language):
        shown = "\n".join(_wrap(written))
        start = max(round(group[0].start, 3), earliest)
        end = max(round(group[-1].end, 3), round(start + 0.001, 3))
        if shown:
            found.append(Cue(start, end, shown))
            earliest = end
    return found


def to_srt(cues: Sequence[Cue]) -> str:
    """The cues as a SubRip file."""
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        f"{_without_blank_lines(cue.text).replace('-->', '-- >')}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def to_vtt(cues: Sequence[Cue]) -> str:
    """The cues as a WebVTT file."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n"
        f"{_escaped(_without_blank_lines(cue.text))}\n\n"
        for cue in cues
    )


def _groups(
    words: Sequence[Word], text: str, language: str
) -> Iterator[tuple[Sequence[Word], str]]:
    """Words that are shown together, and what is written for them."""
    written = without_pauses(text)
    edges = _edges(words, written)
    stops = _sentence_ends(written, language)
    first = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or (
            words[index].first >= words[index - 1].last
            and (
                _pauses(words[first : index + 1], stops)
                or words[index].end - words[first].start > LONGEST_CUE
                or len(_wrap(written[edges[first] : edges[index + 1]])) > LINES
            )
        ):
            yield words[first:index], written[edges[first] : edges[index]]
            first = index


def _pauses(words: Sequence[Word], stops: Sequence[int]) -> bool:
    """Whether the voice rests before the last of `words`: a silence, or a sentence's end after a
    cue that lasts long enough."""
    *before, last, following = words
    if following.start - last.end > LONGEST_GAP:
        return True
    ended = bisect_right(stops, following.first) > bisect_right(stops, last.first)
    return ended and last.end - [*before, last][0].start >= SHORTEST_CUE


def _sentence_ends(text: str, language: str) -> list[int]:
    return [
        first + end
        for first, last in find_paragraphs(text, 0, len(text))
        for end in sentence_ends(text[first:last], language)
    ]


def _edges(words: Sequence[Word], text: str) -> list[int]:
    """Where in `text` that which belongs to each word begins, and where that of the last ends."""
    if not words:
        return []
    opening = words[0].first
    while opening > 0 and not text[opening - 1].isalnum():
        opening -= 1
    edges = [opening + _edge_in(text[opening : words[0].first]) if opening else 0]
    for word, following in pairwise(words):
        edge = word.last + _edge_in(text[word.last : following.first])
        edges.append(max(edges[-1], min(edge, following.first)))
    closing = words[-1].last
    while closing < len(text) and not text[closing].isalnum():
        closing += 1
    after = text[words[-1].last : closing]
    edges.append(words[-1].last + _edge_in(after if closing < len(text) else after + " "))
    return edges


def _edge_in(between: str) -> int:
    """How much of what stands between two words goes with the first of them."""
    if not re.search(r"\s", between):
        opener = _OPENER.search(between)
        return opener.start() if opener else len(between)
    edge = 0
    for token in re.finditer(r"\S+", between):
        touches_next = token.end() == len(between)
        if token.start() > 0 and (touches_next or _OPENER.match(token.group())):
            break
        edge = token.end()
    return edge


def _wrap(text: str) -> list[str]:
    """`text` in lines, broken at spaces and between wide characters, but not before what closes
    (Japanese rules of line breaking, JIS X 4051, in short)."""
    lines, line = [], ""
    for unit in _UNIT.finditer(text):
        spaced = bool(line) and text[unit.start() - 1].isspace()
        for part in _parts(unit.group()):
            joined = line + " " * spaced + part
            if line and _width(joined) > COLUMNS:
                lines.append(line)
                joined = part
            line, spaced = joined, False
    return [*lines, line] if line else lines


def _parts(unit: str) -> Iterator[str]:
    """What cannot be broken at a better place, in parts that fit a line."""
    first = 0
    while len(unit) - first > COLUMNS or _width(unit[first:]) > COLUMNS:
        size = COLUMNS if unit.isascii() else COLUMNS // 2
        end = cut_within(unit, first, min(first + size, len(unit)), len(unit))
        yield unit[first:end]
        first = end
    if first < len(unit):
        yield unit[first:]


def _width(text: str) -> int:
    """Columns."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _clock(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and, after `point`, milliseconds."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{milliseconds:03}"


def _without_blank_lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

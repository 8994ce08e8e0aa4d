"""From espeak-ng's marks to the words of the text.

espeak-ng marks what it says, not what is written: a number is marked word by word, "of the"
only once. Here each written word gets one time, and words without a mark share their
neighbour's.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Optional

from polyvox.domain.speech import Word
from polyvox.engines.espeak.library import Mark

_EACH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters that are words of their own, as far as times go."""
_TOKEN = re.compile(rf"[{_EACH}]|[^\W_{_EACH}]([^\s{_EACH}]*[^\W_{_EACH}])?|[^\s\w]")


def tokens(text: str) -> Iterator[tuple[int, int]]:
    """First and after-last index of everything in `text` that is spoken as a word."""
    for match in _TOKEN.finditer(text):
        first = match[0][0]
        if first.isalnum() or unicodedata.category(first) in ("So", "Sm", "Sc"):
            yield match.span()


class Words:
    """Follows the marks of one text and says which words they complete."""

    def __init__(
        self,
        text: str,
        position: int,
        time: float,
        origin: Optional[list[int]] = None,
        words: Optional[list[tuple[int, int]]] = None,
    ) -> None:
        """`position` and `time` (seconds) are where the text and its sound begin in the
        segment. Where the marks speak of another spelling, `origin` maps its characters to
        those of `text` and `words` are the spans of the words in `text`."""
        self._text, self._origin = text, origin
        self._position, self._time = position, time
        self._tokens = list(tokens(text)) if words is None else words
        self._starts = [first for first, _ in self._tokens]
        self._waiting = 0
        """Index of the first word that has not been told yet."""
        self._since: Optional[float] = None
        self._until: Optional[float] = None

    def heard(self, marks: Iterable[Mark]) -> tuple[Word, ...]:
        """The words that `marks` complete."""
        told: list[Word] = []
        for mark in marks:
            if mark.position < 0:
                self._until = mark.time
                continue
            reached = self._token_at(mark.position)
            if self._since is None:
                self._since = mark.time
            elif reached > self._waiting:
                told += self._tell(reached, mark.time if self._until is None else self._until)
                self._since = mark.time
            self._until = None
        return tuple(told)

    def finish(self, now: float) -> tuple[Word, ...]:
        """The words that are left when the sound ends, `now` seconds after it began."""
        if self._since is None:
            return ()
        return tuple(self._tell(len(self._tokens), now if self._until is None else self._until))

    def _token_at(self, position: int) -> int:
        if self._origin is not None:
            position = self._origin[min(position, len(self._origin) - 1)]
        index = max(bisect_right(self._starts, position) - 1, 0)
        ended = index < len(self._tokens) and self._tokens[index][1] <= position
        return index + 1 if ended else index

    def _tell(self, reached: int, end: float) -> Iterator[Word]:
        """Words from the first waiting one up to `reached` share the time up to `end`."""
        group = self._tokens[self._waiting : reached]
        start = self._since or 0.0
        share = max(end - start, 0.0) / max(sum(last - first for first, last in group), 1)
        for first, last in group:
            length = (last - first) * share
            yield Word(
                self._text[first:last],
                self._time + start,
                self._time + start + length,
                self._position + first,
                self._position + last,
            )
            start += length
        self._waiting = reached

"""Where the paragraphs of a text are. Sentences within them are left to `sentences`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"[^\n]+")
_HEADING = re.compile(r"#{1,6}\s")
_LIST_ITEM = re.compile(r"(?:[-+*•‣▪–—·]|\(?[0-9]{1,2}[.)]|\(?[A-Za-z]\))\s")
_GOES_ON = re.compile(r"[,;:&/、，；-]$")
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60]")
_SHORT_LINE = 50


def find_paragraphs(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The paragraphs of text[first:last] as (first, last), without the white space around them.

    A blank line ends a paragraph. A single newline is white space, unless it stands before a list
    item, next to a heading ("# ..."), or after a line of less than 50 columns (a wide character
    takes two) that does not end in a comma or the like, where the next does not begin with a
    small letter: titles, verses and lists are read line by line, wrapped prose is not.
    """
    start, end, above, above_end = -1, -1, "", -1
    for match in _LINE.finditer(text, first, last):
        line = match.group().strip()
        if not line:
            continue
        line_first = match.start() + match.group().index(line)
        adjacent = match.start() == above_end + 1
        if start < 0:
            start = line_first
        elif not adjacent or _starts_anew(above, line):
            yield start, end
            start = line_first
        end, above, above_end = line_first + len(line), line, match.end()
    if start >= 0:
        yield start, end


def _starts_anew(above: str, below: str) -> bool:
    if _LIST_ITEM.match(below) or _HEADING.match(below) or _HEADING.match(above):
        return True
    short = len(above) < _SHORT_LINE and len(above) + len(_WIDE.findall(above)) < _SHORT_LINE
    return short and not below[0].islower() and not _GOES_ON.search(above)

"""A book of plain text: chapters where lines are clearly their headings, else one chapter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyvox.text.books.book import Book, Limits, Section, chapters_of
from polyvox.text.books.headings import heading_in, is_eastern

_FEWEST = 2
"""Headings below which there is only one chapter."""
_LONGEST_SUBTITLE = 60


def read_plain(text: str, title: str, limits: Limits) -> Book:
    """`title` is used where the text does not divide."""
    lines = re.split(r"\r\n|[\n\r\f\x85\u2028\u2029]", text)
    headings = _headings(lines)
    if len(headings) < _FEWEST:
        headings = {}
    starts = [0, *headings]
    ends = [*headings, len(lines)]
    sections = (
        _section(headings.get(first), lines[first:last])
        for first, last in zip(starts, ends, strict=True)
    )
    return Book(title, None, None, None, chapters_of(sections, title, limits))


def _headings(lines: Sequence[str]) -> dict[int, tuple[str, int]]:
    """By line, in order: the heading and how many lines it has."""
    found: dict[int, tuple[str, int]] = {}
    for number, line in enumerate(lines):
        heading = heading_in(line.strip())
        if heading is None:
            continue
        if is_eastern(heading) or (_blank(lines, number - 1) and _blank(lines, number + 1)):
            found[number] = heading, 1
        elif _blank(lines, number - 1) and _is_subtitle(lines, number + 1):
            found[number] = f"{heading} {lines[number + 1].strip()}", 2
    return found


def _is_subtitle(lines: Sequence[str], number: int) -> bool:
    """Whether that line can only be a chapter's name under its number."""
    name = lines[number].strip()
    ends_openly = len(name) <= _LONGEST_SUBTITLE and not name.endswith((",", ";", "-"))
    return ends_openly and heading_in(name) is None and _blank(lines, number + 1)


def _section(heading: tuple[str, int] | None, lines: Sequence[str]) -> Section:
    title, height = heading or ("", 0)
    above = [line.strip() for line in lines[:height]]
    rest = "\n".join(line.rstrip() for line in lines[height:]).strip("\n")
    body = (*above, rest) if rest.strip() else tuple(above)
    return Section(title, body, heading_only=height > 0 and not rest.strip())


def _blank(lines: Sequence[str], number: int) -> bool:
    return not 0 <= number < len(lines) or not lines[number].strip()

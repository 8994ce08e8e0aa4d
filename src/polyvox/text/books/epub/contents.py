"""An EPUB's table of contents, from a navigation document (EPUB 3) or an NCX file (EPUB 2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from polyvox.text.books.epub.archive import Archive
from polyvox.text.books.epub.package import Item, place_of
from polyvox.text.books.inline import types_of
from polyvox.text.books.markup import parse_page

_DEEPEST = 2
"""Levels of the contents that are chapters."""


@dataclass(frozen=True)
class Entry:
    """A line of the contents."""

    title: str
    name: str
    """Of the document, in the archive."""
    place: str
    """Within it; empty for its beginning."""


def read_contents(archive: Archive, item: Item | None) -> list[Entry]:
    """The upper levels of the contents, in order; empty where the book has none."""
    if item is None or item.name not in archive:
        return []
    folder = posixpath.dirname(item.name)
    if item.media_type == "application/x-dtbncx+xml":
        lines = _of_ncx(archive.xml(item.name))
    else:
        lines = _of_navigation(parse_page(archive.read(item.name), repr(item.name)))
    return [
        Entry(title, name or item.name, place)
        for title, link in lines
        for name, place in [place_of(folder, link)]
        if title and (name or place)
    ]


def _of_navigation(root: Any) -> Iterator[tuple[str, str]]:
    navs = list(root.iter("nav"))
    tables = [each for each in navs if "toc" in types_of(each)] or navs[:1]
    for table in tables[:1]:
        for link in table.iter("a"):
            depth = len(list(islice(link.iterancestors("ol"), _DEEPEST + 1)))
            if depth <= _DEEPEST:
                yield _words(link), link.get("href") or ""


def _of_ncx(root: Any) -> Iterator[tuple[str, str]]:
    for point in root.iter("navpoint"):
        depth = 1 + len(list(islice(point.iterancestors("navpoint"), _DEEPEST)))
        label, content = point.find("navlabel"), point.find("content")
        if depth <= _DEEPEST and label is not None and content is not None:
            yield _words(label), content.get("src") or ""


def _words(element: Any) -> str:
    """What it says, ruby annotations apart."""
    for annotation in [*element.iter("rt", "rp")]:
        annotation.text = None
    return " ".join("".join(element.itertext()).split())

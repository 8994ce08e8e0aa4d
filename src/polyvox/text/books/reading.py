"""Which reader a file is for, by what it is and by its name."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from polyvox.domain.errors import TooLarge, UnsupportedMedia
from polyvox.text.books.book import Book, Limits
from polyvox.text.books.epub import read_epub
from polyvox.text.books.markdown import read_markdown
from polyvox.text.books.plain import read_plain
from polyvox.text.encodings import decoded

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".epub")
"""Of the files that are read."""

_FOREIGN = (
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"ITOLITLS", "a Microsoft Reader book"),
    (b"SQLite format 3", "a database"),
)
_KINDLE = re.compile(rb"(?:BOOKMOBI|TEXtREAd)")
_TAKEN = "Plain text, Markdown and EPUB are read."


def read_book(source: bytes | Path, name: str = "", limits: Limits | None = None) -> Book:
    """The book in a file, given as its bytes and `name`, or by its path.

    Raises UnsupportedMedia for other kinds of files and for locked ones, TooLarge over the
    limits, InvalidInput for a broken file, NothingToSpeak for one without text; the message says
    what to do."""
    limits = limits or Limits()
    if isinstance(source, Path):
        name = name or source.name
        _check_size(source.stat().st_size, limits)
        source = source.read_bytes()
    _check_size(len(source), limits)
    path = PurePath(name)
    suffix = path.suffix.lower()
    title = " ".join(re.sub(r"[_\s]+", " ", path.stem).split()) or "Book"
    if source.startswith(b"PK"):
        return read_epub(source, title, limits)
    _refuse_foreign(source)
    if suffix and suffix not in SUFFIXES:
        raise UnsupportedMedia(f"A {suffix} file is not read as a book. {_TAKEN}", param="file")
    if suffix == ".epub":
        raise UnsupportedMedia("The file is called .epub but is none.", param="file")
    text = decoded(source)
    if suffix in (".md", ".markdown"):
        return read_markdown(text, title, limits)
    return read_plain(text, title, limits)


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.size:
        most = limits.size // 1_000_000
        raise TooLarge(
            f"The file has {size / 1e6:.1f} MB; at most {most} MB are taken.", param="file"
        )


def _refuse_foreign(data: bytes) -> None:
    for signature, kind in _FOREIGN:
        if data.startswith(signature):
            raise UnsupportedMedia(f"The file is {kind}. {_TAKEN}", param="file")
    if _KINDLE.match(data[60:68]):
        raise UnsupportedMedia(
            f"The file is a Kindle book; convert it to EPUB first. {_TAKEN}", param="file"
        )

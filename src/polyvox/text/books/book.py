"""What a book is here, how much of one is taken, and how found sections become its chapters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyvox.domain.errors import NothingToSpeak, TooLarge


@dataclass(frozen=True)
class Chapter:
    """A part of a book that is listed by its title."""

    title: str
    """For lists of chapters; not to be spoken, for a heading stands in the text too."""
    text: str
    """Paragraphs with a blank line between them, the heading first where the book has one."""


@dataclass(frozen=True)
class Book:
    """A whole book, in the order in which it is read."""

    title: str
    author: str | None
    language: str | None
    """A BCP 47 code as the book states it; None where it does not."""
    cover: bytes | None
    """A JPEG or PNG file."""
    chapters: tuple[Chapter, ...]
    """At least one; none of them blank."""


@dataclass(frozen=True)
class Limits:
    """How much of a book is taken."""

    size: int = 100_000_000
    """Bytes of the file."""
    unpacked: int = 500_000_000
    """Bytes of everything in an EPUB's archive."""
    ratio: int = 200
    """By how much a large entry of the archive may have been compressed."""
    entries: int = 20_000
    """Files in the archive."""
    document: int = 30_000_000
    """Bytes of one document, unpacked; an image may have as many."""
    characters: int = 20_000_000
    """Of all chapters together; the Bible has four million."""
    chapters: int = 5_000


@dataclass(frozen=True)
class Section:
    """A stretch of a book that begins with one heading, or with none."""

    title: str
    body: tuple[str, ...]
    """Paragraphs, the heading first where it is written."""
    heading_only: bool
    """Whether nothing follows the heading."""


def chapters_of(sections: Iterable[Section], book: str, limits: Limits) -> tuple[Chapter, ...]:
    """`sections` as chapters: one of nothing but a heading ("Part One") begins the chapter after
    it, whose title it joins unless it is the title of the `book`; blank ones are left out.

    Raises NothingToSpeak where nothing is left, TooLarge over the limits."""
    found: list[Chapter] = []
    waiting: list[Section] = []
    for section in sections:
        if not any(paragraph.strip() for paragraph in section.body):
            continue
        waiting.append(section)
        if not section.heading_only:
            found.append(_joined(waiting, book))
            waiting = []
    if waiting:
        found.append(_joined(waiting, book))
    if not found:
        raise NothingToSpeak("There is no text in the book.", param="file")
    if len(found) > limits.chapters:
        raise TooLarge(
            f"The book has {len(found)} chapters; at most {limits.chapters} are taken.",
            param="file",
        )
    characters = sum(len(chapter.text) for chapter in found)
    if characters > limits.characters:
        raise TooLarge(
            f"The book has {characters} characters; at most {limits.characters} are taken.",
            param="file",
        )
    return tuple(found)


def _joined(sections: list[Section], book: str) -> Chapter:
    """Two titles at most are joined: a list of headings is no title."""
    titles = [each.title for each in sections if each.title]
    telling = [title for title in titles if title != book] or titles or [book]
    text = "\n\n".join(paragraph for each in sections for paragraph in each.body)
    return Chapter(" – ".join(dict.fromkeys(telling[-2:])), text)

"""Reads an EPUB: its documents in the order of the spine, divided where its contents point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from polyvox.domain.errors import TooLarge, UnsupportedMedia
from polyvox.text.books.book import Book, Limits, Section, chapters_of
from polyvox.text.books.epub.archive import Archive
from polyvox.text.books.epub.contents import Entry, read_contents
from polyvox.text.books.epub.package import CONTAINER, read_package
from polyvox.text.books.markup import parse_page
from polyvox.text.books.prose import Block, Page, prose


def read_epub(data: bytes, title: str, limits: Limits) -> Book:
    """The book; `title` is used where it states none. Raises InvalidInput where it is broken,
    TooLarge over the limits, UnsupportedMedia where it is locked."""
    archive = Archive(data, limits)
    if CONTAINER not in archive:
        raise UnsupportedMedia("The file is an archive, but no EPUB.", param="file")
    package = read_package(archive, title)
    pages = _pages(archive, package.spine, limits)
    entries = read_contents(archive, package.contents)
    sections = _sections(pages, _starts(pages, entries))
    return Book(
        package.title,
        package.author,
        package.language,
        package.cover,
        chapters_of(sections, package.title, limits),
    )


def _pages(archive: Archive, spine: Sequence[str], limits: Limits) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    characters = 0
    for name in dict.fromkeys(spine):
        pages[name] = prose(parse_page(archive.read(name), repr(name)))
        characters += sum(len(block.text) for block in pages[name].blocks)
        if characters > limits.characters:
            raise TooLarge(f"The book has more than {limits.characters} characters.", param="file")
    return pages


def _starts(pages: dict[str, Page], entries: Sequence[Entry]) -> dict[int, list[str]]:
    """Which titles begin before which block of all; by headings where there are no contents."""
    firsts: dict[str, int] = {}
    total = 0
    for name, page in pages.items():
        firsts[name] = total
        total += len(page.blocks)
    starts: dict[int, list[str]] = {}
    for entry in entries:
        if entry.name in pages:
            within = pages[entry.name].places.get(entry.place, 0)
            starts.setdefault(firsts[entry.name] + within, []).append(entry.title)
    if not starts:
        for name, page in pages.items():
            if page.blocks:
                starts[firsts[name]] = [_title_of(page)]
    return dict(sorted(starts.items()))


def _sections(pages: dict[str, Page], starts: dict[int, list[str]]) -> Iterator[Section]:
    blocks = [block for page in pages.values() for block in page.blocks]
    edges = sorted({0, *starts, len(blocks)})
    for first, last in pairwise(edges):
        titles = list(dict.fromkeys(starts.get(first, [])))
        yield _section(" – ".join(titles[-2:]), blocks[first:last], bool(titles))


def _section(title: str, blocks: Sequence[Block], headed: bool) -> Section:
    """Headings alone, or a page with nothing but the words of its title, begin what follows."""
    bare = headed and all(block.level or _same(block.text, title) for block in blocks)
    return Section(title, tuple(block.text for block in blocks), bare)


def _same(text: str, title: str) -> bool:
    return " ".join(text.split()).casefold() == title.casefold()


def _title_of(page: Page) -> str:
    headings = [block for block in page.blocks if 0 < block.level <= 3]
    return " ".join(headings[0].text.split()) if headings else page.title

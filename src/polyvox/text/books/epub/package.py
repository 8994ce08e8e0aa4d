"""An EPUB's package document: its title, author and language, and the order of its files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from polyvox.domain.errors import InvalidInput
from polyvox.text.books.epub.archive import Archive

CONTAINER = "META-INF/container.xml"
"""Which every EPUB has, and which names the package."""
_PAGES = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document")
_COVERS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_LARGEST_COVER = 10_000_000
"""Bytes."""


@dataclass(frozen=True)
class Item:
    """A file of the book."""

    name: str
    """In the archive."""
    media_type: str
    properties: frozenset[str]


@dataclass(frozen=True)
class Package:
    """What the package document says."""

    title: str
    author: str | None
    language: str | None
    cover: bytes | None
    spine: tuple[str, ...]
    """Names of the documents, in reading order."""
    contents: Item | None
    """The table of contents: a navigation document, or an NCX file of EPUB 2."""


def read_package(archive: Archive, title: str) -> Package:
    """The package of the book; `title` is used where it states none. Raises InvalidInput."""
    container = archive.xml(CONTAINER)
    names = [each.get("full-path") or "" for each in container.iter("rootfile")]
    if not names:
        raise InvalidInput("The EPUB is broken: it names no package.", param="file")
    root = archive.xml(unquote(names[0]))
    folder = posixpath.dirname(unquote(names[0]))
    items = {
        each.get("id") or "": Item(
            place_of(folder, each.get("href") or "")[0],
            (each.get("media-type") or "").lower(),
            frozenset((each.get("properties") or "").split()),
        )
        for each in root.iter("item")
    }
    contents = _contents(root, items)
    skipped = {contents.name if contents else "", *_listings(root, folder)}
    return Package(
        title=next(_said(root, "title"), title),
        author=", ".join(_authors(root)) or None,
        language=next(_said(root, "language"), None),
        cover=_cover(archive, root, items),
        spine=tuple(name for name in _spine(archive, root, items) if name not in skipped),
        contents=contents,
    )


def place_of(folder: str, link: str) -> tuple[str, str]:
    """The file in the archive that `link` means for a document in `folder`, and the place in it.
    A link out of the archive means none of its files."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc:
        return "", ""
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else ""
    return path.lstrip("/"), unquote(parts.fragment)


def _said(root: Any, tag: str) -> Iterator[str]:
    for metadata in root.iter("metadata"):
        for each in metadata.iter(tag):
            text = " ".join("".join(each.itertext()).split())
            if text:
                yield text


def _authors(root: Any) -> list[str]:
    """The creators who wrote it, where the book tells roles, else all of them."""
    roles = {
        (each.get("refines") or "").removeprefix("#"): (each.text or "").strip()
        for each in root.iter("meta")
        if each.get("property") == "role"
    }
    creators = [
        (" ".join("".join(each.itertext()).split()), _role(each, roles))
        for each in root.iter("creator")
    ]
    writers = [name for name, role in creators if name and role in ("aut", "")]
    return list(dict.fromkeys(writers or [name for name, _ in creators if name]))


def _role(creator: Any, roles: Mapping[str, str]) -> str:
    old = creator.get("{http://www.idpf.org/2007/opf}role")
    return old or roles.get(creator.get("id") or "", "")


def _spine(archive: Archive, root: Any, items: Mapping[str, Item]) -> Iterator[str]:
    """Documents that are read one after the other; those apart (linear="no") are not."""
    for each in root.iter("itemref"):
        item = items.get(each.get("idref") or "")
        if item is None or each.get("linear") == "no":
            continue
        if item.media_type in _PAGES and item.name in archive:
            yield item.name


def _contents(root: Any, items: Mapping[str, Item]) -> Item | None:
    for item in items.values():
        if "nav" in item.properties:
            return item
    named = next((items.get(each.get("toc") or "") for each in root.iter("spine")), None)
    return named or next(
        (item for item in items.values() if item.media_type == "application/x-dtbncx+xml"), None
    )


def _listings(root: Any, folder: str) -> Iterator[str]:
    """Pages that only list the contents, as EPUB 2 tells them."""
    for each in root.iter("reference"):
        if (each.get("type") or "").lower() == "toc":
            name, fragment = place_of(folder, each.get("href") or "")
            if not fragment:
                yield name


def _cover(archive: Archive, root: Any, items: Mapping[str, Item]) -> bytes | None:
    named = [each.get("content") for each in root.iter("meta") if each.get("name") == "cover"]
    found = [item for item in items.values() if "cover-image" in item.properties]
    found += [items[name] for name in named if name in items]
    for item in found:
        if item.name in archive and item.media_type.startswith("image/"):
            data = archive.read(item.name)
            if data.startswith(_COVERS) and len(data) <= _LARGEST_COVER:
                return data
    return None

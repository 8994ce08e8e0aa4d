"""The files of an EPUB, from an archive that nobody vouches for: unpacked one at a time, in
memory, under limits. Names only ever select entries of the archive."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Any

from polyvox.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from polyvox.text.books.book import Limits
from polyvox.text.books.markup import parse_xml

_ENTRY = b"PK\x01\x02"
_SMALL = 1_000_000
"""Bytes below which an entry may be compressed as well as it likes."""
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises over broken archives."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FONTS_ONLY = re.compile(r"idpf\.org/2008/embedding|ns\.adobe\.com/pdf/enc#RC")
_LOCKS = (
    ("META-INF/license.lcpl", "Readium LCP"),
    ("META-INF/sinf.xml", "Apple FairPlay"),
    ("META-INF/rights.xml", "Adobe ADEPT"),
)


class Archive:
    """An EPUB's files by their names."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Raises TooLarge over the limits, UnsupportedMedia for a locked book, InvalidInput for
        what is no archive."""
        self._limits = limits
        # The list is counted before it is read: millions of entries would fill the memory.
        if data.count(_ENTRY) > limits.entries:
            raise _too_large(f"has more than {limits.entries} files")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise _broken(f"its archive cannot be read ({error})") from error
        entries = self._zip.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        self._check(entries)
        self._refuse_locked()

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises InvalidInput where it is missing or broken."""
        entry = self._entries.get(name)
        if entry is None:
            raise _broken(f"{_shown(name)} is missing")
        if entry.file_size > self._limits.document:
            raise _too_large(f"has in {_shown(name)} {entry.file_size / 1e6:.0f} MB")
        try:
            with self._zip.open(entry) as file:
                data = file.read(self._limits.document + 1)
        except _BROKEN as error:
            raise _broken(f"{_shown(name)} cannot be unpacked ({error})") from error
        if len(data) > self._limits.document:
            raise _too_large(f"has in {_shown(name)} more than it says")
        return data

    def xml(self, name: str) -> Any:
        """The root of an XML file."""
        return parse_xml(self.read(name), _shown(name))

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        total = sum(entry.file_size for entry in entries)
        if total > self._limits.unpacked:
            raise _too_large(f"has {total / 1e6:.0f} MB when unpacked")
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED:
                raise UnsupportedMedia("The book is locked with a password.", param="file")
            if entry.compress_type not in _METHODS:
                raise _broken(f"{_shown(entry.filename)} is packed as no EPUB may be")
            ratio = entry.file_size / max(entry.compress_size, 1)
            if entry.file_size > _SMALL and ratio > self._limits.ratio:
                raise _too_large(f"grows {ratio:.0f} times in {_shown(entry.filename)}")

    def _refuse_locked(self) -> None:
        name = "META-INF/encryption.xml"
        if name not in self:
            return
        methods = {each.get("Algorithm") or "" for each in self.xml(name).iter("encryptionmethod")}
        if all(_FONTS_ONLY.search(method) for method in methods):
            return
        lock = next((lock for file, lock in _LOCKS if file in self), "a reading system's key")
        raise UnsupportedMedia(
            f"The book is locked (DRM by {lock}); a copy without a lock is needed.", param="file"
        )


def _shown(name: str) -> str:
    return repr(name[-60:])


def _broken(why: str) -> InvalidInput:
    return InvalidInput(f"The EPUB is broken: {why}.", param="file")


def _too_large(why: str) -> TooLarge:
    return TooLarge(f"The EPUB {why}, which is more than is taken.", param="file")

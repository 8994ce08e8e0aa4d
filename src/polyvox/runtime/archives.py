"""Unpacks what a user brings: zip and tar, whole or in parts."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from polyvox.domain.errors import InvalidInput

_KINDS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_PIECE = 1 << 20


def unpacked(archive: Path, folder: Path) -> Path:
    """What is in an archive, or in its parts (NAME.001, …) from the first, below `folder`.

    Raises InvalidInput when it is no archive or is damaged; names that lead elsewhere are refused.
    """
    whole = _joined(archive, folder) if archive.suffix.lstrip(".").isdecimal() else archive
    target = folder / "unpacked"
    try:
        if zipfile.is_zipfile(whole):
            with zipfile.ZipFile(whole) as packed:
                packed.extractall(target)
        elif tarfile.is_tarfile(whole):
            with tarfile.open(whole) as packed_tar:
                packed_tar.extractall(target, filter="data")
        else:
            raise InvalidInput(f"{archive.name} is no archive ({', '.join(_KINDS)}).")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise InvalidInput(f"{archive.name} cannot be unpacked: {error}") from error
    return target


def _joined(first: Path, folder: Path) -> Path:
    """The parts of a split archive as one file."""
    whole = folder / first.stem
    with whole.open("wb") as written:
        for part in _parts(first):
            with part.open("rb") as read:
                shutil.copyfileobj(read, written, _PIECE)
    return whole


def _parts(first: Path) -> Iterator[Path]:
    digits = first.suffix.lstrip(".")
    number = int(digits)
    while (part := first.with_suffix(f".{number:0{len(digits)}d}")).exists():
        yield part
        number += 1

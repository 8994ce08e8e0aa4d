"""A batch as one ZIP file, written in pieces while it is sent: the files, a list of them, and what
could not be spoken. In memory is a piece of it at a time, however many files it has."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence

from polyvox.services.batches import Batches, BatchRow

MEDIA_TYPE = "application/zip"
_COLUMNS = ("number", "file", "name", "voice", "seconds", "status", "error", "text")
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every file, so that the same batch is the same archive."""
_LONGEST_NAME = 60


class _Sink(io.RawIOBase):
    """Takes what is written until it is fetched."""

    def __init__(self) -> None:
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._data += data
        return len(data)

    def fetch(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


async def archive(batches: Batches, id: str, rows: Sequence[BatchRow]) -> AsyncIterator[bytes]:
    """The archive of a job's rows. Raises NotFound, in the middle, when a file is missing."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for name, text in (("manifest.csv", _manifest(rows)), ("errors.txt", _errors(rows))):
            if text:
                packed.writestr(_entry(name, zipfile.ZIP_DEFLATED), text)
                yield sink.fetch()
        for row in rows:
            if not row.spoken:
                continue
            blob = await batches.open(id, row)
            with packed.open(_entry(file_name(row)), "w") as written:
                async for piece in blob.pieces:
                    written.write(piece)
                    yield sink.fetch()
    yield sink.fetch()


def file_name(row: BatchRow) -> str:
    """Of a row in the archive: its number from 1, and its name where it has one."""
    given = re.sub(r"[^\w-]+", "-", str(row.asked.get("name") or ""))[:_LONGEST_NAME].strip("-")
    return f"{row.number + 1:05}{'-' * bool(given)}{given}{row.format.suffix}"


def _manifest(rows: Sequence[BatchRow]) -> str:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    for row in rows:
        part = row.part
        table.writerow(
            (
                row.number + 1,
                file_name(row) if row.spoken else "",
                row.asked.get("name") or "",
                row.asked.get("voice") or "",
                f"{part.seconds:.3f}" if part and row.spoken else "",
                row.status,
                (part.error if part else None) or "",
                row.asked.get("text") or "",
            )
        )
    return written.getvalue()


def _errors(rows: Sequence[BatchRow]) -> str:
    return "".join(
        f"{row.number + 1}: {row.part.error}\n" for row in rows if row.part and row.part.error
    )


def _entry(name: str, compression: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry

"""Uploaded lists of texts, one job each: CSV and TSV with or without a header, JSON lines, plain
lines. A row that cannot be used is told by its number; the others stay."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import PurePath
from types import MappingProxyType

from polyvox.domain.errors import InvalidInput, NothingToSpeak, TooLarge, UnsupportedMedia
from polyvox.text.encodings import decoded
from polyvox.text.tables import Record, records

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".txt")
"""Of the files that are read."""
TEXT_NAMES = frozenset(
    "text input sentence script content prompt transcript line phrase texto texte testo "
    "текст 文本 文字 内容 テキスト 本文 텍스트".split()
)
"""What the column of the texts may be called, in any case."""
_TABLES = (".csv", ".tsv")
_LINES_OF_JSON = (".jsonl", ".ndjson")
_LOOKED_AT = 100
"""Rows of a table that tell which column is the text."""


@dataclass(frozen=True)
class Row:
    """One text to speak."""

    index: int
    """Its number in the file, counted as a spreadsheet does: from 1, header and blank rows too."""
    text: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The other columns that are filled, by their names in small letters, or by their numbers from
    "1" on where there is no header."""


@dataclass(frozen=True)
class Refused:
    """A row that cannot be used."""

    index: int
    """As of a row."""
    reason: str


@dataclass(frozen=True)
class Rows:
    """What a file holds."""

    rows: tuple[Row, ...]
    """At least one."""
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class RowLimits:
    """How much is taken."""

    size: int = 50_000_000
    """Bytes of the file."""
    rows: int = 100_000
    refused: int = 1_000
    """Broken rows after which the file is given up."""
    characters: int = 100_000
    """Of one text or other cell."""


def read_rows(data: bytes, name: str = "", limits: RowLimits | None = None) -> Rows:
    """The texts in a file; its kind is told by its name, else by what is in it.

    The text is the column called so (see TEXT_NAMES); where none is there is no header, and it is
    the column with the most letters. Raises TooLarge over the limits, UnsupportedMedia for other
    files, InvalidInput for too many broken rows, NothingToSpeak where no row can be used."""
    limits = limits or RowLimits()
    if len(data) > limits.size:
        raise TooLarge(
            f"The file has {len(data) / 1e6:.1f} MB; at most {limits.size // 1_000_000} MB are "
            "taken.",
            param="file",
        )
    suffix = PurePath(name).suffix.lower()
    if data.startswith(b"PK") or (suffix and suffix not in SUFFIXES):
        raise UnsupportedMedia(
            "Lists are read as CSV, TSV, JSON lines or plain lines; save the file as one of them.",
            param="file",
        )
    text = decoded(data)
    if suffix in _LINES_OF_JSON or (not suffix and text.lstrip().startswith("{")):
        return _collected(_of_json(text), limits)
    if suffix in _TABLES:
        delimiter = "\t" if suffix == ".tsv" else None
        return _collected(_of_table(records(text, delimiter, TEXT_NAMES)), limits)
    return _collected(_of_lines(text), limits)


def _of_lines(text: str) -> Iterator[Row | Refused]:
    for index, line in enumerate(re.split(r"\r\n|[\n\r]", text), start=1):
        if line.strip():
            yield Row(index, line.strip())


def _of_json(text: str) -> Iterator[Row | Refused]:
    for index, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _of_object(index, line)


def _of_object(index: int, line: str) -> Row | Refused:
    try:
        found = json.loads(line)
        if isinstance(found, str):
            return _row(index, found, {})
        if not isinstance(found, dict):
            return Refused(index, "It is neither an object nor a string.")
        cells = {key.strip().lower(): value for key, value in found.items()}
        name = next((key for key in cells if key in TEXT_NAMES), "")
        text = cells.pop(name, None)
        others = {key: _written(value) for key, value in cells.items() if value is not None}
    except (ValueError, RecursionError):
        return Refused(index, "It is not JSON.")
    if text is None:
        return Refused(index, 'It has no "text".')
    if not isinstance(text, str):
        return Refused(index, "Its text is not a string.")
    return _row(index, text, others)


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_table(found: Iterator[Record]) -> Iterator[Row | Refused]:
    head = [*islice(found, _LOOKED_AT)]
    names, column = _columns(head)
    for record in chain(head, found):
        if record.problem:
            yield Refused(record.index, record.problem)
        elif any(cell.strip() for cell in record.cells):
            if names:
                yield _of_record(record, names, column)
            else:
                yield _of_record(record, [str(n + 1) for n in range(len(record.cells))], column)


def _of_record(record: Record, names: Sequence[str], column: int) -> Row | Refused:
    cells = record.cells
    if any(cell.strip() for cell in cells[len(names) :]):
        return Refused(record.index, f"It has {len(cells)} cells; the header has {len(names)}.")
    if column >= len(cells):
        return Refused(record.index, "It has no text.")
    others = {name: cell for name, cell in zip(names, cells, strict=False)}
    return _row(record.index, others.pop(names[column]), others)


def _columns(head: list[Record]) -> tuple[list[str], int]:
    """The names of the columns, empty where there is no header, and the number of the text's.
    A header is taken out of `head`. Without one the text is where most letters are."""
    rows = [record for record in head if any(cell.strip() for cell in record.cells)]
    first = rows[0].cells if rows else ()
    names = [cell.strip().lower() or str(number + 1) for number, cell in enumerate(first)]
    for number, name in enumerate(names):
        if name in TEXT_NAMES:
            head.remove(rows[0])
            return names, number
    letters: Counter[int] = Counter()
    for record in rows:
        for number, cell in enumerate(record.cells):
            letters[number] += sum(map(str.isalpha, cell))
    return [], max(letters, key=lambda each: letters[each], default=0)


def _row(index: int, text: str, others: Mapping[str, str]) -> Row | Refused:
    if not text.strip():
        return Refused(index, "It has no text.")
    fields = {name: cell.strip() for name, cell in others.items() if name and cell.strip()}
    return Row(index, text.strip(), MappingProxyType(fields))


def _collected(found: Iterator[Row | Refused], limits: RowLimits) -> Rows:
    rows: list[Row] = []
    refused: list[Refused] = []
    for each in found:
        if isinstance(each, Refused):
            refused.append(each)
        elif max(map(len, (each.text, *each.fields.values()))) > limits.characters:
            reason = f"It has more than {limits.characters} characters."
            refused.append(Refused(each.index, reason))
        else:
            rows.append(each)
        if len(rows) > limits.rows:
            raise TooLarge(f"At most {limits.rows} rows are taken.", param="file")
        if len(refused) > limits.refused:
            raise InvalidInput(
                f"More than {limits.refused} rows are broken; the first is row "
                f"{refused[0].index}: {refused[0].reason}",
                param="file",
            )
    if not rows:
        why = f" Row {refused[0].index}: {refused[0].reason}" if refused else ""
        raise NothingToSpeak(f"There is no row with a text.{why}", param="file")
    return Rows(tuple(rows), tuple(refused))

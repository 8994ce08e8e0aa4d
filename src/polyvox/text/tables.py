"""Rows of comma-separated text as programs really write it: other delimiters, line ends within
cells, quotes that never close. What the columns mean is left to `rows`."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

_DELIMITERS = ",;\t|"
_NONE = "\x1f"
"""In place of a delimiter where there is one column, whose commas belong to its text."""
_EXCELS = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_LOOKED_AT = 100
"""Rows that tell the delimiter."""
_ALIKE = 0.8
"""Part of them that must have as many cells as most."""


@dataclass(frozen=True)
class Record:
    """A row as it stands in the file."""

    index: int
    """From 1, as a spreadsheet counts."""
    cells: tuple[str, ...]
    problem: str = ""
    """Why there are no cells."""


def records(
    text: str, delimiter: str | None = None, known: Container[str] = ()
) -> Iterator[Record]:
    """The rows of `text`, blank ones too; without a delimiter it is told by Excel's `sep=` line,
    by which one shows a `known` name in the first row, or by which one gives most rows as many
    cells. A row with a quote that does not close is a problem, and the next line is read as a row
    again."""
    lines = list(io.StringIO(text, newline=""))
    told = _EXCELS.fullmatch(lines[0]) if lines else None
    if told:
        del lines[0]
    chosen = told[1] if told else delimiter or _delimiter_of(lines, known)
    return _records(lines, chosen)


def _records(lines: Sequence[str], delimiter: str) -> Iterator[Record]:
    index = first = 0
    while first < len(lines):
        reader = csv.reader(islice(lines, first, None), delimiter=delimiter, strict=True)
        done = 0
        while True:
            index += 1
            try:
                yield Record(index, tuple(next(reader)))
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(index, (), f"Its quotes or cells are broken ({error}).")
                break
            done = reader.line_num
        first += done + 1


def _delimiter_of(lines: Sequence[str], known: Container[str]) -> str:
    scores = {each: _score(lines, each, known) for each in _DELIMITERS}
    best = max(scores, key=lambda each: scores[each])
    return best if scores[best] > (0.0, 0) else _NONE


def _score(lines: Sequence[str], delimiter: str, known: Container[str]) -> tuple[float, int]:
    """How alike the rows are if divided so, and into how many cells."""
    found = islice(_records(lines, delimiter), _LOOKED_AT)
    rows = [each.cells for each in found if each.cells or each.problem]
    if not rows:
        return 0.0, 0
    cells, times = Counter(map(len, rows)).most_common(1)[0]
    alike = times / len(rows)
    if len(rows[0]) > 1 and any(cell.strip().lower() in known for cell in rows[0]):
        return 1.0 + alike, len(rows[0])
    return (alike, cells) if cells > 1 and alike >= _ALIKE else (0.0, 0)

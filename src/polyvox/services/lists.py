"""Uploaded lists of texts as the rows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyvox.services.batches import MOST_ROWS

if TYPE_CHECKING:
    from polyvox.text.rows import Refused, Row


def listed(data: bytes, name: str) -> list[dict[str, Any]]:
    """The rows of a CSV, TSV, JSONL or text file, in its order: a text and its other columns, or
    the problem of one that cannot be used. Raises what `read_rows` raises."""
    from polyvox.text.rows import Refused, RowLimits, read_rows  # heavy, too

    found = read_rows(data, name, RowLimits(rows=MOST_ROWS))
    every: list[Row | Refused] = sorted((*found.rows, *found.refused), key=lambda each: each.index)
    return [
        {"problem": f"Row {each.index}: {each.reason}"}
        if isinstance(each, Refused)
        else {**each.fields, "text": each.text}
        for each in every
    ]

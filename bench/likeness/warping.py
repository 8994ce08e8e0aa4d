"""Two sayings of the same words, brought together in time: dynamic time warping (Sakoe and Chiba
1978, symmetric steps), many comparisons at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.likeness.acoustics import Numbers


def distances(one: Numbers, other: Numbers) -> Numbers:
    """(frames of one, frames of other): Euclidean, between rows."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.sqrt(squares.clip(0)))


def warped(costs: Sequence[Numbers], along: Sequence[Numbers] | None = None) -> Numbers:
    """(comparisons,): the mean of `along` (the costs themselves when None) on the cheapest way
    through each of `costs`, from its first corner to its last.

    `costs` are (rows, columns) each, as many rows in all of them; `along` has the same shapes.
    """
    columns = [each.shape[1] for each in costs]
    prices = _slanted(costs)
    values = prices if along is None else _slanted(along)
    count, steps, rows = prices.shape
    # Of the last two diagonals: what the cheapest way to a cell costs, and its sum of values.
    before = np.full((2, count, rows), np.inf)
    last = np.full((2, count, rows), np.inf)
    last[:, :, 0] = 2 * prices[:, 0, 0], 2 * values[:, 0, 0]
    ends = np.empty((count, steps))
    ends[:, 0] = last[1, :, -1]
    for step in range(1, steps):
        price, value = prices[:, step], values[:, step]
        ways = np.stack([last, _down(last), _down(before)])
        weights = np.array([1, 1, 2])[:, None, None]
        totals = ways[:, 0] + weights * price
        chosen = totals.argmin(0)[None]
        cost = np.take_along_axis(totals, chosen, 0)[0]
        added = np.take_along_axis(ways[:, 1] + weights * value, chosen, 0)[0]
        before, last = last, np.stack([cost, added])
        ends[:, step] = added[:, -1]
    reached = np.array(columns) + rows - 2
    return np.asarray(ends[np.arange(count), reached] / (np.array(columns) + rows))


def _slanted(tables: Sequence[Numbers]) -> Numbers:
    """(tables, diagonals, rows): each table's diagonals as rows, infinite outside of it."""
    rows = len(tables[0])
    steps = rows + max(table.shape[1] for table in tables) - 1
    slanted = np.full((len(tables), steps, rows), np.inf)
    row = np.arange(rows)[:, None]
    for index, table in enumerate(tables):
        slanted[index, row + np.arange(table.shape[1]), row] = table
    return slanted


def _down(diagonal: Numbers) -> Numbers:
    """What came from the row above."""
    moved = np.full_like(diagonal, np.inf)
    moved[:, :, 1:] = diagonal[:, :, :-1]
    return moved

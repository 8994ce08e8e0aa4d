from __future__ import annotations

import itertools

import numpy as np
import pytest

from bench.likeness.acoustics import Numbers
from bench.likeness.warping import distances, warped

CHANCE = np.random.default_rng(7)


def walked(costs: Numbers, along: Numbers) -> float:
    """By trying every way."""
    rows, columns = costs.shape
    best = (np.inf, np.inf)

    def walk(row: int, column: int, cost: float, total: float) -> None:
        nonlocal best
        if (row, column) == (rows - 1, columns - 1):
            best = min(best, (cost, total))
        for down, right in ((0, 1), (1, 0), (1, 1)):
            if row + down < rows and column + right < columns:
                weight, here = down + right, (row + down, column + right)
                walk(*here, cost + weight * costs[here], total + weight * along[here])

    walk(0, 0, 2 * costs[0, 0], 2 * along[0, 0])
    return float(best[1] / (rows + columns))


def test_distances_are_euclidean() -> None:
    one, other = CHANCE.normal(size=(4, 3)), CHANCE.normal(size=(5, 3))
    for row, column in itertools.product(range(4), range(5)):
        expected = np.linalg.norm(one[row] - other[column])
        assert distances(one, other)[row, column] == pytest.approx(expected)


def test_the_cheapest_of_all_ways_is_found() -> None:
    tables = [CHANCE.uniform(size=(5, columns)) for columns in (3, 5, 6)]
    along = [CHANCE.uniform(size=each.shape) for each in tables]
    assert warped(tables) == pytest.approx([walked(each, each) for each in tables])
    assert warped(tables, along) == pytest.approx(list(map(walked, tables, along)))


def test_the_same_said_more_slowly_is_no_distance_away() -> None:
    spoken = CHANCE.normal(size=(20, 4))
    slowly = np.repeat(spoken, 2, axis=0)
    assert warped([distances(spoken, slowly)])[0] == pytest.approx(0, abs=1e-6)


def test_something_else_is_further_away_than_the_same() -> None:
    spoken, other = CHANCE.normal(size=(2, 20, 4))
    near = spoken + CHANCE.normal(0, 0.2, spoken.shape)
    same, different = warped([distances(spoken, near), distances(spoken, other)])
    assert same < 0.5 * different

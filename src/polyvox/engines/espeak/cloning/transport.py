"""The linear map that turns one cloud of spectra into another.

The optimal transport between two normal distributions (Gelbrich 1990): of all maps that give
the one the covariance of the other, the one that moves the least.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyvox.engines.espeak.cloning.spectrum import BANDS, Numbers, cosines

_SMOOTH = 18
"""Cosines that describe the shape of a spectrum; finer differences stay as they are."""
_SHRINK = 0.02
"""Share of the mean variance added to each direction, so that none is empty."""


def transport(own: Numbers, other: Numbers) -> Numbers:
    """(BANDS, BANDS): times a deviation from the mean of `own`, what must be added to it.

    Both are (frames, BANDS) in decibels.
    """
    level = np.full((BANDS, 1), BANDS**-0.5)
    basis = np.concatenate([level, cosines(_SMOOTH)], axis=1)
    here, there = _covariance(own @ basis), _covariance(other @ basis)
    root, inverse = _power(here, 0.5), _power(here, -0.5)
    moved = inverse @ _power(root @ there @ root, 0.5) @ inverse
    added: Numbers = basis @ (moved - np.eye(len(moved))) @ basis.T
    return added


def _covariance(points: Numbers) -> Any:
    covariance = np.cov(points.T)
    return covariance + _SHRINK * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def _power(matrix: Any, exponent: float) -> Any:
    """A power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-9) ** exponent) @ vectors.T

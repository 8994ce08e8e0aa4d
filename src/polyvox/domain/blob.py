"""Stored bytes on their way out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Blob:
    """A blob that is being read."""

    size: int
    """Bytes."""
    pieces: AsyncIterator[bytes]

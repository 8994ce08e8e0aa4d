"""Ids of what is kept: UUIDv7, which sort by the time they were made (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_id() -> str:
    """An id that nobody can guess."""
    value = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(UUID(int=value))


def is_id(text: str) -> bool:
    """Whether `text` is written as an id is."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

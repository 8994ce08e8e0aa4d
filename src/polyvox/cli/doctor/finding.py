"""One line of what `polyvox doctor` found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    subject: str
    works: bool
    detail: str
    """What was seen, or what to do."""
    needed: bool = True
    """Whether Polyvox cannot do its main job without it."""

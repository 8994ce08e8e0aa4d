"""Quality profiles: saved sets of an engine's options, and of effects on its sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass(frozen=True)
class Profile:
    """A saved set of options for one engine."""

    id: str
    name: str
    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """The engine's own; those that are not here are at their defaults."""
    effects: Mapping[str, Any] = field(default_factory=dict)
    """What is done to the sound; those that are not here are off."""
    description: str = ""
    built_in: bool = False
    """Whether it comes with Polyvox and stays as it is."""
    default: bool = False
    """Whether it is used by requests to its engine that name none."""
    created_at: Optional[float] = None
    """Seconds since 1970; None for built-in ones."""
    used_at: Optional[float] = None
    """When it was last spoken with, to the hour; when it was made if never."""
    expires_at: Optional[float] = None
    """When it goes if it is not used; None where it stays."""

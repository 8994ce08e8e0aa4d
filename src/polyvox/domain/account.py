"""Who may ask for what: keys, and the caller of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

SPEAK, VOICES, JOBS, DATASETS, ADMIN = "speak", "voices", "jobs", "datasets", "admin"
SCOPES = (SPEAK, VOICES, JOBS, DATASETS, ADMIN)
"""What a key can be good for; admin is good for everything."""


@dataclass(frozen=True)
class Key:
    """A key, without its secret, of which only a hash is kept."""

    id: str
    """Stands in the key itself, before the secret."""
    name: str
    scopes: tuple[str, ...]
    created_at: float
    """Seconds since 1970, as all moments."""
    expires_at: Optional[float] = None
    used_at: Optional[float] = None
    """To the minute."""
    revoked_at: Optional[float] = None

    def works(self, now: float) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class Caller:
    """Whoever sends a request."""

    scopes: frozenset[str] = frozenset()
    key: Optional[Key] = None
    """By which it is known; None for one who needs none, or has none."""

    def may(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes


ANYBODY = Caller()
"""One who has no key."""
EVERYTHING = Caller(frozenset(SCOPES))
"""One who needs none, because the server is open."""

"""What a client may do."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address

_FIELDS = 1_000_000
"""Bytes that a form may have beside its file."""


@dataclass(frozen=True)
class Rates:
    """How often clients may ask; None sets no limit."""

    per_minute: int | None = None
    """Requests of all clients."""
    per_address: int | None = None
    """Requests a minute of one."""
    at_once: int | None = None
    """Requests that are being answered by this process."""
    redis: str | None = field(default=None, repr=False)
    """Where several servers count together."""


@dataclass(frozen=True)
class Refused:
    """Why a request is refused, and when the next one is not."""

    why: str
    limit: int
    reset: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class Limits:
    body_bytes: int
    upload_bytes: int
    """Of a file."""
    body_seconds: float
    """Time in which a whole body must have come."""
    upload_seconds: float
    """The same, for a file."""
    stall_seconds: float
    """How long it may stop reading."""
    url_seconds: float
    """Time in which a recording must come from a URL."""
    private_urls: bool
    """Whether recordings are fetched from private addresses too."""
    clip_characters: int
    """Of the text of a clip that is kept as a file."""
    job_characters: int
    """Of the text of a job."""
    webhooks: bool
    """Whether addresses can be told that a job is over."""
    node_token: str | None = field(default=None, repr=False)
    """That nodes must have; without one they are let in from this machine only."""
    keys_needed: bool = False
    """Whether who asks must show a key."""
    open_lists: bool = False
    """Whether models and voices are listed for everybody."""
    clip_seconds: float = 20.0
    """How long a clip that is kept as a file is waited for."""
    rates: Rates = field(default_factory=Rates)

    def is_node(self, authorization: str, address: str) -> bool:
        """Whether one who says so from there has the nodes' token; where there is none, whether
        it is a program of this machine."""
        if not self.node_token:
            return is_here(address)
        scheme, _, given = authorization.partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self.node_token.encode())
        return same and scheme.lower() == "bearer"

    @property
    def form_bytes(self) -> int:
        """Of a form with a file."""
        return self.upload_bytes + _FIELDS

    @property
    def encoded_bytes(self) -> int:
        """Of a JSON body with a file in base64."""
        return self.upload_bytes * 4 // 3 + _FIELDS

    def of(self, path: str, media_type: str) -> tuple[int, float]:
        """Bytes and seconds of a request's body."""
        if media_type.startswith("multipart/form-data"):
            return self.form_bytes, self.upload_seconds
        if path.endswith("/speakers"):
            return self.encoded_bytes, self.upload_seconds
        if path.endswith(("/jobs", "/batches")):
            return max(self.body_bytes, self.job_characters * 4 + _FIELDS), self.upload_seconds
        return self.body_bytes, self.body_seconds


def is_here(address: str | None) -> bool:
    """Whether that address is this machine's own, which no other reaches."""
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return address == "localhost"

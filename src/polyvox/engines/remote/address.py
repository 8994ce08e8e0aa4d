"""Where a server is, from a setting that a person has written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional
from urllib.parse import urlsplit

from polyvox.domain.errors import Unavailable

_NEVER_PLAIN = ("api.openai.com", "api.elevenlabs.io")


@dataclass(frozen=True)
class Address:
    secure: bool
    host: str
    port: Optional[int]
    """None for the scheme's own."""
    path: str
    """Without a slash at its end."""

    @classmethod
    def of(cls, url: str, setting: str) -> Address:
        """Raises Unavailable, naming the setting, for what is no address of a server."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError as error:
            raise Unavailable(f"Setting {setting} is not an address: {error}.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unavailable(f"Setting {setting} must begin with http:// or https:// and a host.")
        if parts.scheme == "http" and parts.hostname in _NEVER_PLAIN:
            raise Unavailable(f"Setting {setting} must begin with https://, to protect the key.")
        if parts.username is not None or parts.password is not None:
            raise Unavailable(f"Setting {setting} must not hold a name or password.")
        if parts.query or parts.fragment or not url.strip().isascii() or " " in url.strip():
            raise Unavailable(f"Setting {setting} must be a plain address, without '?' and '#'.")
        return cls(parts.scheme == "https", parts.hostname, port, parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{'https' if self.secure else 'http'}://{host}{port}"

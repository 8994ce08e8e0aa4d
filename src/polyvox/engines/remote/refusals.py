"""What another server's refusal means to whoever asked us: its status and words as our errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlsplit

from polyvox.domain.errors import (
    Busy,
    EngineFailed,
    InvalidInput,
    NotFound,
    PolyvoxError,
    TimedOut,
    TooLarge,
    Unavailable,
)

_LONGEST = 300
"""Characters that are quoted."""
_UNPAID = ("insufficient_quota", "quota_exceeded", "billing_hard_limit_reached")
"""Codes of refusals that waiting does not mend."""
_ROUTE = "route"
"""Code we give to FastAPI's own words for a path that it does not have."""


@dataclass(frozen=True)
class Refusal:
    engine: str
    where: str
    status: int
    said: str
    """The server's own words; empty where it sent no message that can be read."""
    code: str
    pause: Optional[int]
    """Seconds the server asks us to wait."""
    target: str
    """Where a redirect leads, without path."""

    @classmethod
    def of(
        cls,
        engine: str,
        where: str,
        status: int,
        header: Callable[[str], str],
        body: bytes,
        secret: str,
    ) -> Refusal:
        """`secret` is taken out of what the server says."""
        said, code = _message(body)
        if secret:
            said = said.replace(secret, "…")
        said = "".join(each if each.isprintable() else " " for each in said)
        wait = header("Retry-After").strip()
        place = urlsplit(header("Location")) if 300 <= status < 400 else urlsplit("")
        target = f"{place.scheme}://{place.hostname}" if place.hostname else ""
        pause = int(wait) if wait.isdecimal() and len(wait) < 9 else None
        return cls(engine, where, status, said[:_LONGEST].strip(), code, pause, target)

    def passes(self, repeat: bool) -> bool:
        """Whether the same request may do better in a moment; `repeat` as for `Service.post`."""
        again = self.status == 429 or (repeat and self.status in (502, 503, 504))
        return again and self.code not in _UNPAID

    def error(self) -> PolyvoxError:
        status, name = self.status, self.engine
        quoted = f": {self.said}" if self.said else "."
        if self.code in _UNPAID or status == 402:
            return Unavailable(f"{name}: the account at {self.where} is used up{quoted}")
        if status in (401, 403):
            return Unavailable(
                f"{name}: {self.where} refuses the key ({status}); check setting "
                f"engines.settings.{name}.api_key{quoted}"
            )
        if 300 <= status < 400:
            leads = f" to {self.target}" if self.target else ""
            return Unavailable(
                f"{name}: {self.where} sends us on{leads} ({status}), which is not followed; put "
                f"the server's own address into engines.settings.{name}.base_url."
            )
        if status in (404, 405) and not (status == 404 and self.said and self.code != _ROUTE):
            return Unavailable(
                f"{name}: there is no speech at {self.where} ({status}); check "
                f"engines.settings.{name}.base_url."
            )
        if status == 404:
            return NotFound(f"{name}: the remote server does not know it{quoted}")
        if status == 413:
            return TooLarge(f"{name}: too much for the remote server{quoted}")
        if status in (400, 409, 415, 422) and self.said:
            return InvalidInput(f"{name}: the remote server refuses the request ({status}){quoted}")
        if status in (408, 504):
            return TimedOut(f"{name}: the remote server took too long ({status}){quoted}")
        if status == 429 or (status == 503 and self.pause):
            return Busy(
                f"{name}: the remote server is busy ({status}){quoted}", retry_after=self.pause
            )
        if status in (502, 503):
            return Unavailable(f"{name}: {self.where} is not there ({status}){quoted}")
        hint = "" if self.said or status >= 500 else f" Check engines.settings.{name}.base_url."
        return EngineFailed(f"{name}: the remote server answered {status}{quoted}{hint}")


def _message(body: bytes) -> tuple[str, str]:
    """The words and the code of an error as OpenAI, ElevenLabs, FastAPI or GPT-SoVITS puts it."""
    try:
        said = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    if said == {"detail": "Not Found"}:
        return "Not Found", _ROUTE
    inner = said.get("error") or said.get("detail") or said
    if isinstance(inner, list):
        inner = {"message": "; ".join(_problem(each) for each in inner)}
    if not isinstance(inner, dict):
        return str(inner), ""
    words = [inner.get("message") or inner.get("msg"), inner.get("Exception")]
    code = inner.get("code") or inner.get("status") or ""
    if code in ("not_found", "http_404") and words[0] == "Not Found":
        code = _ROUTE
    return " ".join(str(each) for each in words if each), str(code)


def _problem(each: Any) -> str:
    """One entry of FastAPI's list of what is wrong with a request."""
    if not isinstance(each, dict):
        return str(each)
    place = ".".join(str(part) for part in each.get("loc", ()) if part != "body")
    return f"{place}: {each.get('msg', '')}"

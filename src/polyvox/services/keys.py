"""Keys: made, shown once, listed, revoked, and told who it is that shows one."""

from __future__ import annotations

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from time import monotonic, time
from typing import TYPE_CHECKING

from polyvox.domain.account import ADMIN, SCOPES, Caller, Key
from polyvox.domain.errors import InvalidInput, NotFound, Unauthorized

if TYPE_CHECKING:
    from polyvox.storage.keys import KeyRows

_FORM = re.compile(r"pv_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MOST_REMEMBERED = 10_000
_NOTED_EVERY = 60.0
"""Seconds between two notes that a key was used."""
_REFUSED = "The key is unknown, revoked or over its time."


class Keys:
    """Those of one installation."""

    def __init__(self, rows: KeyRows, believed_for: float = 5.0) -> None:
        """For `believed_for` seconds another server's revoking of a key is not noticed here."""
        self._rows, self._believed_for = rows, believed_for
        self._known = OrderedDict[str, tuple[Key, float]]()
        """By the hash of the whole key: what it is, and until when that is believed."""

    async def create(
        self, name: str, scopes: Sequence[str], seconds: float | None = None
    ) -> tuple[Key, str]:
        """A new key that works for so many seconds, and the key as it is written, which nobody
        can be shown again. Raises InvalidInput."""
        name = name.strip()
        if not 1 <= len(name) <= 100:
            raise InvalidInput("A key has a name of 1 to 100 characters.", param="name")
        if unknown := [each for each in scopes if each not in SCOPES]:
            raise InvalidInput(
                f"There is no scope '{unknown[0]:.40}'. Known: {', '.join(SCOPES)}.",
                param="scopes",
            )
        if not scopes:
            raise InvalidInput("A key is good for at least one scope.", param="scopes")
        if seconds is not None and not seconds > 0:
            raise InvalidInput("A key's time lies in the future.", param="expires_in_days")
        id, secret = "".join(secrets.choice(_LETTERS) for _ in range(12)), secrets.token_urlsafe(32)
        now = time()
        ordered = tuple(each for each in SCOPES if each in scopes)
        key = Key(id, name, ordered, now, now + seconds if seconds else None)
        await self._rows.add(key, _digest(secret))
        return key, f"pv_{id}_{secret}"

    async def all(self) -> list[Key]:
        """Every key, the newest first."""
        return await self._rows.all()

    async def any_admin(self) -> bool:
        """Whether somebody could manage this installation by a key."""
        return bool(await self._rows.working(ADMIN))

    async def revoke(self, id: str) -> None:
        """The key opens nothing any more. Raises NotFound."""
        if not await self._rows.revoke(id):
            raise NotFound(f"There is no key '{id:.40}'.", param="key_id")
        self._known.clear()

    async def caller(self, written: str) -> Caller:
        """Who shows that key. Raises Unauthorized; it takes as long for a wrong secret as for a
        right one."""
        form = _FORM.fullmatch(written)
        if form is None:
            raise Unauthorized(_REFUSED)
        whole = _digest(written)
        found = self._known.get(whole)
        if found is None or found[1] < monotonic():
            found = await self._looked_up(form[1], form[2]), monotonic() + self._believed_for
            self._known[whole] = found
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        key = found[0]
        if not key.works(time()):
            raise Unauthorized(_REFUSED)
        return Caller(frozenset(key.scopes), key)

    async def _looked_up(self, id: str, secret: str) -> Key:
        kept = await self._rows.get(id)
        digest = kept[1] if kept else _digest("")
        same = hmac.compare_digest(_digest(secret), digest)
        if kept is None or not same:
            raise Unauthorized(_REFUSED)
        key, now = kept[0], time()
        if key.works(now) and (key.used_at is None or now - key.used_at > _NOTED_EVERY):
            await self._rows.used(key.id, now)
            key = replace(key, used_at=now)
        return key


def _digest(text: str) -> str:
    """A secret of 256 random bits needs no salt and no slow hash."""
    return sha256(text.encode()).hexdigest()

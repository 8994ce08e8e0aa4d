"""Recorded consents: somebody's own word that their voice may be cloned, kept as proof."""

from __future__ import annotations

import asyncio
import builtins
from concurrent.futures import Executor
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from polyvox.audio.decode import Limits, decode
from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.domain.identity import new_id
from polyvox.domain.voice import Consent

if TYPE_CHECKING:
    from polyvox.storage.shelf import Shelf

_LIMITS = Limits(shortest=0.5, seconds=120, bytes=10_485_760)
_RATE = 16000
LONGEST_NAME = 100


class Consents:
    """Keeps, lists and removes consents."""

    def __init__(self, shelf: Shelf | None, threads: Executor) -> None:
        self._shelf, self._threads = shelf, threads

    async def add(self, name: str, language: str, recording: Path, media_type: str) -> Consent:
        """Keep a consent. Raises InvalidInput, TooLarge, UnsupportedMedia for its recording."""
        named = _checked(name)
        if not 2 <= len(language) <= 35 or not language.replace("-", "").isalnum():
            raise InvalidInput("language is a code such as en-US.", param="language")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, decode, recording, _RATE, _LIMITS)
        consent = Consent(f"cons_{new_id()}", named, language, media_type[:100], time())
        await self._kept.blobs.put(_recording(consent.id), recording)
        await self._kept.consents.add(consent)
        return consent

    async def get(self, id: str) -> Consent:
        """Raises NotFound."""
        found = await self._kept.consents.get(id) if len(id) <= 64 else None
        if found is None:
            raise NotFound(f"There is no consent '{id:.80}'.", param="consent")
        return found

    async def list(self, count: int, after: str | None = None) -> builtins.list[Consent]:
        """The newest first, from behind the one with the id `after`."""
        return await self._kept.consents.list(count, after)

    async def rename(self, id: str, name: str) -> Consent:
        """Raises NotFound."""
        await self.get(id)
        await self._kept.consents.rename(id, _checked(name))
        return await self.get(id)

    async def delete(self, id: str) -> None:
        """Raises NotFound."""
        await self.get(id)
        await self._kept.blobs.delete([_recording(id)])
        await self._kept.consents.delete(id)

    @property
    def _kept(self) -> Shelf:
        if self._shelf is None:
            raise Unavailable("Nothing is stored here; consents cannot be kept.")
        return self._shelf


def _checked(name: str) -> str:
    kept = " ".join(name.split())
    if not 1 <= len(kept) <= LONGEST_NAME or not kept.isprintable():
        raise InvalidInput(f"A name has 1 to {LONGEST_NAME} characters.", param="name")
    return kept


def _recording(id: str) -> str:
    return f"consents/{id}"

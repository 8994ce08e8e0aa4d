"""Named bytes in a local folder. Names are made by Polyvox, never taken from a caller."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from obstore.store import LocalStore


class Blobs:
    """A store of blobs below one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(folder)

    async def put(self, name: str, data: bytes) -> None:
        """Store `data`, whole or not at all."""
        await self._store.put_async(name, data)

    async def get(self, name: str) -> bytes | None:
        """The blob's bytes, or None when there is none."""
        try:
            return bytes(await (await self._store.get_async(name)).bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, names: Sequence[str]) -> None:
        """Remove blobs; those that are gone already do not matter."""
        for name in names:
            try:
                await self._store.delete_async(name)
            except FileNotFoundError:
                continue

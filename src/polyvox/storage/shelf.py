"""Voices that were made, each as a row, a state and, where there was one, a recording: kept
together, found together, removed together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import time

from polyvox.domain.blob import Blob
from polyvox.domain.errors import Conflict, PolyvoxError, Unavailable
from polyvox.domain.voice import VoiceRecord
from polyvox.storage.blobs import Blobs
from polyvox.storage.consents import ConsentRows
from polyvox.storage.voices import VoiceRows


class Shelf:
    """Where voices are kept."""

    def __init__(self, rows: VoiceRows, consents: ConsentRows, blobs: Blobs) -> None:
        self.rows, self.consents, self.blobs = rows, consents, blobs

    async def keep(self, record: VoiceRecord, state: bytes, reference: Path | None) -> None:
        """Keep a voice, whole or not at all. Raises Conflict when its name is taken, or when it
        is kept already."""
        id = record.voice.id
        if await self.rows.is_kept(id):
            raise Conflict(f"There is, or was lately, a voice with the id '{id:.60}'.", param="id")
        try:
            await self.blobs.put(_state(id), state)
            if reference:
                await self.blobs.put(_reference(id), reference)
            await self.rows.add(record)
        except PolyvoxError:
            if await self.rows.get(id) is None:
                await self.blobs.delete(_blobs(id))
            raise

    async def state(self, id: str) -> bytes:
        """The voice's state. Raises Unavailable when the store has lost it."""
        state = await self.blobs.get(_state(id))
        if state is None:
            raise Unavailable(f"The state of voice '{id}' is missing in storage.")
        return state

    async def reference(self, id: str) -> Blob | None:
        """The recording, a WAV file; None for a voice that was not made of one."""
        return await self.blobs.open(_reference(id))

    async def link(self, id: str, seconds: int) -> str | None:
        """An address of the recording, where the store has addresses."""
        return await self.blobs.link(_reference(id), seconds)

    async def purge(self, undo_seconds: float) -> int:
        """Remove for good what was deleted longer ago than that, and what has expired."""
        ids = await self.rows.gone(time() - undo_seconds)
        await self.blobs.delete([name for id in ids for name in _blobs(id)])
        await self.rows.purge(ids)
        return len(ids)


def _reference(id: str) -> str:
    return f"references/{id}.wav"


def _state(id: str) -> str:
    return f"states/{id}.safetensors"


def _blobs(id: str) -> Sequence[str]:
    return _reference(id), _state(id)

"""A narration as an M4A file, made of its samples when it is first wanted: MP4 needs a file that
can be sought, so it is no format of a stream."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from polyvox.audio.audiobook import M4A, write_m4a
from polyvox.audio.encode import format_named
from polyvox.audio.takes import unpacked
from polyvox.domain.audio import Samples
from polyvox.domain.blob import Blob
from polyvox.domain.errors import Unavailable
from polyvox.services.jobs import Jobs
from polyvox.services.narration import audio_name

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs

_RATE = 24000
"""Hertz of pcm."""
_PIECE = 2 * 10 * _RATE
"""Bytes that are encoded at once."""


class Tracks:
    """Narrations in MP4."""

    def __init__(self, jobs: Jobs, blobs: Blobs) -> None:
        self._jobs, self._blobs = jobs, blobs

    async def open(self, id: str) -> Blob:
        """The job's result as M4A. Raises Conflict while there is none."""
        job = await self._jobs.get(id)
        name = audio_name(id, M4A)
        kept = await self._blobs.open(name) if job.over else None
        if kept is None:
            await self._make(id, name, keep_samples=job.result.get("format") == "pcm")
            kept = await self._blobs.open(name)
        if kept is None:
            raise Unavailable(f"The result of job '{id}' is missing in storage.")
        return kept

    async def _make(self, id: str, name: str, *, keep_samples: bool) -> None:
        samples, _ = await self._jobs.audio(id, "pcm")
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            raw, track = Path(folder) / "audio.pcm", Path(folder) / "audio.m4a"
            with raw.open("wb") as file:
                async for piece in samples.pieces:
                    await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(write_m4a, track, _pieces(raw), _RATE)
            await self._blobs.put(name, track)
        if not keep_samples:
            await self._blobs.delete([audio_name(id, format_named("pcm"))])


def _pieces(raw: Path) -> Iterator[Samples]:
    with raw.open("rb") as file:
        while data := file.read(_PIECE):
            yield unpacked(data, _RATE, ()).samples

"""Speech that is kept as a file for a while, for pages and clients that want an address."""

from __future__ import annotations

from dataclasses import dataclass

from polyvox.audio.encode import format_named
from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.speech import Utterance
from polyvox.services.synthesis import Synthesis
from polyvox.storage.blobs import Blob, Blobs

_FOLDER = "generated"
_RATE = 44100
"""Hertz."""


@dataclass(frozen=True)
class Generation:
    """A clip that was spoken."""

    id: str
    duration: float
    """Seconds."""


class Generations:
    """Speaks MP3 files and keeps them."""

    def __init__(self, synthesis: Synthesis, blobs: Blobs | None) -> None:
        self._synthesis, self._blobs = synthesis, blobs

    async def generate(self, asked: Utterance) -> Generation:
        """Speak and keep a clip."""
        speech = await self._synthesis.speak(asked, format_named("mp3"), _RATE)
        recording = await speech.collect()
        id = new_id()
        await self._kept.put(_name(id), recording.data)
        return Generation(id, recording.duration)

    async def open(self, id: str) -> Blob:
        """The MP3 file. Raises NotFound."""
        opened = await self._kept.open(_name(id)) if is_id(id) else None
        if opened is None:
            raise NotFound(f"There is no generated clip '{id:.80}'.")
        return opened

    async def link(self, id: str, seconds: int) -> str | None:
        """An address of the file, where the store has addresses."""
        return await self._kept.link(_name(id), seconds) if is_id(id) else None

    async def purge(self, seconds: float) -> int:
        """Remove clips that are older than that."""
        names = await self._kept.older(_FOLDER, seconds)
        await self._kept.delete(names)
        return len(names)

    @property
    def _kept(self) -> Blobs:
        if self._blobs is None:
            raise Unavailable("Nothing is stored here; clips cannot be kept.")
        return self._blobs


def _name(id: str) -> str:
    return f"{_FOLDER}/{id}.mp3"

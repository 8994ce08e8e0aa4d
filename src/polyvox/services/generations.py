"""Speech that is kept as a file for a while, for pages and clients that want an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyvox.audio.encode import format_named
from polyvox.domain.blob import Blob
from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.speech import Utterance
from polyvox.services.synthesis import Synthesis

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs

_FOLDER = "generated"
_RATE = 44100
"""Hertz."""
_LINK_SECONDS = 600


@dataclass(frozen=True)
class Generation:
    """A clip that was spoken."""

    id: str
    duration: float
    """Seconds."""


class Generations:
    """Speaks MP3 files and keeps them."""

    def __init__(self, synthesis: Synthesis, blobs: Blobs | None, *, links: bool = True) -> None:
        """`links` sends clients to the store of files, where it has addresses."""
        self._synthesis, self._blobs, self._links = synthesis, blobs, links

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

    async def link(self, id: str) -> str | None:
        """An address of the file that clients can be sent to, where there is one."""
        wanted = self._links and is_id(id)
        return await self._kept.link(_name(id), _LINK_SECONDS) if wanted else None

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

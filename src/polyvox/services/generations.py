"""Speech that is kept as a file for a while, for pages and clients that want an address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from polyvox.audio.encode import format_named
from polyvox.domain.blob import Blob
from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.job import Job
from polyvox.domain.speech import Utterance
from polyvox.services.plan import Planner
from polyvox.services.results import clip_name
from polyvox.services.synthesis import Synthesis

if TYPE_CHECKING:
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs

_FOLDER = "generated"
_FORMAT, _RATE = "mp3", 44100
"""Of a clip; the rate in hertz."""
_LINK_SECONDS = 600
_SAID = frozenset(each.name for each in fields(Utterance))


@dataclass(frozen=True)
class Generation:
    """A clip that was spoken."""

    id: str
    duration: float
    """Seconds."""
    engine: str
    model: str
    voice: str
    """Its id."""
    fallback_reason: str | None = None


class Generations:
    """Speaks MP3 files and keeps them; as a job, under the job's id."""

    kind = "generation"

    def __init__(
        self, synthesis: Synthesis, planner: Planner, blobs: Blobs | None, *, links: bool = True
    ) -> None:
        """`links` sends clients to the store of files, where it has addresses."""
        self._synthesis, self._planner = synthesis, planner
        self._blobs, self._links = blobs, links

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine that speaks. Raises what is wrong with the request."""
        plan = await self._planner.plan(uttered(asked), format_named(_FORMAT), _RATE)
        return plan.engine.name

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Speak the clip; one that is begun again takes the place of the first."""
        await report(0, 1)
        made = await self.generate(uttered(asked), job.id)
        await report(1, 1)
        return {
            "clip": made.id,
            "format": _FORMAT,
            "seconds": round(made.duration, 3),
            "engine": made.engine,
            "model": made.model,
            "voice": made.voice,
            "fallback_reason": made.fallback_reason,
        }

    async def generate(self, asked: Utterance, id: str | None = None) -> Generation:
        """Speak and keep a clip, under a new id or the one given."""
        speech = await self._synthesis.speak(asked, format_named(_FORMAT), _RATE, whole=True)
        recording = await speech.collect()
        id = id or new_id()
        await self._kept.put(clip_name(id), recording.data)
        duration, reason = recording.duration, speech.fallback_reason
        return Generation(id, duration, speech.engine, speech.model, speech.voice.id, reason)

    async def open(self, id: str) -> Blob:
        """The MP3 file. Raises NotFound."""
        opened = await self._kept.open(clip_name(id)) if is_id(id) else None
        if opened is None:
            raise NotFound(f"There is no generated clip '{id:.80}'.")
        return opened

    async def link(self, id: str) -> str | None:
        """An address of the file that clients can be sent to, where there is one."""
        wanted = self._links and is_id(id)
        return await self._kept.link(clip_name(id), _LINK_SECONDS) if wanted else None

    async def purge(self, seconds: float, live: Collection[str] = ()) -> int:
        """Remove clips that are older than that, but for those of `live` jobs; how many."""
        spared = {clip_name(id) for id in live}
        names = [name for name in await self._kept.older(_FOLDER, seconds) if name not in spared]
        await self._kept.delete(names)
        return len(names)

    @property
    def _kept(self) -> Blobs:
        if self._blobs is None:
            raise Unavailable("Nothing is stored here; clips cannot be kept.")
        return self._blobs


def uttered(asked: Mapping[str, Any]) -> Utterance:
    """What a request that is kept as JSON asks to be spoken."""
    return Utterance(**{name: asked[name] for name in _SAID if asked.get(name) is not None})

"""What is made of a narration when it is wanted: an MP4 file, as an M4A track or an M4B audiobook
with chapters, for MP4 needs a file that can be sought and is no format of a stream; or the sound of
one segment."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyvox.audio.audiobook import M4A, M4B
from polyvox.audio.encode import Format, format_named
from polyvox.domain.audio import Recording
from polyvox.domain.blob import Blob
from polyvox.domain.errors import Unavailable
from polyvox.services.audiobooks import RATE, About, write_audiobook
from polyvox.services.jobs import Jobs
from polyvox.services.narration import audio_name
from polyvox.services.segments import heard, rendered
from polyvox.services.spoken import unit_name

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs

FORMATS = {each.name: each for each in (M4A, M4B)}
_SAMPLES, _WAV = "pcm", "wav"


class Tracks:
    """Files of narrations."""

    def __init__(self, jobs: Jobs, blobs: Blobs, marked: bool) -> None:
        """`marked` files say that their speech is synthetic."""
        self._jobs, self._blobs, self._marked = jobs, blobs, marked

    async def open(self, id: str, kind: str = M4A.name) -> Blob:
        """The job's result as m4a or m4b. Raises Conflict while there is none."""
        job = await self._jobs.get(id)
        name = audio_name(id, FORMATS[kind])
        kept = await self._blobs.open(name) if job.over else None
        if kept is None:
            await self._make(id, kind, name)
            kept = await self._blobs.open(name)
        if kept is None:
            raise Unavailable(f"The result of job '{id}' is missing in storage.")
        return kept

    async def segment(
        self, id: str, number: int, fmt_name: str | None = None
    ) -> tuple[Recording, Format]:
        """One segment of a narration that runs or is over, in its format if not said; of an
        audiobook in WAV. Raises NotFound, with the reason, where there is nothing to hear."""
        job = await self._jobs.get(id)
        script, parts = await self._jobs.segments(id)
        fmt = format_named(fmt_name) if fmt_name else script.plan.format
        if fmt_name is None and "track" in await self._jobs.asked(job):
            fmt = format_named(_WAV)
        unit, part = heard(job, script, parts, number)
        data = await self._blobs.get(unit_name(id, number))
        if data is None:
            raise Unavailable(f"Segment {number} of job '{id}' is missing in storage.")
        return await asyncio.to_thread(rendered, unit, data, part.seconds, fmt), fmt

    async def _make(self, id: str, kind: str, name: str) -> None:
        job = await self._jobs.get(id)
        asked = await self._jobs.asked(job)
        cover = base64.b64decode(asked["cover"]) if asked.get("cover") else None
        about = About(str(asked.get("title") or ""), str(asked.get("author") or ""), cover)
        own = job.result.get("format") == _SAMPLES
        rate = int(asked.get("sample_rate") or RATE) if own else RATE
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            track = Path(folder) / f"audio.{kind}"
            fmt = replace(FORMATS[kind], marked=self._marked)
            await write_audiobook(self._jobs, job, about, track, rate, fmt)
            await self._blobs.put(name, track)
        if not own:
            await self._blobs.delete([audio_name(id, format_named(_SAMPLES))])

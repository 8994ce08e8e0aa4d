"""Clones voices as jobs. The voice's id is decided with the job, so that one that is begun again
makes one voice."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.identity import new_id
from polyvox.domain.job import Job
from polyvox.domain.voice import VoiceRecord
from polyvox.services.enrolment import About, Enrolment
from polyvox.services.results import part_name
from polyvox.services.voices import Voices

if TYPE_CHECKING:
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs

RECORDING = "recording"
"""Name of the file that comes with such a job."""


class Cloning:
    """Makes the voice that a job asks for."""

    kind = "cloning"

    def __init__(self, enrolment: Enrolment, voices: Voices, blobs: Blobs) -> None:
        self._enrolment, self._voices, self._blobs = enrolment, voices, blobs

    @staticmethod
    def asking(about: About, engine: str | None = None) -> dict[str, Any]:
        """The request of such a job, as JSON."""
        said = {name: value for name, value in asdict(about).items() if value not in (None, "")}
        return {"about": said, "engine": engine, "voice_id": new_id()}

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine that clones. Raises what is wrong with the request."""
        declared, _ = await self._enrolment.cloner(About(**asked["about"]), asked.get("engine"))
        return declared.name

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Clone the voice, unless that is done; then its recording is kept with the voice only."""
        await report(0, 1)
        record = await self._made(asked["voice_id"]) or await self._clone(job, asked)
        await self._blobs.delete([part_name(job.id, RECORDING)])
        await report(1, 1)
        return {
            "voice_id": record.voice.id,
            "name": record.voice.name,
            "engine": record.voice.engine,
            "reference_seconds": record.seconds,
            "likeness": record.likeness,
            "advice": record.origin.get("advice", []),
        }

    async def _made(self, id: str) -> VoiceRecord | None:
        """The voice, where an earlier attempt made it."""
        try:
            return await self._voices.get(id)
        except NotFound:
            return None

    async def _clone(self, job: Job, asked: Mapping[str, Any]) -> VoiceRecord:
        kept = await self._blobs.open(part_name(job.id, RECORDING))
        if kept is None:
            raise Unavailable(f"The recording of job '{job.id}' is missing; send it again.")
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            recording = Path(folder) / RECORDING
            with recording.open("wb") as file:
                async for piece in kept.pieces:
                    await asyncio.to_thread(file.write, piece)
            about = About(**asked["about"])
            return await self._enrolment.clone(
                recording, about, asked.get("engine"), id=asked["voice_id"]
            )

"""Work that outlives a request: taken in, looked after, and what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from polyvox.audio.encode import format_named
from polyvox.domain.blob import Blob
from polyvox.domain.errors import Conflict, InvalidInput, NotFound, PolyvoxError, Unavailable
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.job import COMPLETED, OVER, STATUSES, Job, Part
from polyvox.domain.speech import Word
from polyvox.services.captions import captions
from polyvox.services.narration import Narration, audio_name, words_name
from polyvox.services.results import Results, part_name
from polyvox.services.script import Script, chapters_in, text_of

if TYPE_CHECKING:
    from polyvox.jobs.queue import Queue
    from polyvox.jobs.worker import Report
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.jobs import JobRows
    from polyvox.storage.parts import PartRows

_INLINE = 10_000
"""Characters of a request that stand in its row; larger ones are kept as a file."""
_LONGEST_KEY = 200
_STOP_WITHIN = 10.0
"""Seconds in which a job that is to be deleted must stop."""
_SHORT = 200
"""Characters of each field that stand in the row of a larger one."""
_LINK_SECONDS = 600


class Kind(Protocol):
    """One kind of work."""

    async def engine(self, asked: Mapping[str, Any]) -> str:
        """The engine that does most of it. Raises what is wrong with the request."""
        ...

    async def do(self, job: Job, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """Do it; what is known of the result."""
        ...


class Jobs:
    """Jobs of every kind."""

    def __init__(
        self,
        rows: JobRows,
        parts: PartRows,
        blobs: Blobs,
        queue: Queue,
        narration: Narration,
        kinds: Mapping[str, Kind],
        *,
        links: bool = True,
        most_bytes: int | None = None,
    ) -> None:
        """`kinds` are those besides narrations; `links` sends clients to the store of files,
        where it has addresses; all that is kept may take `most_bytes`."""
        self.rows, self.queue = rows, queue
        self.results = Results(rows, blobs, most_bytes)
        self._parts, self._blobs = parts, blobs
        self._narration, self._links = narration, links
        self._kinds: Mapping[str, Kind] = {"narration": narration, **kinds}

    async def submit(
        self,
        kind: str,
        asked: Mapping[str, Any],
        *,
        priority: int = 0,
        key: str | None = None,
        webhook: str | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> tuple[Job, bool]:
        """The job, and whether it is new: with a `key` that was used before it is the one of
        then. `files` are kept with it. Raises what is wrong with the request, or Conflict for
        another request's key."""
        if key is not None and not 0 < len(key) <= _LONGEST_KEY:
            raise InvalidInput(f"A key has 1 to {_LONGEST_KEY} characters.", param="key")
        engine = await self._kinds[kind].engine(asked)
        id, now = new_id(), time()
        text = json.dumps(asked)
        row = asked if len(text) <= _INLINE else _shortened(asked, len(text))
        if row is not asked:
            await self._blobs.put(_asked_name(id), text.encode())
        for name, path in (files or {}).items():
            await self._blobs.put(part_name(id, name), path)
        job = Job(
            id, kind, row, engine, priority, key=key, webhook=webhook, created_at=now, ready_at=now
        )
        taken = await self.rows.add(job)
        if taken.id == id:
            await self.queue.put(job)
            return job, True
        await self._blobs.delete(await self._blobs.names(f"jobs/{id}"))
        if taken.kind != kind or await self.asked(taken) != json.loads(text):
            raise Conflict("That key was used for another request.", param="key")
        return taken, False

    async def get(self, id: str) -> Job:
        """Raises NotFound."""
        found = await self.rows.get(id) if is_id(id) else None
        if found is None:
            raise NotFound(f"There is no job '{id:.80}'.", param="job")
        return found

    async def list(
        self,
        *,
        statuses: Sequence[str] = (),
        kinds: Sequence[str] = (),
        asked: Mapping[str, str] | None = None,
        first: int = 0,
        count: int = 50,
    ) -> tuple[list[Job], int]:
        """Some of the jobs, the newest first, and how many there are in all; `asked` are values
        that their requests must have."""
        strange = set(statuses) - set(STATUSES)
        if strange:
            known = ", ".join(STATUSES)
            raise InvalidInput(f"There is no status '{min(strange)}': {known}.", param="status")
        return await self.rows.search(
            statuses=statuses, kinds=kinds, asked=asked, first=first, count=count
        )

    async def counts(self) -> dict[str, int]:
        """How many there are, by status."""
        found = await self.rows.counts()
        return {status: found.get(status, 0) for status in STATUSES}

    async def asked(self, job: Job) -> Mapping[str, Any]:
        """The request. Raises Unavailable when the store has lost it."""
        if "kept" not in job.asked:
            return job.asked
        kept = await self._blobs.get(_asked_name(job.id))
        if kept is None:
            raise Unavailable(f"The text of job '{job.id}' is missing in storage.")
        asked: Mapping[str, Any] = json.loads(kept)
        return asked

    async def do(self, job: Job, report: Report) -> Mapping[str, Any]:
        """Work at a job; for those who have claimed it. Raises TooLarge when there is no room
        for what it makes."""
        await self.results.make_room(job.id)
        report.watch(lambda: self.results.watch(job.id))
        result = await self._kinds[job.kind].do(job, await self.asked(job), report)
        await self.results.check_kept(job.id)
        return result

    async def cancel(self, id: str) -> Job:
        """What waits is over at once; what runs stops soon. What is over stays as it is."""
        await self.get(id)
        return await self.rows.cancel(id) or await self.get(id)

    async def retry(self, id: str) -> Job:
        """Begin a job again that failed or was cancelled; what it has done is kept. Raises
        Conflict for one that is not over, or that has succeeded."""
        job = await self.get(id)
        if job.status == COMPLETED or not await self.rows.retry(id):
            raise Conflict(f"Job '{id}' is {job.status}.")
        return await self._again(id)

    async def again(self, id: str, number: int, seed: int | None) -> Job:
        """Speak one segment of a finished narration again, with another `seed`, and join anew."""
        job, script = await self._script(id)
        if job.status not in OVER:
            raise Conflict(f"Job '{id}' is {job.status}; wait until it is over.")
        if not 0 <= number < len(script.units):
            raise NotFound(f"The job has segments 0 to {len(script.units) - 1}.", param="number")
        asked = dict(await self.asked(job))
        chosen = script.units[number].seed + 1 if seed is None else seed
        asked["seeds"] = {**asked.get("seeds", {}), str(number): chosen}
        if "kept" in job.asked:
            await self._blobs.put(_asked_name(id), json.dumps(asked).encode())
        else:
            await self.rows.change(id, asked)
        await self._forget_files(id)
        await self.rows.retry(id)
        return await self._again(id)

    async def segments(self, id: str) -> tuple[Script, dict[int, Part]]:
        """What a narration speaks, and what of it is spoken."""
        _, script = await self._script(id)
        return script, await self._parts.all(id)

    async def audio(self, id: str, fmt_name: str | None = None) -> tuple[Blob, str]:
        """A narration's result and its format: the one it was asked for, or any other, which is
        made when it is first wanted. Raises Conflict while there is none."""
        job = await self._finished(id)
        fmt = format_named(fmt_name or job.result["format"])
        opened = await self._blobs.open(audio_name(id, fmt))
        if opened is None:
            _, script = await self._script(id)
            await self._narration.join(id, script, fmt)
            opened = await self._blobs.open(audio_name(id, fmt))
        if opened is None:
            raise Unavailable(f"The result of job '{id}' is missing in storage.")
        return opened, fmt.name

    async def audio_link(self, id: str, fmt_name: str) -> str | None:
        """An address of the result that clients can be sent to, where there is one."""
        name = audio_name(id, format_named(fmt_name))
        return await self._blobs.link(name, _LINK_SECONDS) if self._links else None

    async def captions(self, id: str, kind: str) -> str | dict[str, Any]:
        """What a narration says when. Raises Conflict while there is no result."""
        job = await self._finished(id)
        kept = await self._blobs.get(words_name(id))
        words = [Word(*word) for word in json.loads(kept or b"[]")]
        text = text_of(chapters_in(await self.asked(job)))
        return captions(words, text, kind)

    async def delete(self, id: str) -> None:
        """Remove a job and what came of it; one that runs is cancelled first. Raises Conflict
        when it does not stop."""
        job = await self.cancel(id)
        waited = 0.0
        while not job.over and waited < _STOP_WITHIN:
            await asyncio.sleep(0.2)
            waited += 0.2
            job = await self.get(id)
        if not job.over:
            raise Conflict(f"Job '{id}' is being cancelled; delete it once it has stopped.")
        await self.results.remove([id])

    async def _forget_files(self, id: str) -> None:
        names = await self._blobs.names(f"jobs/{id}")
        await self._blobs.delete([name for name in names if "/audio." in name])

    async def _again(self, id: str) -> Job:
        job = await self.get(id)
        await self.queue.put(job)
        return job

    async def _finished(self, id: str) -> Job:
        job = await self.get(id)
        if job.kind != Narration.kind:
            raise InvalidInput(f"Job '{id}' is no narration but a {job.kind}.", param="job")
        if job.status != COMPLETED:
            raise Conflict(f"Job '{id}' has no result: it is {job.status}.")
        return job

    async def _script(self, id: str) -> tuple[Job, Script]:
        job = await self.get(id)
        if job.kind != Narration.kind:
            raise InvalidInput(f"Job '{id}' is no narration but a {job.kind}.", param="job")
        asked = await self.asked(job)
        if job.result.get("fallback_reason"):
            spoken = {"model": job.result["model"], "voice": job.result["voice"], "options": {}}
            asked = {**asked, **spoken}
        try:
            return job, await self._narration.script(asked)
        except PolyvoxError as error:
            raise Conflict(
                f"What job '{id}' spoke is not here any more: {error.message}"
            ) from error


def _asked_name(id: str) -> str:
    return part_name(id, "asked.json")


def _shortened(asked: Mapping[str, Any], size: int) -> dict[str, Any]:
    """What stands in the row of a request that is kept as a file."""
    small = {name: value[:_SHORT] for name, value in asked.items() if isinstance(value, str)}
    return {**small, "kept": size}

"""What jobs leave behind: where it is kept, how much room it may take, and how it is removed.
Only what is over is ever removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING

from polyvox.domain.errors import TooLarge
from polyvox.domain.identity import is_id
from polyvox.domain.job import OVER, QUEUED, RUNNING

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.jobs import JobRows

ROOMS = ("jobs", "generated", "references", "states")
"""Folders whose files count."""
_ORPHANED = 3600.0
"""Seconds after which files of no job are taken for left over."""
_LOOK = 60.0
"""Seconds between two looks at all files, where nothing was near the limit."""
_WATCH = 2.0
"""Seconds between two looks while a job makes more."""
_SHARE = 0.05
"""Of a job's time that may go by with such looks."""
_PAGE = 200


class Results:
    """Files of jobs and of clips."""

    def __init__(self, rows: JobRows, blobs: Blobs, most: int | None = None) -> None:
        """`most` is the number of bytes that all kept files may take together."""
        self._rows, self._blobs, self.most = rows, blobs, most
        self._used, self._looked = 0, float("-inf")
        self._watched_at = float("-inf")
        """When looks are made again while jobs are at work."""

    async def live(self) -> set[str]:
        """Ids of the jobs that wait or run."""
        ids, total = set[str](), 1
        while len(ids) < total:
            some, total = await self._rows.search(
                statuses=(QUEUED, RUNNING), first=len(ids), count=_PAGE
            )
            if not some:
                break
            ids |= {job.id for job in some}
        return ids

    async def remove(self, ids: Collection[str], *, clips: bool = True) -> int:
        """Remove jobs that are over, with their files; how many. Without `clips`, the clips that
        they have spoken stay as long as clips do."""
        count = 0
        for id in ids:
            if await self._rows.delete([id]):
                count += 1
                await self._blobs.delete(await self._blobs.names(f"jobs/{id}"))
                if clips:
                    await self._blobs.delete([clip_name(id)])
        return count

    async def purge(self, ended_before: float | None = None) -> int:
        """Remove jobs whose time is over, or that ended before that moment; how many."""
        return await self.remove(await self._rows.expired(ended_before), clips=False)

    async def purge_orphans(self) -> int:
        """Remove files of jobs that there are not; how many files."""
        names = await self._blobs.older("jobs", _ORPHANED)
        ids = {name.split("/")[1] for name in names}
        gone = {id for id in ids if not (is_id(id) and await self._rows.get(id))}
        lost = [name for name in names if name.split("/")[1] in gone]
        await self._blobs.delete(lost)
        return len(lost)

    async def used(self) -> dict[str, int]:
        """Bytes that are kept, by folder."""
        sizes = {room: await self._blobs.sizes(room) for room in ROOMS}
        self._used, self._looked = sum(sum(each.values()) for each in sizes.values()), monotonic()
        return {room: sum(each.values()) for room, each in sizes.items()}

    async def make_room(self, spared: str | None = None) -> int:
        """Remove the oldest results until all that is kept fits; how many jobs went. Raises
        TooLarge when that is not enough."""
        if self.most is None:
            return 0
        if monotonic() - self._looked > _LOOK or self._used > self.most:
            await self.used()
        if self._used <= self.most:
            return 0
        gone = await self._shrink(self.most, spared)
        if self._used > self.most:
            raise TooLarge(
                f"There is no room: {self._used / 1e6:.1f} MB are kept that may not be removed, "
                f"and storage.max_gb allows {self.most / 1e6:.1f} MB. Delete voices or wait for "
                "other jobs, or set it higher."
            )
        return gone

    async def watch(self, id: str) -> None:
        """Whether a job may go on that makes more and more; to be asked often. Raises TooLarge when
        there is no room even without what could be removed; what it has made stays."""
        begun = monotonic()
        if self.most is None or begun < self._watched_at:
            return
        self._watched_at = float("inf")
        try:
            await self.used()
            await self.make_room(id)
        except TooLarge as error:
            raise TooLarge(
                f"{error.message} What it has made so far is kept as long as there is room for it: "
                "begin it again."
            ) from error
        finally:
            now = monotonic()
            self._watched_at = now + max(_WATCH, (now - begun) / _SHARE)

    async def check_kept(self, id: str) -> None:
        """Whether what a job has made can stay beside what else must. Raises TooLarge once it is
        removed again."""
        if self.most is None:
            return
        names = await self._blobs.sizes(f"jobs/{id}")
        clip = await self._blobs.size(clip_name(id))
        names |= {} if clip is None else {clip_name(id): clip}
        if not names:
            return
        self._used += sum(names.values())
        try:
            await self.make_room(id)
        except TooLarge:
            await self._blobs.delete([name for name in names if not name.endswith("asked.json")])
            self._looked = float("-inf")
            raise

    async def _shrink(self, most: int, spared: str | None) -> int:
        """Remove the oldest of what is over until `most` bytes are left, or nothing can go."""
        sizes = await self._blobs.sizes("jobs") | await self._blobs.sizes("generated")
        held = Counter[str]()
        for name, size in sizes.items():
            held[name.split("/")[1].removesuffix(".mp3")] += size
        removed = 0
        for id in sorted(held):  # ids sort by the time they were made
            if self._used <= most:
                break
            job = await self._rows.get(id) if id != spared and is_id(id) else None
            if job and job.status in OVER and await self.remove([id]):
                self._used -= held[id]
                removed += 1
        return removed


def part_name(id: str, name: str) -> str:
    """Where a file of a job is kept."""
    return f"jobs/{id}/{name}"


def clip_name(id: str) -> str:
    """Where the clip is kept that a job has spoken."""
    return f"generated/{id}.mp3"

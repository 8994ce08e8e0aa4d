"""Clean-up: what its time is over for, what belongs to nothing, what there is no room for. What
waits, runs or can still be brought back is never touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import time

from polyvox.domain.errors import TooLarge
from polyvox.domain.identity import is_id
from polyvox.services.generations import Generations
from polyvox.services.jobs import Jobs
from polyvox.services.profiles import Profiles
from polyvox.services.voices import Voices

_ORPHANED = 3600.0
"""Seconds after which files of no voice are taken for left over."""
_EVER = 100 * 365 * 86400.0


@dataclass(frozen=True)
class Lifetimes:
    """How long things are kept; voices carry their own."""

    undo: float
    """Seconds in which a deleted voice can be brought back."""
    clips: float
    """Seconds."""
    jobs: float | None = None
    """Seconds since a job was over; None is for good."""


@dataclass(frozen=True)
class Cleaned:
    """How many of each are gone."""

    jobs: int = 0
    clips: int = 0
    voices: int = 0
    orphans: int = 0
    """Files that belonged to nothing."""
    bytes: int = 0


class Upkeep:
    """Keeps the storage tidy."""

    def __init__(
        self,
        jobs: Jobs,
        voices: Voices,
        generations: Generations,
        profiles: Profiles,
        lifetimes: Lifetimes,
    ) -> None:
        self._jobs, self._voices = jobs, voices
        self._generations, self._profiles = generations, profiles
        self.lifetimes = lifetimes

    async def tidy(self) -> Cleaned:
        """Remove what has expired, and the oldest results where there is no room for all."""
        keep = self.lifetimes.jobs
        jobs = await self._jobs.results.purge(None if keep is None else time() - keep)
        live = await self._jobs.results.live()
        clips = await self._generations.purge(self.lifetimes.clips, live)
        voices = await self._voices.shelf.purge(self.lifetimes.undo)
        await self._profiles.purge()
        try:
            jobs += await self._jobs.results.make_room()
        except TooLarge:
            """Everything that could go is gone; jobs that come are told."""
        return Cleaned(jobs, clips, voices)

    async def basic(self) -> Cleaned:
        """What `tidy` does, with the bytes that it gave back."""
        before = await self.used()
        cleaned = await self.tidy()
        return replace(cleaned, bytes=max(0, sum(before.values()) - await self._total()))

    async def deep(self, max_age: float | None = None) -> Cleaned:
        """The same, and files that belong to nothing; and, with a `max_age` in seconds, jobs that
        ended and clips that were made before that."""
        before = await self.used()
        cleaned = await self.tidy()
        orphans = await self._jobs.results.purge_orphans() + await self._purge_states()
        jobs, clips = cleaned.jobs, cleaned.clips
        if max_age is not None:
            jobs += await self._jobs.results.purge(time() - max_age)
            live = await self._jobs.results.live()
            clips += await self._generations.purge(max_age, live)
        freed = max(0, sum(before.values()) - await self._total())
        return Cleaned(jobs, clips, cleaned.voices, orphans, freed)

    async def used(self) -> dict[str, int]:
        """Bytes that are kept, by folder."""
        return await self._jobs.results.used()

    @property
    def most_bytes(self) -> int | None:
        """That may be kept; None without a limit."""
        return self._jobs.results.most

    async def _total(self) -> int:
        return sum((await self.used()).values())

    async def _purge_states(self) -> int:
        """Remove states and recordings of voices that there are not."""
        shelf = self._voices.shelf
        back = set(await shelf.rows.gone(time() + _EVER))  # deleted, and perhaps to be restored
        lost = []
        for folder in ("states", "references"):
            for name in await shelf.blobs.older(folder, _ORPHANED):
                id = name.rpartition("/")[2].partition(".")[0]
                if not (is_id(id) and (id in back or await shelf.rows.get(id))):
                    lost.append(name)
        await shelf.blobs.delete(lost)
        return len(lost)

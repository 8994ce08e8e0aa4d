"""What a narration has spoken so far: its units are kept in storage, and handed on from memory to
whoever joins them while there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from polyvox.domain.errors import Unavailable
from polyvox.domain.job import Part
from polyvox.domain.speech import Word

if TYPE_CHECKING:
    from polyvox.storage.blobs import Blobs
    from polyvox.storage.parts import PartRows

_ROOM = 8 * 1024 * 1024
"""Bytes of sound that may wait in memory to be joined."""
_PAGE = 50
"""Units whose words are read at once."""
_TOGETHER = 0.1
"""Seconds in which rows are collected; a transaction costs more than its rows."""
_MOST_WAITING = 100
Words = tuple[Word, ...]


@dataclass(frozen=True)
class Take:
    """A unit's sound, as `packed` made it, and its words."""

    data: bytes
    words: Words


class Spoken:
    """The units of one job; each is asked for once."""

    def __init__(self, id: str, parts: PartRows, blobs: Blobs, awaited: Iterable[int] = ()) -> None:
        """`awaited` are the numbers of units that are still to be spoken."""
        self._id, self._parts, self._blobs = id, parts, blobs
        self._awaited = set(awaited)
        self._held: dict[int, Take] = {}
        self._asked_for: dict[int, asyncio.Event] = {}
        self._page: dict[int, Words] = {}
        self._turning = asyncio.Lock()

    def add(self, number: int, take: Take) -> None:
        """A unit is spoken. Without room in memory it is read again once its row is kept."""
        wanted = number in self._asked_for
        if wanted or sum(len(held.data) for held in self._held.values()) < _ROOM:
            self._held[number] = take
        if wanted:
            self._asked_for[number].set()

    def kept(self, numbers: Iterable[int]) -> None:
        """Units can be read from storage now."""
        for number in numbers:
            self._awaited.discard(number)
            if number in self._asked_for:
                self._asked_for[number].set()

    async def take(self, number: int) -> Take:
        """The unit, as soon as it is spoken. Raises Unavailable where storage has lost it."""
        if number in self._awaited and number not in self._held:
            self._asked_for[number] = asyncio.Event()
            await self._asked_for[number].wait()
            del self._asked_for[number]
        return self._held.pop(number, None) or await self._read(number)

    async def _read(self, number: int) -> Take:
        words = await self._words(number)
        data = await self._blobs.get(unit_name(self._id, number))
        if data is None or words is None:
            raise Unavailable(f"Segment {number} of job '{self._id}' is missing in storage.")
        return Take(data, words)

    async def _words(self, number: int) -> Words | None:
        async with self._turning:
            if number not in self._page:
                found = await self._parts.some(self._id, number, _PAGE)
                self._page = {each: part.words for each, part in found.items()}
            return self._page.get(number)


class Rows:
    """Keeps the rows of units, some at a time; all are kept when the block is left."""

    def __init__(
        self,
        id: str,
        parts: PartRows,
        kept: Callable[[Sequence[int]], Awaitable[None]],
    ) -> None:
        """`kept` is told the numbers of those that are."""
        self._id, self._parts, self._kept = id, parts, kept
        self._waiting: list[Part] = []
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping:
            await self._keeping

    async def add(self, part: Part) -> None:
        """Soon to be kept. Raises Unavailable where an earlier one could not be."""
        self._waiting.append(part)
        if self._keeping and (self._keeping.done() or len(self._waiting) > _MOST_WAITING):
            await asyncio.shield(self._keeping)
        if self._waiting and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while self._waiting:
            await asyncio.sleep(_TOGETHER)
            some, self._waiting = self._waiting, []
            await self._parts.put(self._id, *some)
            await self._kept([part.number for part in some])


def unit_name(id: str, number: int) -> str:
    """Where a unit's sound is kept."""
    return f"jobs/{id}/units/{number:06}.pcm"

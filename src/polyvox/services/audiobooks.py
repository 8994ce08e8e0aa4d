"""Books in and out: a file of text as a request for a narration, the narration as an audiobook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyvox.audio.audiobook import M4B, Audiobook, Mark
from polyvox.audio.encode import Format
from polyvox.audio.takes import unpacked

if TYPE_CHECKING:
    from polyvox.domain.job import Job
    from polyvox.services.jobs import Jobs
    from polyvox.text.books import Book

RATE = 24000
"""Hertz of an audiobook."""
_STEP = 48 * 1024
"""Bytes of 16-bit samples that are encoded in one go."""


def book_in(data: bytes, name: str) -> Book:
    """Plain text, Markdown or an EPUB. Raises what `read_book` raises."""
    from polyvox.text.books import read_book  # heavy, and many servers never read one

    return read_book(data, name)


def chapters_of(book: Book) -> list[dict[str, Any]]:
    """As a request for a narration names them."""
    return [{"title": chapter.title, "text": chapter.text} for chapter in book.chapters]


@dataclass(frozen=True)
class About:
    """What players show of an audiobook."""

    title: str
    author: str = ""
    cover: bytes | None = None
    """A JPEG or PNG file."""


async def write_audiobook(
    jobs: Jobs, job: Job, about: About, path: Path, rate: int = RATE, fmt: Format = M4B
) -> None:
    """Write a finished narration, whose samples come at `rate`, as an MP4 file; an M4B has its
    chapters."""
    blob, _ = await jobs.audio(job.id, "pcm")
    marks = [Mark(each["start"], each["title"]) for each in job.result["chapters"]]
    shown = {"title": about.title, "author": about.author}
    with Audiobook(path, rate, fmt, **shown, cover=about.cover) as file:
        async for step in _steps(blob.pieces):
            await asyncio.to_thread(file.write, unpacked(step, rate, ()).samples)
        length = file.time
        chapters = [Mark(min(mark.start, length), mark.title) for mark in marks]
        await asyncio.to_thread(file.finish, chapters if fmt == M4B else [])


async def _steps(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in even numbers."""
    rest = b""
    async for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % 2
        for first in range(0, whole, _STEP):
            yield rest[first : min(first + _STEP, whole)]
        rest = rest[whole:]

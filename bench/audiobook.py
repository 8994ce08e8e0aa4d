"""How fast a long result becomes a file, and how fast a book is read: minutes of speech encoded a
second, memory for each hour of it, characters of an EPUB a second.

    python -m bench.audiobook
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from polyvox.audio.audiobook import Audiobook
from polyvox.text.books import read_book

_RATE = 24000
_PARAGRAPH = "The snow fell all night, and in the morning nobody had left the house. " * 6
_CONTAINER = '<container><rootfile full-path="p.opf"/></container>'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="of speech to encode")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        seconds, grown = _encode(Path(folder) / "book.m4b", minutes)
    print(f"AAC with chapters   {minutes / seconds:8.1f} minutes of speech a second")
    print(f"its memory          {grown * 60 / minutes:8.1f} MB for an hour of speech")
    book = _epub(chapters=40, paragraphs=60)
    began = time.perf_counter()
    read = read_book(book, "book.epub")
    taken = time.perf_counter() - began
    size = sum(len(chapter.text) for chapter in read.chapters)
    print(f"EPUB                {size / taken / 1e6:8.1f} million characters a second")


def _encode(path: Path, minutes: int) -> tuple[float, float]:
    """Seconds taken and megabytes that the process grew by after the first minute."""
    random = np.random.default_rng(1)
    envelope = np.abs(np.sin(np.arange(_RATE * 10) / _RATE * 9))
    noise = random.normal(0, 0.1, _RATE * 10) * envelope
    speech = np.cumsum(noise - noise.mean()).clip(-20, 20) / 25
    samples = speech.astype(np.float32)
    with Audiobook(path, _RATE, title="Bench") as book:
        began = time.perf_counter()
        before = 0.0
        for minute in range(minutes):
            book.begin_chapter(f"Minute {minute + 1}")
            for _ in range(6):
                book.write(samples)
            before = before or _peak()
        book.finish()
        return time.perf_counter() - began, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _epub(chapters: int, paragraphs: int) -> bytes:
    page = f"<html><body><h1>One</h1>{f'<p>{_PARAGRAPH}</p>' * paragraphs}</body></html>"
    names = [f"{number}.xhtml" for number in range(chapters)]
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("META-INF/container.xml", _CONTAINER)
        file.writestr("p.opf", package)
        for name in names:
            file.writestr(name, page)
    return buffer.getvalue()


if __name__ == "__main__":
    main()

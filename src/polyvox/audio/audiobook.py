"""Long speech as one file that players keep their place in: AAC in MP4, with chapters, title,
author and cover (.m4b), or without (.m4a). Written to disk as it comes; FFmpeg's muxer through
PyAV."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType, TracebackType

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container.output import OutputContainer
from av.stream import Disposition

from polyvox.audio.affinity import one_core
from polyvox.audio.encode import FORMATS, Format, output_rate
from polyvox.audio.frames import frame_of
from polyvox.audio.provenance import COMMENT
from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput, Unavailable

M4A = Format("m4a", "audio/mp4", ".m4a", False, None)
M4B = Format("m4b", "audio/mp4", ".m4b", False, None)
"""They need a file that can be sought, so they are no formats of a stream."""

_BRANDS = MappingProxyType({M4A.name: "M4A ", M4B.name: "M4B "})
"""By which players tell an audiobook from music."""
_WIDE = 24000
"""Hertz; above it the second bit rate counts."""
_BIT_RATES = (48_000, 64_000)
"""Bits a second, as for a stream of AAC."""
_LONGEST_TITLE = 255
"""Bytes of UTF-8 that a chapter's title can have in Nero's list of chapters."""
_COVERS = ((b"\xff\xd8\xff", "mjpeg"), (b"\x89PNG\r\n\x1a\n", "png"))


@dataclass(frozen=True)
class Mark:
    """Where a chapter begins; it ends where the next one begins."""

    start: float
    """Seconds from the beginning of the file."""
    title: str


class Audiobook:
    """One file being written. Leaving its `with` block by an error removes the file, so that a
    short one never looks whole. For one thread at a time.

    What is held in memory does not grow with the sound, but for FFmpeg's list of packets: about
    7 MB for each hour at 24 kHz."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        fmt: Format = M4B,
        *,
        title: str = "",
        author: str = "",
        cover: bytes | None = None,
    ) -> None:
        """`sample_rate` in hertz, as AAC allows; `cover` is a JPEG or PNG file. Raises
        InvalidInput for others."""
        rate = output_rate(FORMATS["aac"], sample_rate)
        picture = _codec_of(cover) if cover else None
        self._path, self._rate = path, rate
        self._marks: list[Mark] = []
        self._taken, self._finished = 0, False
        with _translated():
            self._file: OutputContainer = av.open(
                str(path),
                "w",
                format="mp4",
                options={"movflags": "+faststart", "brand": _BRANDS[fmt.name]},
            )
            tags = {"title": title, "album": title, "artist": author, "genre": "Audiobook"}
            tags["comment"] = COMMENT if fmt.marked else ""
            self._file.metadata.update({key: _clean(tag) for key, tag in tags.items() if tag})
            self._stream: AudioStream = self._file.add_stream(
                "aac", rate=rate, layout="mono", options={"aac_coder": "fast"}
            )
            self._stream.codec_context.bit_rate = _BIT_RATES[rate > _WIDE]
            if cover and picture:
                self._attach(cover, picture)
            else:
                self._file.start_encoding()

    @property
    def time(self) -> float:
        """Seconds written so far."""
        return self._taken / self._rate

    def begin_chapter(self, title: str) -> None:
        """A chapter begins with what is written next."""
        self._marks.append(Mark(self.time, title))

    def write(self, samples: Samples) -> None:
        """Takes in float32 samples, any number; what lies beyond ±1 is clamped. Raises
        EngineFailed for NaN and infinity, Unavailable for a full disk."""
        if not np.isfinite(samples).all():
            raise EngineFailed("The engine produced samples that are not numbers.")
        for first in range(0, len(samples), self._rate):
            second = np.clip(samples[first : first + self._rate], -1.0, 1.0)
            frame = frame_of(second, "fltp", self._rate, self._taken)
            with _translated(), nullcontext() if self._taken else one_core():
                self._file.mux(self._stream.encode(frame))
            self._taken += len(second)

    def finish(self, chapters: Iterable[Mark] = ()) -> None:
        """Completes the file; `chapters` come on top of those begun while writing."""
        marks = _ordered([*self._marks, *chapters], self._taken / self._rate)
        with _translated():
            if self._taken:
                self._file.mux(self._stream.encode(None))
            edges = [*(mark.start for mark in marks), self.time]
            self._file.set_chapters(
                [
                    {
                        "id": number,
                        "start": round(start * 1000),
                        "end": round(end * 1000),
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": mark.title},
                    }
                    for number, (mark, (start, end)) in enumerate(
                        zip(marks, pairwise(edges), strict=True)
                    )
                ]
            )
            self._file.close()
        self._finished = True

    def __enter__(self) -> Audiobook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and not self._finished:
            self.finish()
        if not self._finished:
            with suppress(av.FFmpegError, OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)

    def _attach(self, cover: bytes, codec: str) -> None:
        stream = self._file.add_mux_stream(codec, width=1, height=1)
        stream.disposition = Disposition.attached_pic
        self._file.start_encoding()
        packet = av.Packet(cover)
        packet.stream, packet.time_base = stream, Fraction(1, 90000)
        packet.pts = packet.dts = 0
        packet.is_keyframe = True
        self._file.mux(packet)


def write_m4b(
    path: Path,
    pieces: Iterable[Samples],
    sample_rate: int,
    chapters: Iterable[Mark] = (),
    *,
    title: str = "",
    author: str = "",
    cover: bytes | None = None,
) -> float:
    """Writes `pieces` as an audiobook and gives its seconds. `chapters` are looked at only after
    the last piece, so that a list may be filled while the pieces come."""
    with Audiobook(path, sample_rate, M4B, title=title, author=author, cover=cover) as book:
        for piece in pieces:
            book.write(piece)
        book.finish(chapters)
    return book.time


def write_m4a(path: Path, pieces: Iterable[Samples], sample_rate: int, *, title: str = "") -> float:
    """Writes `pieces` as AAC in MP4 without chapters and gives its seconds."""
    with Audiobook(path, sample_rate, M4A, title=title) as book:
        for piece in pieces:
            book.write(piece)
    return book.time


def _ordered(marks: list[Mark], duration: float) -> list[Mark]:
    """`marks` as players want them: in order, the first at 0, none without a millisecond."""
    for mark in marks:
        if not 0 <= mark.start <= duration + 0.001:
            raise InvalidInput(
                f"A chapter begins at {mark.start:g} s; the sound has {duration:g} s."
            )
    found: list[Mark] = []
    for number, mark in enumerate(sorted(marks, key=lambda each: each.start)):
        start = 0.0 if number == 0 else mark.start
        if found and start - found[-1].start < 0.001:
            found.pop()
        found.append(Mark(start, _shortened(mark.title)))
    while len(found) > 1 and duration - found[-1].start < 0.001:
        found.pop()
    return found if duration >= 0.001 else []


def _shortened(title: str) -> str:
    cleaned = " ".join(_clean(title).split())
    return cleaned.encode()[:_LONGEST_TITLE].decode(errors="ignore")


def _clean(text: str) -> str:
    """`text` without what ends a string in C and what UTF-8 cannot hold."""
    return text.replace("\0", " ").encode(errors="replace").decode()


def _codec_of(cover: bytes) -> str:
    for signature, codec in _COVERS:
        if cover.startswith(signature):
            return codec
    raise InvalidInput("The cover is neither a JPEG nor a PNG file.", param="cover")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                "The disk is full; make room where results are written.", retry_after=60
            ) from error
        raise EngineFailed(f"The audiobook could not be written: {error}.") from error

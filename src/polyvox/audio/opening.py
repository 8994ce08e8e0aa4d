"""Opening a file that may be anything: only known containers and codecs, only that file, and
what its header says. Its sound is decoded in `decode`."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer

from polyvox.audio.containers import CODECS, CONTAINERS, HEADERLESS
from polyvox.domain.errors import TimedOut, UnsupportedMedia

_LEAST_BITS = 200
"""Bits a second below which a length that a header claims is not believed; FLAC needs 390 for
silence at 16 kHz."""
_LOSSLESS = frozenset({"alac", "ape", "flac", "tak", "tta", "wavpack", "wmalossless"})
UNREADABLE = "This is not a recording that can be read"


@dataclass(frozen=True)
class Source:
    """What a recording was before it was decoded."""

    container: str
    """FFmpeg's name of what it is wrapped in: wav, ogg."""
    codec: str
    """FFmpeg's name of its decoder: pcm_s16le, opus."""
    rate: int
    """Hertz."""
    channels: int
    bits: int | None
    """Per sample, as decoded: 24-bit FLAC has 32. None for codecs that have no such number."""


def opened(path: Path, deadline: float) -> InputContainer:
    """The file `path`, to be read until the monotonic clock shows `deadline`.

    Raises UnsupportedMedia and TimedOut."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(CONTAINERS),
        "codec_whitelist": ",".join(CODECS),
    }
    left = max(0.001, deadline - time.monotonic())
    try:
        return av.open(
            f"file:{path.absolute()}",
            "r",
            container_options=options,
            metadata_errors="replace",
            timeout=left,
        )
    except (av.FFmpegError, ValueError) as error:
        check_clock(deadline)
        raise UnsupportedMedia(f"{UNREADABLE}.") from error


def sound_of(container: InputContainer) -> AudioStream:
    """The stream that is decoded: the first that has a decoder."""
    if not container.streams.audio:
        raise UnsupportedMedia("There is no sound in this file.")
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.name in CODECS:
            stream.codec_context.thread_count = 1
            return stream
    raise UnsupportedMedia(f"{UNREADABLE}: its codec is unknown or locked.")


def claimed_length(container: InputContainer, size: int) -> float | None:
    """Seconds that the header speaks of; None where there is no such number, or one that a file
    of `size` bytes cannot hold."""
    if container.format.name in HEADERLESS or not container.duration or container.duration < 0:
        return None
    seconds = container.duration / av.time_base
    return seconds if seconds * _LEAST_BITS / 8 <= size else None


def source_of(container: InputContainer, stream: AudioStream, rate: int, channels: int) -> Source:
    """What is being read, with the rate (hertz) and channels of its first frame."""
    codec = stream.codec_context
    return Source(container.format.name, codec.name, rate, channels, _bits(codec))


def _bits(codec: AudioCodecContext) -> int | None:
    if codec.name in ("pcm_mulaw", "pcm_alaw"):
        return 8
    if written := re.match(r"pcm_[suf](\d+)", codec.name):
        return int(written[1])
    return codec.format.bits if codec.name in _LOSSLESS else None


def check_clock(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimedOut("Reading the recording took too long.")

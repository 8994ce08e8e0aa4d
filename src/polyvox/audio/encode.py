"""The formats that speech leaves in, and the encoder that turns samples into their bytes as they
come. How each is written is in `plain` (NumPy), `lame` (MP3) and `compressed` (FFmpeg); what is
said in it about where it comes from is in `provenance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from polyvox.audio import compressed, lame, plain, provenance
from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput


@dataclass(frozen=True)
class Format:
    """A way to write mono speech down."""

    name: str
    """What `response_format` calls it."""
    media_type: str
    suffix: str
    """Of files in this format, with its dot."""
    lossless: bool
    """Whether 16-bit samples come back exactly."""
    fixed_rate: int | None
    """Hertz, where the bytes do not say it and listeners assume it."""
    marked: bool = field(default=True, compare=False)
    """Whether a file says that its speech is synthetic, where the format can."""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        fmt.name: fmt
        for fmt in (
            Format("mp3", "audio/mpeg", ".mp3", False, None),
            Format("opus", "audio/ogg", ".opus", False, None),
            Format("aac", "audio/aac", ".aac", False, None),
            Format("flac", "audio/flac", ".flac", True, None),
            Format("wav", "audio/wav", ".wav", True, None),
            Format("pcm", "audio/pcm", ".pcm", True, 24000),
            Format("ulaw", "audio/basic", ".ulaw", False, 8000),
            Format("alaw", "audio/x-alaw-basic", ".alaw", False, 8000),
        )
    }
)
"""By name. opus is Ogg Opus, aac is ADTS. pcm is 16 bits, little endian, without a header; ulaw
and alaw are G.711 without a header. `audio/basic` is registered for just that µ-law (RFC 2046);
A-law has no registered name outside RTP, and `audio/x-alaw-basic` is the one in use."""

_DEFAULT_RATE = 24000
_LOWEST_RATE, _HIGHEST_RATE = 8000, 96000


class _Writer(Protocol):
    """Writes one stream down, clean samples in, bytes out."""

    def write(self, samples: Samples) -> bytes: ...

    def close(self) -> bytes: ...


_WRITERS: Mapping[str, Callable[[int, int | None], _Writer]] = MappingProxyType(
    {"mp3": lame.Mp3, "pcm": plain.Pcm, "ulaw": plain.MuLaw, "alaw": plain.ALaw}
)


def format_named(name: str) -> Format:
    """The format of that name; raises InvalidInput, naming those that exist."""
    if name not in FORMATS:
        raise InvalidInput(
            f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.",
            param="response_format",
        )
    return FORMATS[name]


def rates(fmt: Format) -> tuple[int, ...]:
    """Hertz that the format takes; empty for any within reason."""
    if fmt.fixed_rate:
        return (fmt.fixed_rate,)
    return lame.RATES if fmt.name == "mp3" else compressed.rates(fmt.name)


def output_rate(fmt: Format, wanted: int | None) -> int:
    """Hertz to encode at: 24000 unless asked otherwise, or the format's own rate.

    Raises InvalidInput, naming the rates that the format takes."""
    allowed = rates(fmt)
    rate = (fmt.fixed_rate or _DEFAULT_RATE) if wanted is None else wanted
    if rate in allowed or (not allowed and _LOWEST_RATE <= rate <= _HIGHEST_RATE):
        return rate
    choice = ", ".join(map(str, allowed)) or f"{_LOWEST_RATE} to {_HIGHEST_RATE}"
    raise InvalidInput(
        f"{fmt.name} cannot have a sample rate of {rate} Hz; it takes {choice}.",
        param="sample_rate",
    )


def completed(fmt: Format, stream: bytes) -> bytes:
    """A whole stream with what could not be known while it ran: the sizes of a WAV file."""
    head = completed_head(fmt, stream, len(stream))
    return head + stream[len(head) :]


def completed_head(fmt: Format, head: bytes, size: int) -> bytes:
    """What the beginning of a stream must be replaced with once `size`, its bytes in all, is
    known; empty for formats that stay as they are. `head` holds at least 64 bytes of it, or all.
    """
    return plain.head_with_sizes(head, size, provenance.riff_info()) if fmt.name == "wav" else b""


class Encoder:
    """Turns one stream of samples into bytes, giving out what is ready after every piece.

    For one thread at a time. FFmpeg works without the GIL, so encoders run side by side."""

    def __init__(self, fmt: Format, sample_rate: int, total_samples: int | None = None) -> None:
        """`sample_rate` in hertz, as `output_rate` allows (else InvalidInput). `total_samples`,
        where it is known, goes into the header of a WAV stream; without it the header says
        0xFFFFFFFF, which players read as "until the end"."""
        self._expected, self._taken = total_samples, 0
        rate = output_rate(fmt, sample_rate)
        self._writer = _writer(fmt, rate, total_samples)
        self._before = provenance.id3() if fmt.marked and fmt.name == "mp3" else b""

    def encode(self, samples: Samples) -> bytes:
        """The bytes that are ready once `samples` (float32, any length) have been taken in;
        empty while the codec still waits. What lies beyond ±1 is clamped.

        Raises EngineFailed for NaN and infinity."""
        if not np.isfinite(samples).all():
            raise EngineFailed("The engine produced samples that are not numbers.")
        self._taken += len(samples)
        if not len(samples):
            return b""
        return self._begun(self._writer.write(np.clip(samples, -1.0, 1.0)))

    def finish(self) -> bytes:
        """The bytes that were still held back; nothing can be encoded after it.

        Raises EngineFailed when `total_samples` was given and another number came."""
        if self._expected is not None and self._taken != self._expected:
            raise EngineFailed(f"Got {self._taken} samples where {self._expected} were announced.")
        return self._begun(self._writer.close())

    def _begun(self, data: bytes) -> bytes:
        """The bytes after what stands before the first of them."""
        if not data:
            return b""
        before, self._before = self._before, b""
        return before + data


def _writer(fmt: Format, rate: int, total_samples: int | None) -> _Writer:
    if fmt.name == "wav":
        return plain.Wav(rate, total_samples, provenance.riff_info() if fmt.marked else b"")
    if fmt.name in _WRITERS:
        return _WRITERS[fmt.name](rate, total_samples)
    return compressed.Compressed(fmt.name, rate, fmt.marked)

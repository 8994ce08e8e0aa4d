"""Formats that are a header at most and then a number per sample: WAV, PCM, G.711. NumPy only."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
import numpy.typing as npt

from polyvox.domain.audio import Samples

_UNKNOWN_SIZE = 0xFFFFFFFF
_FORMAT = struct.Struct("<4sI4s4sIHHIIHH")
"""From RIFF to the end of the chunk that describes the samples."""
_CHUNK = struct.Struct("<4sI")
"""What every chunk begins with: its name and its size."""


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """16-bit samples, little endian; the inverse of dividing by 32768. 1.0 becomes 32767."""
    scaled = np.rint(samples * np.float32(32768.0))
    return np.asarray(np.clip(scaled, -32768, 32767), np.dtype("<i2"))


class Pcm:
    """16-bit little-endian samples and nothing else."""

    def __init__(self, sample_rate: int, total_samples: int | None) -> None:
        """Neither is written down."""

    def write(self, samples: Samples) -> bytes:
        return to_int16(samples).tobytes()

    def close(self) -> bytes:
        return b""


class Wav:
    """16-bit PCM after a RIFF header."""

    def __init__(self, sample_rate: int, total_samples: int | None, about: bytes = b"") -> None:
        """`about` are chunks that tell something of the file."""
        size = None if total_samples is None else 2 * total_samples
        self._header = _wav_header(sample_rate, about, size)

    def write(self, samples: Samples) -> bytes:
        return self.close() + to_int16(samples).tobytes()

    def close(self) -> bytes:
        header, self._header = self._header, b""
        return header


class MuLaw(Pcm):
    """A byte per sample: G.711 µ-law."""

    def write(self, samples: Samples) -> bytes:
        return _mulaw_codes()[to_int16(samples).view(np.uint16)].tobytes()


class ALaw(Pcm):
    """A byte per sample: G.711 A-law."""

    def write(self, samples: Samples) -> bytes:
        return _alaw_codes()[to_int16(samples).view(np.uint16)].tobytes()


def head_with_sizes(head: bytes, size: int, about: bytes) -> bytes:
    """The header that `Wav` wrote, with the sizes of a stream that turned out `size` bytes long.
    `about` is what it was given, if anything; the beginning of the header is enough."""
    rate = _FORMAT.unpack_from(head)[7]
    told = about if head.startswith(about[:4], _FORMAT.size) else b""
    return _wav_header(rate, told, size - _FORMAT.size - len(told) - _CHUNK.size)


def _wav_header(sample_rate: int, about: bytes, data_size: int | None) -> bytes:
    """`data_size` in bytes; one that is unknown, or too large to be said, is left open."""
    overhead = _FORMAT.size + len(about) + _CHUNK.size - 8
    if data_size is None or data_size + overhead >= _UNKNOWN_SIZE:
        riff_size = data_size = _UNKNOWN_SIZE
    else:
        riff_size = data_size + overhead
    fmt = (b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return _FORMAT.pack(b"RIFF", riff_size, b"WAVE", *fmt) + about + _CHUNK.pack(b"data", data_size)


@cache
def _mulaw_codes() -> npt.NDArray[np.uint8]:
    """The µ-law byte of every 16-bit sample, by its unsigned bits (ITU-T G.711, in the 16-bit
    form of Sun's g711.c: bias 132, clip 32635)."""
    sample = _every_int16()
    magnitude = np.minimum(np.abs(sample), 32635) + 132
    exponent = _bit_length(magnitude) - 8
    mantissa = (magnitude >> (exponent + 3)) & 15
    return (~(((sample < 0) << 7) | (exponent << 4) | mantissa) & 255).astype(np.uint8)


@cache
def _alaw_codes() -> npt.NDArray[np.uint8]:
    """The A-law byte of every 16-bit sample, by its unsigned bits (ITU-T G.711)."""
    sample = _every_int16()
    magnitude = np.where(sample < 0, ~sample, sample)
    exponent = np.maximum(_bit_length(magnitude) - 8, 0)
    mantissa = (magnitude >> (np.maximum(exponent, 1) + 3)) & 15
    inverted = np.where(sample < 0, 0x55, 0xD5)
    return np.asarray(((exponent << 4) | mantissa) ^ inverted, np.uint8)


def _every_int16() -> npt.NDArray[np.int64]:
    """What the bits 0 to 65535 mean as 16-bit samples."""
    return np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)


def _bit_length(number: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.frexp(number)[1].astype(np.int64)

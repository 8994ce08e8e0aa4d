"""Sixteen-bit samples as they come over a network, turned into chunks; WAV files in and out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import EngineFailed
from polyvox.engines.remote.resampling import Resampler

_CHUNK = 0.1
"""Seconds."""
_LONGEST_HEAD = 64 * 1024
"""Bytes before the samples of a WAV file."""
_MAGIC = (b"RIFF", b"OggS", b"fLaC", b"ID3\x03", b"ID3\x04", b"<!DO", b"<!do", b"<htm")
"""How bytes begin that are no bare samples."""
_UNKNOWN_SIZE = 0x7FFFF000
"""Sizes from here up, and 0, stand in WAV files whose end was not known."""


def chunks(pieces: Iterator[bytes], rate: int, target: int) -> Iterator[AudioChunk]:
    """Little-endian samples at `rate` as chunks at `target` hertz.

    Raises EngineFailed for half a sample, for nothing, and for nothing but zeros.
    """
    held: list[AudioChunk] = []
    heard = False
    for samples in _cut(_samples(pieces, rate, target), round(_CHUNK * target)):
        held.append(AudioChunk(samples, target))
        heard = heard or bool(samples.any())
        if heard:
            yield from held
            held.clear()
    if not heard:
        what = "nothing but silence" if held else "no audio at all"
        raise EngineFailed(f"The remote server answered {what}.")


def bare(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes. Raises EngineFailed when they are a file of some kind."""
    first = b""
    while len(first) < 4 and (piece := next(pieces, b"")):
        first += piece
    if first.startswith(_MAGIC):
        raise EngineFailed(
            f"The remote server answered a file that begins with {first[:4]!r} instead of bare "
            "samples; it does not know the format pcm."
        )
    yield first
    yield from pieces


def wave_stream(pieces: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """The rate of a WAV file that is coming in, and its samples. Raises EngineFailed for
    anything but mono with 16 bits."""
    head = b""
    rate, position = 0, 12
    while True:
        while len(head) < position + 24 and (piece := next(pieces, b"")):
            head += piece
            if len(head) > _LONGEST_HEAD + len(piece):
                break
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            raise EngineFailed(f"The remote server answered no WAV file but {head[:12]!r}.")
        if len(head) < position + 8 or position > _LONGEST_HEAD:
            raise EngineFailed("The remote server's WAV file has no samples.")
        kind, size = struct.unpack_from("<4sI", head, position)
        position += 8
        if kind == b"data":
            break
        if kind == b"fmt " and len(head) >= position + 16:
            coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, position)
            if (coding, channels, bits) != (1, 1, 16):
                raise EngineFailed(
                    f"The remote server's WAV file has {channels} channels, {bits} bits, coding "
                    f"{coding}; one channel with 16 bits is understood."
                )
        position += size + size % 2
    if not rate:
        raise EngineFailed("The remote server's WAV file does not say its rate.")
    rest = chain([head[position:]], pieces)
    return rate, rest if size == 0 or size >= _UNKNOWN_SIZE else _exactly(rest, size)


def wave_file(samples: Samples, rate: int) -> bytes:
    """A WAV file with 16 bits."""
    data = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16),
        *(b"data", len(data)),
    )
    return head + data


def _exactly(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= len(piece[:left])
    if left:
        raise EngineFailed("The remote server's WAV file is shorter than it says.")


def _samples(pieces: Iterator[bytes], rate: int, target: int) -> Iterator[Samples]:
    resampler = None if rate == target else Resampler(rate, target)
    odd = b""
    for piece in pieces:
        data = odd + piece
        odd = data[len(data) // 2 * 2 :]
        samples = np.frombuffer(data, "<i2", len(data) // 2).astype(np.float32) / np.float32(32768)
        yield resampler.push(samples) if resampler else samples
    if odd:
        raise EngineFailed("The remote server's audio ends in the middle of a sample.")
    if resampler:
        yield resampler.flush()


def _cut(arrays: Iterator[Samples], size: int) -> Iterator[Samples]:
    """The same samples in arrays of `size`, the last one shorter."""
    waiting = np.zeros(0, np.float32)
    for array in arrays:
        waiting = np.concatenate([waiting, array])
        whole = len(waiting) // size * size
        yield from (waiting[start : start + size] for start in range(0, whole, size))
        waiting = waiting[whole:]
    if len(waiting):
        yield waiting

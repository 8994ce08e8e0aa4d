"""A recording somebody sent, read as mono samples under limits: what it is wrapped in, how long,
how large, how slow to read. What it sounds like is for `measure`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer

from polyvox.audio.containers import GUESSING
from polyvox.audio.mixing import Mixer
from polyvox.audio.opening import (
    UNREADABLE,
    Source,
    check_clock,
    claimed_length,
    opened,
    sound_of,
    source_of,
)
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput, TooLarge, UnsupportedMedia

_WHOLE = 0.95
"""Of the length that the header claims."""

_WILD = 4.0
"""Of full scale; floats beyond it are damage."""


@dataclass(frozen=True)
class Limits:
    """How much of a recording is taken."""

    seconds: float = 300.0
    """Longest."""
    shortest: float = 1.0
    """Seconds."""
    bytes: int = 50_000_000
    """Largest file."""
    decode_seconds: float = 30.0
    """Of the wall clock, for reading it."""
    channels: int = 32
    """Most."""
    lowest_rate: int = 4000
    """Hertz."""
    highest_rate: int = 768_000
    """Hertz."""


@dataclass(frozen=True)
class Decoded:
    """A recording in memory."""

    samples: Samples
    """Mono, at the rate that was asked for."""
    source: Source
    complete: bool
    """False where the file ends before it says it would, or pieces of it could not be read."""


def decode(path: Path, rate: int, limits: Limits) -> Decoded:
    """The recording in the file `path`, mixed to mono and resampled to `rate` hertz. Blocks.

    Channels are averaged, or, where they cancel each other, the loudest is taken. Nothing but the
    file itself is ever opened. Pictures and video in it are left alone.

    Raises UnsupportedMedia for what is no recording, TooLarge above `limits.bytes`, InvalidInput
    for one that is too long, too short, or so damaged that little can be read, and TimedOut."""
    size = _size(path, limits)
    deadline = time.monotonic() + limits.decode_seconds
    decoded, mixer = _pass(path, size, rate, limits, deadline, None)
    if mixer.cancelled:
        decoded, _ = _pass(path, size, rate, limits, deadline, mixer.loudest)
    return decoded


def length_in_words(seconds: float) -> str:
    """As people say it: "2 h 3 min", "1 min 20 s", "7.5 s"."""
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def _size(path: Path, limits: Limits) -> int:
    """Bytes."""
    if not path.is_file():
        raise UnsupportedMedia("There is no file to read.")
    size = path.stat().st_size
    if not size:
        raise UnsupportedMedia("The file is empty.")
    if size > limits.bytes:
        raise TooLarge(
            f"The file has {size / 1e6:.3g} MB; at most {limits.bytes / 1e6:.3g} MB are taken."
        )
    return size


def _pass(
    path: Path, size: int, rate: int, limits: Limits, deadline: float, channel: int | None
) -> tuple[Decoded, Mixer]:
    """Read once from beginning to end, `channel` alone or the average of all."""
    mixer = Mixer(rate, channel)
    with opened(path, deadline) as container:
        stream = sound_of(container)
        claimed = claimed_length(container, size)
        if claimed and claimed > limits.seconds and container.format.name not in GUESSING:
            raise _too_long(f"{length_in_words(claimed)} long", limits)
        source, frames = None, _Frames(container, stream, deadline)
        for frame in frames:
            channels = len(frame.layout.channels)
            _check_shape(frame.sample_rate, channels, limits)
            source = source or source_of(container, stream, frame.sample_rate, channels)
            mixer.push(_planes(frame, channels), frame.sample_rate)
            if mixer.seconds > limits.seconds:
                raise _too_long("longer", limits)
    complete = not frames.broken and (not claimed or mixer.seconds >= _WHOLE * claimed)
    if source is None:
        raise UnsupportedMedia(f"{UNREADABLE}: nothing in it could be decoded.")
    _check_least(mixer.seconds, complete, limits)
    return Decoded(mixer.finish(), source, complete), mixer


class _Frames:
    """The decoded frames of one stream. Pieces that cannot be decoded are passed over; what
    follows a place where the file itself breaks off is lost."""

    def __init__(self, container: InputContainer, stream: AudioStream, deadline: float) -> None:
        self._container, self._stream, self._deadline = container, stream, deadline
        self.broken = False

    def __iter__(self) -> Iterator[av.AudioFrame]:
        try:
            for packet in self._container.demux(self._stream):
                check_clock(self._deadline)
                yield from self._within(packet)
        except av.FFmpegError:
            check_clock(self._deadline)
            self.broken = True

    def _within(self, packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
        try:
            return [frame for frame in packet.decode() if frame.samples]
        except av.EOFError:
            return []
        except av.FFmpegError:
            self.broken = True
            return []


def _planes(frame: av.AudioFrame, channels: int) -> npt.NDArray[np.float32]:
    """Channels by samples, full scale at 1."""
    values: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, channels).T
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - np.float32(128)) * np.float32(1 / 128)
    if values.dtype.kind == "i":
        return values.astype(np.float32) * np.float32(2.0 ** (1 - 8 * values.dtype.itemsize))
    floats: npt.NDArray[np.float32] = np.clip(values, -_WILD, _WILD).astype(np.float32)
    floats[np.isnan(floats)] = 0
    return floats


def _check_shape(rate: int, channels: int, limits: Limits) -> None:
    if not limits.lowest_rate <= rate <= limits.highest_rate:
        raise InvalidInput(
            f"A sample rate of {rate} Hz is outside {limits.lowest_rate} to {limits.highest_rate}."
        )
    if not 1 <= channels <= limits.channels:
        raise InvalidInput(f"The recording has {channels} channels; at most {limits.channels}.")


def _check_least(seconds: float, complete: bool, limits: Limits) -> None:
    if seconds >= limits.shortest:
        return
    found, least = length_in_words(seconds), length_in_words(limits.shortest)
    if complete:
        raise InvalidInput(f"The recording is too short: {found}; at least {least}.")
    raise InvalidInput(f"The file is damaged: only {found} of it could be read.")


def _too_long(found: str, limits: Limits) -> InvalidInput:
    most = length_in_words(limits.seconds)
    return InvalidInput(f"At most {most} of recording are taken; this one is {found}.")

"""AAC, Opus and FLAC: FFmpeg's encoders through PyAV, set for speech on few cores. Their
packets are dressed by `framing` rather than by an FFmpeg container, which would take longer to
set up than most of the codecs and hold back pages of Ogg."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext

from polyvox.audio.affinity import one_core
from polyvox.audio.frames import frame_of
from polyvox.audio.framing import Adts, Flac, Framing, OggOpus
from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed

_WIDE = 24000
"""Hertz; above it the second bit rate counts."""


@dataclass(frozen=True)
class Settings:
    """How one codec is used."""

    codec: str
    """FFmpeg's name of the encoder."""
    sample_format: str
    """What it takes: flt and fltp are float32, s16 is 16 bits."""
    options: Mapping[str, str]
    bit_rates: tuple[int, int] | None
    """Bits a second, up to 24 kHz and above it."""
    framing: type[Framing]
    rates: tuple[int, ...]
    """Hertz that the encoder takes; empty for any."""


# Measured on 20 s of speech in four languages at 24 kHz, against FFmpeg's own settings at the same
# bit rate: milliseconds per second of audio, log-spectral distance (less is better), segmental
# signal-to-noise ratio (more is better).
#   aac  12   ms 3.03 dB 22.1 dB  ->  3.2 ms 2.39 dB 28.6 dB.
#   opus  7.4 ms 4.04 dB 17.0 dB  ->  1.9 ms 3.46 dB 18.1 dB, paid for in bytes: the lower effort
#         takes 50 kbit/s where the full one takes 31; held to 33 it has 4.82 dB, 13.7 dB.
#   flac  level 2 has blocks of 24 ms rather than 96; with a linear predictor it costs no bytes.
_SETTINGS: Mapping[str, Settings] = {
    "aac": Settings(
        "aac",
        "fltp",
        {"aac_coder": "fast"},
        (48_000, 64_000),
        Adts,
        (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    ),
    "opus": Settings(
        "libopus",
        "flt",
        {"compression_level": "5", "application": "audio", "vbr": "on"},
        (32_000, 32_000),
        OggOpus,
        (8000, 12000, 16000, 24000, 48000),
    ),
    "flac": Settings(
        "flac",
        "s16",
        {"compression_level": "2", "lpc_type": "levinson", "max_prediction_order": "8"},
        None,
        Flac,
        (),
    ),
}


def rates(name: str) -> tuple[int, ...]:
    """Hertz that the codec of that format takes; empty for any."""
    return _SETTINGS[name].rates if name in _SETTINGS else ()


class Compressed:
    """One stream of one of these formats, float32 mono in, bytes out."""

    def __init__(self, name: str, sample_rate: int, marked: bool) -> None:
        """`marked` streams say that they are synthetic, where they can."""
        self._settings = _SETTINGS[name]
        self._rate = sample_rate
        self._taken = 0
        self._codec = _opened(self._settings, sample_rate)
        header = self._codec.extradata or b""
        self._framing = self._settings.framing(header, sample_rate, marked)

    def write(self, samples: Samples) -> bytes:
        frame = frame_of(samples, self._settings.sample_format, self._rate, self._taken)
        first, self._taken = self._taken == 0, self._taken + len(samples)
        with one_core() if first else nullcontext():
            packets = self._packets(frame)
        return self._framing.wrap(packets)

    def close(self) -> bytes:
        return self._framing.close(self._packets(None), self._taken)

    def _packets(self, frame: av.AudioFrame | None) -> list[bytes]:
        try:
            return [bytes(packet) for packet in self._codec.encode(frame) if packet.size]
        except av.FFmpegError as error:
            raise EngineFailed(f"{self._settings.codec} failed: {error}.") from error


def _opened(settings: Settings, sample_rate: int) -> AudioCodecContext:
    codec = av.CodecContext.create(settings.codec, "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.time_base = sample_rate, Fraction(1, sample_rate)
    codec.layout, codec.format = "mono", settings.sample_format
    if settings.bit_rates:
        codec.bit_rate = settings.bit_rates[sample_rate > _WIDE]
    codec.options = dict(settings.options)
    codec.open()
    return codec

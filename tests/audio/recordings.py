"""Files such as people send, written with PyAV."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from polyvox.domain.audio import Samples


@dataclass(frozen=True)
class Kind:
    """A container, a codec and a shape of sound."""

    name: str
    """Of the file, with its suffix."""
    codec: str
    """FFmpeg's name of the encoder."""
    sample_format: str
    """What the encoder takes."""
    rate: int
    """Hertz."""
    layout: str = "mono"
    bits: int | None = None
    """Per sample, as decoding it says."""
    options: dict[str, str] = field(default_factory=dict)
    bit_rate: int | None = None
    """Bits a second, where the encoder cannot do without."""


KINDS = (
    Kind("eight.wav", "pcm_u8", "u8", 8000, bits=8),
    Kind("cd.wav", "pcm_s16le", "s16", 44100, "stereo", bits=16),
    Kind("studio.wav", "pcm_s24le", "s32", 96000, "stereo", bits=24),
    Kind("wide.wav", "pcm_s32le", "s32", 48000, bits=32),
    Kind("float.wav", "pcm_f32le", "flt", 48000, bits=32),
    Kind("double.wav", "pcm_f64le", "dbl", 22050, bits=64),
    Kind("exchange.wav", "pcm_mulaw", "s16", 8000, bits=8),
    Kind("apple.aiff", "pcm_s16be", "s16", 44100, bits=16),
    Kind("core.caf", "pcm_s16le", "s16", 44100, bits=16),
    Kind("song.mp3", "libmp3lame", "fltp", 44100, "stereo"),
    Kind("memo.m4a", "aac", "fltp", 44100, "stereo"),
    Kind("bare.aac", "aac", "fltp", 24000),
    Kind("lossless.m4a", "alac", "s16p", 48000, bits=16),
    Kind("cinema.m4a", "aac", "fltp", 48000, "5.1"),
    Kind("old.ogg", "vorbis", "fltp", 44100, "stereo", options={"strict": "-2"}),
    Kind("new.ogg", "libopus", "flt", 48000),
    Kind("browser.webm", "libopus", "flt", 48000),
    Kind("disc.flac", "flac", "s16", 44100, bits=16),
    Kind("high.flac", "flac", "s32", 192_000, "stereo", bits=32),
    Kind("pack.wv", "wavpack", "s16p", 48000, bits=16),
    Kind("windows.wma", "wmav2", "fltp", 44100, "stereo", bit_rate=128_000),
    Kind("phone.amr", "libopencore_amrnb", "s16", 8000, bit_rate=12_200),
)


def kind(name: str) -> Kind:
    return next(each for each in KINDS if each.name == name)


def write(file: Any, what: Kind, *channels: Samples, container: str | None = None) -> None:
    """`channels` at `what.rate`, a single one for all, into a path or an open file."""
    layout = av.AudioLayout(what.layout)
    planes = np.stack(channels if len(channels) > 1 else channels * layout.nb_channels)
    target = str(file) if isinstance(file, Path) else file
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(what.codec, rate=what.rate, layout=what.layout)
        stream.codec_context.format = what.sample_format
        stream.codec_context.options = dict(what.options)
        if what.bit_rate:
            stream.bit_rate = what.bit_rate
        converter = av.AudioResampler(what.sample_format, what.layout, what.rate)
        for frame in [*_frames(planes, what), None]:
            for ready in converter.resample(frame):
                output.mux(stream.encode(ready))
        output.mux(stream.encode(None))


def _frames(planes: Samples, what: Kind) -> list[av.AudioFrame]:
    frames = []
    for start in range(0, planes.shape[1], what.rate):
        part = np.ascontiguousarray(planes[:, start : start + what.rate])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=what.layout)
        frame.sample_rate, frame.time_base = what.rate, Fraction(1, what.rate)
        frame.pts = start
        frames.append(frame)
    return frames

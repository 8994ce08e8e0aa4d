"""Sounds to test with, and ears: decoding any format that Polyvox writes, pitch, level."""

from __future__ import annotations

import io

import av
import numpy as np

from polyvox.domain.audio import Samples

_HEADERLESS = {
    "pcm": ("s16le", {"sample_rate": "24000"}),
    "ulaw": ("mulaw", {"sample_rate": "8000"}),
    "alaw": ("alaw", {"sample_rate": "8000"}),
}
"""What FFmpeg must be told of bytes that do not say it."""


def tone(frequency: float, seconds: float, rate: int, level: float = 0.5) -> Samples:
    """A sine of that many hertz with peaks at `level`."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def voiced(frequency: float, seconds: float, rate: int, level: float = 0.5) -> Samples:
    """Like a sung vowel: harmonics of `frequency` up to 4 kHz, falling, with peaks at `level`."""
    count = int(min(4000, rate / 2.2) // frequency)
    waves = [tone(frequency * n, seconds, rate, 1 / n) for n in range(1, count + 1)]
    sound = np.sum(waves, axis=0)
    return np.asarray(sound * (level / np.abs(sound).max()), np.float32)


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


def pieces(samples: Samples, size: int) -> list[Samples]:
    """`samples` cut into pieces of `size`."""
    return [samples[start : start + size] for start in range(0, len(samples), size)]


def decode(data: bytes, format_name: str) -> tuple[Samples, int]:
    """The samples, and their rate in hertz, of what was encoded in that format."""
    demuxer, options = _HEADERLESS.get(format_name, (None, {}))
    with av.open(io.BytesIO(data), "r", format=demuxer, options=options) as container:
        rate = container.streams.audio[0].rate
        as_float = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [
            part.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for part in as_float.resample(frame)
        ]
    return np.concatenate([np.zeros(0, np.float32), *frames]), rate


def pitch_of(samples: Samples, rate: int) -> float:
    """Hertz, from 60 to 1500: the shortest lag at which the sound repeats itself."""
    spectrum = np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2
    alike = np.fft.irfft(spectrum)[: len(samples)]
    shortest, longest = rate // 1500, rate // 60
    lags = np.arange(max(1, shortest), min(longest, len(samples) - 1))
    peaks = lags[(alike[lags] >= alike[lags - 1]) & (alike[lags] > alike[lags + 1])]
    lag = int(peaks[alike[peaks] > 0.85 * alike[peaks].max()][0])
    before, here, after = alike[lag - 1 : lag + 2]
    return float(rate / (lag + 0.5 * (before - after) / (before - 2 * here + after)))


def level_of(samples: Samples) -> float:
    """Decibels of the root of the mean square, relative to full scale."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))

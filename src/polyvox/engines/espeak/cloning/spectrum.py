"""Sound as short overlapping frames, and their spectra as 40 mel bands in decibels.

Everything the engine measures or changes in a voice lies on this one grid of frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating[Any]]
Spectra = npt.NDArray[np.complex128]
Flags = npt.NDArray[np.bool_]

RATE = 22050
"""Hertz."""
HOP = 220
"""Samples from one frame's middle to the next, just under 10 ms."""
WINDOW = 3 * HOP
"""Samples of a frame; Hann windows a third of their length apart add up to a constant."""
SIZE = 1024
"""Samples of the Fourier transform: a frame, and room for a filter to ring."""
BANDS = 40
_LOWEST, _HIGHEST = 50.0, 7600.0
"""Hertz."""
_FLOOR = 1e-10


def window() -> Numbers:
    """The periodic Hann window of a frame."""
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def framed(samples: Numbers, length: int, hop: int) -> Numbers:
    """(1 + len // hop, length): frame `t` has its middle at sample `t * hop`."""
    padded = np.pad(samples, (length // 2, length - length // 2))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]


def spectra(samples: Numbers) -> Spectra:
    """(frames, SIZE // 2 + 1): the transforms of the frames, windowed."""
    return np.fft.rfft(framed(samples, WINDOW, HOP) * window(), SIZE)


def power(transformed: Spectra) -> Numbers:
    """Of each frame and frequency."""
    powers: Numbers = transformed.real**2 + transformed.imag**2
    return powers


def decibels(powers: Numbers) -> Numbers:
    return np.asarray(10 * np.log10(powers + _FLOOR))


def linear(levels: Numbers) -> Numbers:
    """Powers of levels in decibels."""
    return 10 ** (levels / 10)


def filterbank() -> Numbers:
    """(SIZE // 2 + 1, BANDS): triangles of equal width in mel, each adding up to 1."""
    edges = _hertz(np.linspace(_mel(_LOWEST), _mel(_HIGHEST), BANDS + 2))
    frequencies = np.arange(SIZE // 2 + 1)[:, None] * RATE / SIZE
    rising = (frequencies - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies) / np.diff(edges)[1:]
    triangles = np.maximum(np.minimum(rising, falling), 0)
    nearest = np.round(edges[1:-1] * SIZE / RATE).astype(int)
    for band in np.flatnonzero(triangles.sum(0) == 0):
        triangles[nearest[band], band] = 1
    return np.asarray(triangles / triangles.sum(0), np.float32)


def interpolation() -> Numbers:
    """(BANDS, SIZE // 2 + 1): spreads a value for each band over all frequencies."""
    middles = np.linspace(_mel(_LOWEST), _mel(_HIGHEST), BANDS + 2)[1:-1]
    frequencies = _mel(np.arange(SIZE // 2 + 1) * RATE / SIZE)
    rows = [np.interp(frequencies, middles, each) for each in np.eye(BANDS)]
    return np.array(rows, np.float32)


def cosines(count: int) -> Numbers:
    """(BANDS, count): an orthonormal cosine transform without its constant, as for cepstra."""
    steps = np.arange(1, count + 1) * (2 * np.arange(BANDS)[:, None] + 1)
    return np.asarray(np.cos(np.pi * steps / (2 * BANDS)) * np.sqrt(2 / BANDS), np.float32)


def smooth(values: Numbers, width: int, axis: int) -> Numbers:
    """Averaged with a Hann window of `width` (odd) along `axis`; the edges repeat."""
    weights = np.hanning(width + 2)[1:-1].astype(np.float32)
    weights /= weights.sum()
    rim = [(0, 0)] * values.ndim
    rim[axis] = (width // 2, width // 2)
    padded = np.pad(values, rim, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=axis)
    averaged: Numbers = windows @ weights
    return averaged


def long_term(bands: Numbers) -> Numbers:
    """(BANDS,): the long-term average spectrum of frames in decibels."""
    return decibels(linear(bands).mean(0))


def _mel(hertz: Any) -> Any:
    return 2595 * np.log10(1 + hertz / 700)


def _hertz(mel: Numbers) -> Numbers:
    return 700 * (10 ** (mel / 2595) - 1)


def resynthesized(transformed: Spectra) -> Numbers:
    """Samples from the middle of the first frame to that of the last, by adding them up.

    Filters without phase may ring for (SIZE - WINDOW) / 2 samples before and after each frame.
    """
    ring = (SIZE - WINDOW) // 2
    pieces = np.roll(np.fft.irfft(transformed, SIZE), ring, axis=1)
    before = WINDOW // 2 + ring
    added: Numbers = np.zeros(len(pieces) * HOP + SIZE)
    for index, piece in enumerate(pieces):
        added[index * HOP : index * HOP + SIZE] += piece
    added /= window().sum() / HOP
    return added[before : before + (len(pieces) - 1) * HOP]

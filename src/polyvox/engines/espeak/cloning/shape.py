"""Gives a stream of speech the spectrum of another voice, block by block as it comes.

Each block is filtered with its surroundings in view, so that the sound does not depend on where
the stream is cut. Which gains a frame gets is the mapping's business.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.speech import Word
from polyvox.engines.espeak.cloning.mapping import REACH, Gains, Mapping
from polyvox.engines.espeak.cloning.pitch import strengths
from polyvox.engines.espeak.cloning.spectrum import (
    HOP,
    Numbers,
    decibels,
    filterbank,
    interpolation,
    linear,
    power,
    resynthesized,
    spectra,
)
from polyvox.engines.espeak.presets import Timbre

BLOCK = 20
"""Frames that are filtered at a time, 0.2 s."""
_OVERLAP = 3
"""Frames before and after a block that ring into it."""
_CONTEXT = _OVERLAP + REACH + 3
"""Frames before and after a block that are looked at; the last ones lack a part."""
_VOICED = 0.5
"""Periodicity above which a frame is voiced."""
_ROUNDS, _STEP = 4, 0.8
_GAIN = (-35.0, 24.0)
"""Decibels."""
_LOWEST, _HIGHEST = 50.0, 700.0
"""Hertz."""
_LOUD = 0.8
"""Amplitude above which peaks are rounded."""


class Shaper:
    """Filters blocks of one voice."""

    def __init__(self, gains: Gains, quiet: float, lowest: float, highest: float) -> None:
        """Voiced frames are louder than `quiet`, their pitch between the two, in hertz."""
        self._gains, self._quiet = gains, quiet
        self._lowest, self._highest = lowest, highest
        self._filterbank, self._interpolation = filterbank(), interpolation()

    def stream(self, pieces: Iterator[Samples]) -> Iterator[Samples]:
        """The samples of `pieces` in their new colour, as many as they were."""
        waiting = np.zeros(_CONTEXT * HOP, np.float32)
        length = 0
        for piece in pieces:
            waiting, length = np.concatenate([waiting, piece]), length + len(piece)
            while len(waiting) >= (BLOCK + 2 * _CONTEXT) * HOP:
                yield self._block(waiting[: (BLOCK + 2 * _CONTEXT) * HOP])
                waiting, length = waiting[BLOCK * HOP :], length - BLOCK * HOP
        while length > 0:
            ended = np.pad(waiting, (0, (BLOCK + 2 * _CONTEXT) * HOP))
            yield self._block(ended[: (BLOCK + 2 * _CONTEXT) * HOP])[:length]
            waiting, length = waiting[BLOCK * HOP :], length - BLOCK * HOP

    def _block(self, samples: Numbers) -> Samples:
        """The middle of `samples`, without the context on both sides."""
        transformed = spectra(samples)
        powers = power(transformed)
        bands = decibels(powers @ self._filterbank)
        strength, amplitudes = strengths(samples, self._lowest, self._highest)
        voiced = ((strength > _VOICED) & (amplitudes > self._quiet)).astype(np.float32)
        inner = slice(_CONTEXT - _OVERLAP, _CONTEXT + BLOCK + _OVERLAP + 1)
        wanted = self._gains.of(bands, voiced)[inner]
        gains = self._realised(powers[inner], bands[inner], wanted) @ self._interpolation
        sound = resynthesized(transformed[inner] * 10 ** (gains / 20))
        return rounded(sound[_OVERLAP * HOP : (_OVERLAP + BLOCK) * HOP])

    def _realised(self, powers: Numbers, bands: Numbers, wanted: Numbers) -> Numbers:
        """Gains after which the bands are `wanted` decibels louder.

        That takes rounds, because a voice's harmonics do not lie in the middles of the bands.
        """
        gains = wanted
        for _ in range(_ROUNDS):
            reached = decibels((powers * linear(gains @ self._interpolation)) @ self._filterbank)
            gains = np.clip(gains + _STEP * (bands + wanted - reached), *_GAIN)
        return gains


def shaper(mapping: Mapping, timbre: Timbre, closeness: float) -> Shaper:
    """What gives the engine's sound of `timbre` the spectrum that `mapping` leads to."""
    low, high = timbre.pitch - timbre.spread / 2, timbre.pitch + timbre.spread / 2
    lowest, highest = max(_LOWEST, low / 2), min(_HIGHEST, 3 * high)
    return Shaper(Gains(mapping, closeness), mapping.quiet, lowest, highest)


def rounded(samples: Numbers) -> Samples:
    """`samples` with peaks bent so that they stay within -1 and 1."""
    size = np.abs(samples)
    bent = _LOUD + (1 - _LOUD) * np.tanh((size - _LOUD) / (1 - _LOUD))
    return np.where(size < _LOUD, samples, np.sign(samples) * bent).astype(np.float32)


def shaped(
    chunks: Generator[AudioChunk, None, None], shaper: Shaper
) -> Generator[AudioChunk, None, None]:
    """`chunks` through `shaper`; words come with the sound that completes them."""
    waiting: list[Word] = []
    sample_rate, heard = 0, 0

    def pieces() -> Iterator[Samples]:
        nonlocal sample_rate
        for chunk in chunks:
            sample_rate = chunk.sample_rate
            waiting.extend(chunk.words)
            yield chunk.samples

    with closing(chunks):
        for samples in shaper.stream(pieces()):
            heard += len(samples)
            ended = sum(word.end * sample_rate <= heard for word in waiting)
            yield AudioChunk(samples, sample_rate, tuple(waiting[:ended]))
            del waiting[:ended]
        if waiting:
            yield AudioChunk(np.zeros(0, np.float32), sample_rate, tuple(waiting))

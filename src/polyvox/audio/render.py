"""The way from an engine's chunks to bytes: join, stretch, clean and level, resample, encode.
Runs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from polyvox.audio.effects import Chain, TimeStretch
from polyvox.audio.encode import Encoder, Format
from polyvox.audio.join import Joiner
from polyvox.audio.resample import Resampler
from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.speech import Word


@dataclass(frozen=True)
class Sound:
    """What came out for what was put in."""

    data: bytes
    words: tuple[Word, ...]
    """Times count from the beginning of the stream."""


class Renderer:
    """Renders the segments of one utterance, one after the other, into one stream."""

    def __init__(
        self,
        source_rate: int,
        fmt: Format,
        sample_rate: int,
        stretch: float = 1.0,
        effects: Callable[[int], Chain] | None = None,
        pitch: float = 1.0,
    ) -> None:
        """Chunks come at `source_rate` hertz and leave encoded at `sample_rate`; `stretch` is
        how much faster they leave, at the same pitch, `effects` makes the chain for a rate,
        `pitch` is how much higher they leave, as fast."""
        self._joiner = Joiner(source_rate)
        self._stretch = TimeStretch(stretch, source_rate, pitch)
        self._effects = effects(source_rate) if effects else None
        self._resampler = Resampler(source_rate, sample_rate)
        self._encoder = Encoder(fmt, sample_rate)
        self._speed = stretch

    @property
    def time(self) -> float:
        """Seconds of the stream so far, pauses included."""
        return self._joiner.time / self._speed

    @property
    def sounded(self) -> bool:
        """Whether anything but silence was pushed."""
        return self._joiner.sounded

    def render(self, chunks: Sequence[AudioChunk], pause: float | None, last: bool) -> Sound:
        """The next chunks of the segment. With `pause` the segment is over and that many seconds
        of silence follow; with `last` the utterance is over too."""
        sounds = [self._sound(self._joiner.push(chunk)) for chunk in _joined(chunks)]
        if pause is not None:
            sounds.append(self._sound(self._joiner.end(pause * self._speed)))
        if last:
            sounds.append(self._finish())
        data = b"".join(sound.data for sound in sounds)
        return Sound(data, tuple(word for sound in sounds for word in sound.words))

    def _finish(self) -> Sound:
        rest = self._stretch.finish()
        if self._effects:
            rest = np.concatenate([self._effects.push(rest), self._effects.finish()])
        data = self._encoded(self._resampler.push(rest))
        data += self._encoded(self._resampler.finish())
        return Sound(data + self._encoder.finish(), ())

    def _sound(self, chunk: AudioChunk | None) -> Sound:
        if chunk is None:
            return Sound(b"", ())
        samples = self._stretch.push(chunk.samples)
        if self._effects:
            samples = self._effects.push(samples)
        data = self._encoded(self._resampler.push(samples))
        if self._speed == 1:
            return Sound(data, chunk.words)
        words = tuple(
            replace(word, start=word.start / self._speed, end=word.end / self._speed)
            for word in chunk.words
        )
        return Sound(data, words)

    def _encoded(self, samples: Samples) -> bytes:
        return self._encoder.encode(samples) if len(samples) else b""


def _joined(chunks: Sequence[AudioChunk]) -> Sequence[AudioChunk]:
    """Chunks that came together, as one."""
    if len({chunk.sample_rate for chunk in chunks}) != 1:
        return chunks
    words = tuple(word for chunk in chunks for word in chunk.words)
    samples = np.concatenate([chunk.samples for chunk in chunks])
    return [AudioChunk(samples, chunks[0].sample_rate, words)]

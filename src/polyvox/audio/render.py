"""The way from an engine's chunks to bytes: join, stretch, resample, encode. Runs in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyvox.audio.effects import TimeStretch
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
        self, source_rate: int, fmt: Format, sample_rate: int, stretch: float = 1.0
    ) -> None:
        """Chunks come at `source_rate` hertz and leave encoded at `sample_rate`; `stretch` is
        how much faster they leave, at the same pitch."""
        self._joiner = Joiner(source_rate)
        self._stretch = TimeStretch(stretch, source_rate)
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

    def push(self, chunk: AudioChunk) -> Sound:
        """The next chunk of the segment."""
        return self._sound(self._joiner.push(chunk))

    def end(self, pause: float) -> Sound:
        """The segment is over; `pause` seconds of silence follow."""
        return self._sound(self._joiner.end(pause * self._speed))

    def finish(self) -> Sound:
        """The utterance is over."""
        rest = self._resampler.push(self._stretch.finish())
        data = self._encoded(rest) + self._encoded(self._resampler.finish())
        return Sound(data + self._encoder.finish(), ())

    def _sound(self, chunk: AudioChunk | None) -> Sound:
        if chunk is None:
            return Sound(b"", ())
        data = self._encoded(self._resampler.push(self._stretch.push(chunk.samples)))
        words = tuple(
            replace(word, start=word.start / self._speed, end=word.end / self._speed)
            for word in chunk.words
        )
        return Sound(data, words)

    def _encoded(self, samples: Samples) -> bytes:
        return self._encoder.encode(samples) if len(samples) else b""

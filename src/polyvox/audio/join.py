"""Joins the segments of one utterance into one stream: silence at their edges is cut, pauses come
between them, nothing clicks, and words get their time in the stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import EngineFailed
from polyvox.domain.speech import Word

SILENCE = 10 ** (-60 / 20)
"""Samples up to this size, -60 dB of full scale, are silence."""
LEAD = 0.020
"""Seconds of silence left before the first sound of a segment."""
TAIL = 0.040
"""Seconds of silence left after its last sound."""
FADE = 0.003
"""Seconds over which a segment comes and goes."""


class Joiner:
    """One stream in the making. A segment begins with its first chunk and lasts until `end`.

    What may turn out to be the end of a segment, its last 3 ms and silence beyond TAIL, is held
    back until more sound or `end` comes. Of a segment without sound at most LEAD is left."""

    def __init__(self, sample_rate: int) -> None:
        """`sample_rate` in hertz, of every chunk."""
        self.sample_rate = sample_rate
        self._lead, self._tail = round(LEAD * sample_rate), round(TAIL * sample_rate)
        steps = round(FADE * sample_rate)
        angles = np.arange(1, steps + 1) * (np.pi / 2 / (steps + 1))
        self._ramp = (np.sin(angles) ** 2).astype(np.float32)
        self._given = 0
        self.sounded = False
        """Whether there was a sound in any segment so far."""
        self._begin()

    def _begin(self) -> None:
        """Makes ready for a segment. All that follows is counted in samples."""
        self._start = self._given
        """Where the segment begins in the stream."""
        self._cut = 0
        """How much of the segment's beginning was dropped."""
        self._held: Samples = np.zeros(0, np.float32)
        """What came after that and was not given out yet."""
        self._quiet = 0
        """How much silence there is since the last sound."""
        self._sounding = False
        """Whether there was a sound in the segment."""
        self._words: list[Word] = []
        """Those not given out yet; timed from the segment's start."""

    @property
    def time(self) -> float:
        """Seconds given out so far, pauses included."""
        return self._given / self.sample_rate

    def push(self, chunk: AudioChunk) -> AudioChunk | None:
        """Takes the next chunk of the segment, its words timed from the segment's start, and
        gives the next chunk of the stream, its words timed from the stream's start.

        A word comes out with the sound of its end. Raises EngineFailed when the sample rate is
        not the stream's."""
        if chunk.sample_rate != self.sample_rate:
            raise EngineFailed(
                f"The engine gave {chunk.sample_rate} Hz in a stream of {self.sample_rate} Hz."
            )
        self._words += chunk.words
        self._take(chunk.samples)
        certain = len(self._held) - self._excess() - len(self._ramp)
        if not self._sounding or certain <= 0:
            return None
        return AudioChunk(self._give(certain), self.sample_rate, self._words_so_far())

    def end(self, pause: float) -> AudioChunk | None:
        """Ends the segment: gives what was held back of it, then `pause` seconds of zeros."""
        rest = self._give(len(self._held) - self._excess())
        fade_out = self._ramp[: len(rest)][::-1]
        steady = len(rest) - len(fade_out)
        silence = np.zeros(round(pause * self.sample_rate), np.float32)
        samples = np.concatenate([rest[:steady], rest[steady:] * fade_out, silence])
        words = self._moved(self._words)
        self._given += len(silence)
        self._begin()
        return AudioChunk(samples, self.sample_rate, words) if len(samples) or words else None

    def _take(self, samples: Samples) -> None:
        """Adds to what is held; until there is a sound, no more than the lead stays."""
        loud = np.flatnonzero(np.abs(samples) > SILENCE)
        silent = len(self._held) + (int(loud[0]) if len(loud) else len(samples))
        self._held = np.concatenate([self._held, samples])
        if not self._sounding and silent > self._lead:
            self._held = self._held[silent - self._lead :]
            self._cut += silent - self._lead
        if len(loud):
            self._sounding = self.sounded = True
            self._quiet = len(samples) - 1 - int(loud[-1])
        elif self._sounding:
            self._quiet += len(samples)

    def _excess(self) -> int:
        """How many of the held samples go if the segment ends now."""
        return max(0, self._quiet - self._tail)

    def _give(self, count: int) -> Samples:
        """The first `count` of the held samples, faded in at the segment's start."""
        samples, self._held = self._held[:count], self._held[count:]
        fade_in = self._ramp[self._given - self._start :][:count]
        self._given += count
        if not len(fade_in):
            return samples
        return np.concatenate([samples[: len(fade_in)] * fade_in, samples[len(fade_in) :]])

    def _words_so_far(self) -> tuple[Word, ...]:
        """The words that have ended, on the stream's clock."""
        ended = (self._given - self._start + self._cut) / self.sample_rate
        count = next((i for i, w in enumerate(self._words) if w.end > ended), len(self._words))
        words, self._words = self._words[:count], self._words[count:]
        return self._moved(words)

    def _moved(self, words: list[Word]) -> tuple[Word, ...]:
        """On the stream's clock, and nowhere but where the segment sounds."""
        offset = (self._start - self._cut) / self.sample_rate
        first, last = self._start / self.sample_rate, self.time

        def moved(seconds: float) -> float:
            return min(max(seconds + offset, first), last)

        return tuple(replace(w, start=moved(w.start), end=moved(w.end)) for w in words)

"""The work that every path must do: espeak-ng's samples, at 24 kHz, in a format's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polyvox.audio.encode import Encoder, format_named
from polyvox.audio.resample import Resampler
from polyvox.domain.audio import Samples
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Voice
from polyvox.engines.espeak.engine import Espeak

RATE = 24000
"""Hertz of what is encoded, Polyvox's own default."""
_VOICE = Voice("espeak-female_generic", "female_generic", "espeak", "preset", "female_generic")


def loaded() -> Espeak:
    """The engine, ready to speak."""
    engine = Espeak()
    engine.load("cpu")
    return engine


def spoken(engine: Espeak, text: str) -> Iterator[Samples]:
    """The engine's pieces, in the voice that Polyvox takes when none is named."""
    for chunk in engine.synthesize(Segment(text, "en"), _VOICE, Espeak.Options()):
        yield chunk.samples


def encoded(pieces: Iterable[Samples], source_rate: int, format_name: str) -> Iterator[bytes]:
    """The bytes, as they become ready; for `source_rate` hertz in, with Polyvox's encoder."""
    resampler, encoder = Resampler(source_rate, RATE), Encoder(format_named(format_name), RATE)
    for samples in pieces:
        resampled = resampler.push(samples)
        if len(resampled):
            yield encoder.encode(resampled)
    yield encoder.encode(resampler.finish()) + encoder.finish()


def seconds_of_sound(size: int, format_name: str) -> float:
    """How long `size` bytes sound: mp3 is 64 kbit/s, wav 16 bits a sample."""
    bytes_per_second = {"mp3": 64_000 / 8, "wav": 2 * RATE}
    return size / bytes_per_second[format_name]

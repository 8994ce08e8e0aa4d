"""A real engine that hums: each character of the text is a tenth of a second of a sine tone.

It exists so that everything around an engine can be measured: duration and pitch of what
comes out are known exactly. Its options make it slow, make it fail and make it die.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, InvalidInput
from polyvox.domain.speech import Segment, Word
from polyvox.domain.voice import APPROXIMATE, Design, Reference, Setting, Speaker, Trait, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option

_SECONDS_PER_CHARACTER = 0.1
_FADE = 0.005
"""Seconds of fade at both ends, so that it does not click."""
_PITCHES = {"low": 220.0, "middle": 440.0, "high": 880.0}


class Tone(Synthesizer):
    name = "tone"
    version = "1"
    summary = "Hums instead of speaking, for tests and for trying out a set-up."
    licence = "Apache-2.0"
    requires = ("safetensors>=0.5",)
    languages = ("zh", "en", "ja", "ko", "de", "fr", "ru", "pt", "es", "it")
    speakers = (
        Speaker("middle", "neutral", "hums at 440 Hz"),
        Speaker("low", "male", "hums at 220 Hz"),
        Speaker("high", "female", "hums at 880 Hz"),
    )
    sample_rate = 24000
    max_characters = 200
    parallel = True
    deterministic = True
    likeness = APPROXIMATE
    design_settings: ClassVar[Mapping[str, Setting]] = {
        "pitch": Setting(60, 2000, 440, "Hz", "Height of the hum")
    }

    @dataclass(frozen=True)
    class Options:
        level: float = option(0.5, "Amplitude of the hum.", ge=0.0, le=1.0)
        real_time_factor: float = option(
            0.0, "Seconds of waiting for each second of sound.", ge=0.0, le=10.0
        )
        fail_after: float = option(-1.0, "Raise an error after so many seconds of sound.", ge=-1.0)
        die_after: float = option(-1.0, "End the process after so many seconds of sound.", ge=-1.0)

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        rate = self.sample_rate
        count = round(len(segment.text) * _SECONDS_PER_CHARACTER * rate)
        step = rate // 10
        hum = _hum(count, rate, _pitch_of(voice)) * np.float32(options.level)
        for first in range(0, count, step):
            now = first / rate
            if 0 <= options.fail_after <= now:
                raise EngineFailed(f"asked to fail after {options.fail_after} s")
            if 0 <= options.die_after <= now:
                os._exit(9)
            time.sleep(options.real_time_factor * step / rate)
            yield AudioChunk(
                hum[first : first + step], rate, _words(segment.text, first, step, rate)
            )

    def enroll(self, reference: Reference) -> bytes:
        """A voice that hums at the strongest frequency of the recording."""
        spectrum = np.abs(np.fft.rfft(reference.samples))
        if not spectrum.max(initial=0) > 1:
            raise InvalidInput("Nobody hums in the recording.", param="audio")
        return _state(float(spectrum.argmax()) * reference.sample_rate / len(reference.samples))

    def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """Knows the words low, middle and high."""
        pitch, understood, ignored, position = _PITCHES["middle"], list[Trait](), list[str](), 0
        for word in description.split():
            position = description.index(word, position)
            if word in _PITCHES:
                pitch = _PITCHES[word]
                understood.append(Trait(word, position, position + len(word), "pitch", word))
            else:
                ignored.append(word)
            position += len(word)
        pitch = settings.get("pitch", pitch)
        return Design(_state(pitch), tuple(understood), tuple(ignored), {"pitch": pitch})

    def blend(self, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """A voice that hums at the weighted geometric mean of the pitches."""
        pitches = [_pitch_of(voice) for voice in voices]
        return _state(float(np.exp(np.dot(np.log(pitches), weights))))


def _state(pitch: float) -> bytes:
    from safetensors.numpy import save

    return save({"pitch": np.array([pitch])})


def _pitch_of(voice: Voice) -> float:
    if voice.state is None:
        return _PITCHES[voice.speaker or "middle"]
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return float(load(voice.state)["pitch"][0])
    except (SafetensorError, KeyError, IndexError) as error:
        raise InvalidInput(f"Not a voice state of tone: {error}", param="voice") from error


def _hum(count: int, rate: int, pitch: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    time = np.arange(count, dtype=np.float64) / rate
    edges = np.minimum(time, time[::-1]) / _FADE
    return (np.sin(2 * np.pi * pitch * time) * np.minimum(edges, 1)).astype(np.float32)


def _words(text: str, first: int, step: int, rate: int) -> tuple[Word, ...]:
    """The words whose last character ends within `step` samples after `first`."""
    since, until = first / rate, (first + step) / rate
    found, position = [], 0
    for part in text.split():
        position = text.index(part, position)
        last = position + len(part)
        end = last * _SECONDS_PER_CHARACTER
        if since + 1e-9 < end <= until + 1e-9:
            found.append(Word(part, position * _SECONDS_PER_CHARACTER, end, position, last))
        position = last
    return tuple(found)

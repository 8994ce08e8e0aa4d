"""Speaks any text in more than a hundred languages, with word times, on any machine.

espeak-ng is GPL-3. Its library is loaded only here, in the engine's own process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.espeak.japanese import Reader, Reading
from polyvox.engines.espeak.languages import VOICES, runs
from polyvox.engines.espeak.library import Library
from polyvox.engines.espeak.overlay import overlay
from polyvox.engines.espeak.presets import PRESETS, TIMBRES, variant
from polyvox.engines.espeak.words import Words
from polyvox.engines.options import option

_USUAL_RATE = 175
"""Words a minute at speed 1."""
_PUNCTUATION = {"none": 0, "all": 1}


class Espeak(Synthesizer):
    name = "espeak"
    version = "1.52.0-1"
    summary = "The embedded engine: formant synthesis that needs no model and speaks at once."
    licence = "GPL-3.0-or-later (espeak-ng, in a process of its own); IPADIC for Japanese readings"
    requires = ("espeakng-loader>=0.2.4", "lindera-python-ipadic>=2.2")
    languages = tuple(VOICES)
    speakers = tuple(PRESETS)
    sample_rate = 22050
    max_characters = 500
    parallel = True
    deterministic = True

    @dataclass(frozen=True)
    class Options:
        speed: float = option(1.0, "Pace; 2 is twice as fast.", ge=0.5, le=2.5)
        pitch: int = option(50, "Height of the voice.", ge=0, le=99)
        range: int = option(50, "Liveliness of the melody; 0 is monotone.", ge=0, le=99)
        word_gap: int = option(0, "Pause between words, in hundredths of a second.", ge=0, le=200)
        punctuation: str = option(
            "none", "Punctuation spoken by name.", choices=tuple(_PUNCTUATION)
        )

    def load(self, device: str) -> None:
        import espeakng_loader  # type: ignore[import-untyped]

        variants = {name: variant(name, timbre) for name, timbre in TIMBRES.items()}
        data = overlay(Path(espeakng_loader.get_data_path()), variants)
        self._library = Library(espeakng_loader.get_library_path(), str(data))
        self._reader: Optional[Reader] = None

    def unload(self) -> None:
        del self._library, self._reader

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        heard = 0
        for language, first, last in runs(segment.text, segment.language.lower()):
            text = segment.text[first:last]
            begun = heard / self.sample_rate
            if language == "ja":
                reading = self._read(text)
                spoken = reading.kana
                words = Words(text, first, begun, reading.origin, reading.words)
            else:
                spoken = text
                words = Words(text, first, begun)
            name = f"{VOICES[language]}+{voice.speaker}"
            parameters = _parameters(options, TIMBRES[str(voice.speaker)].level)
            for samples, marks in self._library.speak(spoken, name, parameters, segment.seed):
                heard += len(samples)
                sound = np.divide(samples, 32768, dtype=np.float32)
                yield AudioChunk(sound, self.sample_rate, words.heard(marks))
            rest = words.finish(heard / self.sample_rate - begun)
            if rest:
                yield AudioChunk(np.zeros(0, np.float32), self.sample_rate, rest)

    def _read(self, text: str) -> Reading:
        if self._reader is None:
            self._reader = Reader()
        return self._reader.read(text)


def _parameters(options: Espeak.Options, level: int) -> dict[str, int]:
    return {
        "rate": round(_USUAL_RATE * options.speed),
        "pitch": options.pitch,
        "range": options.range,
        "volume": level,
        "word_gap": options.word_gap,
        "punctuation": _PUNCTUATION[options.punctuation],
    }

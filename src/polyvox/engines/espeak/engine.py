"""Speaks any text in more than a hundred languages, with word times, on any machine.

espeak-ng is GPL-3. Its library is loaded only here, in the engine's own process.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Optional

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.speech import Segment
from polyvox.domain.voice import APPROXIMATE, Design, Reference, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.espeak.blending import blended
from polyvox.engines.espeak.cloning.clone import clone
from polyvox.engines.espeak.cloning.shape import Shaper, shaped, shaper
from polyvox.engines.espeak.cloning.spectrum import RATE
from polyvox.engines.espeak.designing.design import SETTINGS, describe
from polyvox.engines.espeak.japanese import Reader, Reading
from polyvox.engines.espeak.languages import VOICES, accented, nearest, runs
from polyvox.engines.espeak.library import Library
from polyvox.engines.espeak.overlay import Slot, overlay
from polyvox.engines.espeak.presets import PRESETS, TIMBRES, Timbre, variant
from polyvox.engines.espeak.state import Sound, pack, unpack
from polyvox.engines.espeak.words import Words
from polyvox.engines.options import option

_USUAL_RATE = 175
"""Words a minute at speed 1."""
_STORED_VOICES = 16
"""How many are kept ready."""
_PUNCTUATION = {"none": 0, "all": 1}


class Espeak(Synthesizer):
    name = "espeak"
    version = "1.52.0-2"
    summary = "The embedded engine: formant synthesis that needs no model and speaks at once."
    licence = "GPL-3.0-or-later (espeak-ng, in a process of its own); IPADIC for Japanese readings"
    requires = ("espeakng-loader>=0.2.4", "lindera-python-ipadic>=2.2", "safetensors>=0.5")
    languages = tuple(VOICES)
    speakers = tuple(PRESETS)
    sample_rate = RATE
    reference_rate = RATE
    likeness = APPROXIMATE
    design_settings = SETTINGS
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
        closeness: float = option(
            0.5, "How much of the recording's own sound is in a cloned voice.", ge=0, le=1
        )

    def load(self, device: str) -> None:
        import espeakng_loader  # type: ignore[import-untyped]

        variants = {name: variant(name, timbre) for name, timbre in TIMBRES.items()}
        data = overlay(Path(espeakng_loader.get_data_path()), variants)
        self._library = Library(espeakng_loader.get_library_path(), str(data))
        self._reader: Optional[Reader] = None
        self._slot = Slot(data)
        self._stored = lru_cache(maxsize=_STORED_VOICES)(_stored)

    def unload(self) -> None:
        self._slot.clear()
        del self._library, self._reader, self._slot, self._stored

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        if voice.state is None:
            name = str(voice.speaker)
            return self._speak(segment, name, Sound(TIMBRES[name]), options)
        sound, shaper = self._stored(voice.state, options.closeness)
        chunks = self._speak(segment, self._slot.name, sound, options)
        return shaped(chunks, shaper) if shaper else chunks

    def enroll(self, reference: Reference) -> bytes:
        language = nearest(reference.language)
        return pack(clone(reference.samples, language, reference.transcript, self._say))

    def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        made = describe(description, settings)
        state = pack(Sound(made.timbre, made.accent))
        return Design(state, made.understood, made.ignored, made.settings, made.gender)

    def blend(self, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        sounds = [
            Sound(TIMBRES[str(voice.speaker)]) if voice.state is None else unpack(voice.state)
            for voice in voices
        ]
        return pack(blended(sounds, weights))

    def _say(self, text: str, language: str, timbre: Timbre) -> Samples:
        chunks = self._speak(
            Segment(text, language), self._slot.name, Sound(timbre), self.Options()
        )
        nothing = np.zeros(0, np.float32)
        return np.concatenate([nothing, *(chunk.samples for chunk in chunks)])

    def _speak(
        self, segment: Segment, name: str, sound: Sound, options: Options
    ) -> Generator[AudioChunk, None, None]:
        """The library's own sound with the voice variant `name`."""
        heard = 0
        parameters = _parameters(options, sound.timbre.level)
        if name == self._slot.name:
            self._slot.hold(sound.timbre)
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
            speaker = f"{VOICES[accented(language, sound.accent)]}+{name}"
            for samples, marks in self._library.speak(spoken, speaker, parameters, segment.seed):
                heard += len(samples)
                audio = np.divide(samples, 32768, dtype=np.float32)
                yield AudioChunk(audio, self.sample_rate, words.heard(marks))
            rest = words.finish(heard / self.sample_rate - begun)
            if rest:
                yield AudioChunk(np.zeros(0, np.float32), self.sample_rate, rest)

    def _read(self, text: str) -> Reading:
        if self._reader is None:
            self._reader = Reader()
        return self._reader.read(text)


def _stored(state: bytes, closeness: float) -> tuple[Sound, Optional[Shaper]]:
    sound = unpack(state)
    if sound.mapping is None:
        return sound, None
    return sound, shaper(sound.mapping, sound.timbre, closeness)


def _parameters(options: Espeak.Options, level: int) -> dict[str, int]:
    return {
        "rate": round(_USUAL_RATE * options.speed),
        "pitch": options.pitch,
        "range": options.range,
        "volume": level,
        "word_gap": options.word_gap,
        "punctuation": _PUNCTUATION[options.punctuation],
    }

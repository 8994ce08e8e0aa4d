"""GPT-SoVITS, spoken by its own server (`api_v2.py`), which runs beside Polyvox or elsewhere.

A reference is a path on that server: one is named in the settings, and recordings to clone from
are put into a folder that both see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, InvalidInput, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Speaker, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option
from polyvox.engines.remote import guards
from polyvox.engines.remote.http import Answer, Service
from polyvox.engines.remote.prompts import Prompt, Shelf, sealed, unsealed
from polyvox.engines.remote.sound import chunks, wave_stream

_FAILURE = 16000
"""Hertz of the silence that the server answers when it has failed; no model of it has that rate."""
_RATES = (24000, 32000, 48000)
"""Hertz of its models: v3, v1 and v2, v4."""
_KEPT = 16
"""How many states are kept ready."""


class GptSovits(Synthesizer):
    name = "gpt_sovits"
    version = "1"
    summary = "GPT-SoVITS on its own server, with voices cloned from 3 to 10 seconds."
    licence = "Apache-2.0; GPT-SoVITS and its pretrained weights are MIT"
    requires = ("safetensors>=0.5",)
    languages = ("zh", "en", "ja", "ko", "yue")
    speakers = (Speaker("reference", "neutral", "the recording named in the settings"),)
    sample_rate = 32000
    reference_rate = 32000
    max_characters = 300

    @dataclass(frozen=True)
    class Options:
        speed: float = option(1.0, "Pace; 2 is twice as fast.", ge=0.6, le=1.65)
        top_k: int = option(15, "Choices among the likeliest sounds.", ge=1, le=100)
        top_p: float = option(1.0, "Choices among sounds of that probability.", ge=0.01, le=1)
        temperature: float = option(1.0, "Low is more even, high livelier.", ge=0.01, le=2)
        repetition_penalty: float = option(1.35, "Against repeating itself.", ge=1, le=2)
        sample_steps: int = option(32, "Steps of v3 and v4; fewer are faster.", ge=4, le=128)
        text_split_method: str = option(
            "cut5",
            "How its server divides the text; cut5 at every punctuation mark.",
            choices=("cut0", "cut1", "cut2", "cut3", "cut4", "cut5"),
        )
        streaming_mode: int = option(
            2, "0 answers at once, 1 by sentence, 2 and 3 while it speaks.", ge=0, le=3
        )

    @dataclass(frozen=True)
    class Settings:
        base_url: str = option("http://127.0.0.1:9880", "Address of GPT-SoVITS' own server.")
        reference_path: str = option("", "A recording of 3 to 10 s: its path on that server.")
        reference_text: str = option("", "What is said in it; v3 and v4 need it.")
        reference_language: str = option(
            "zh", "Language of what is said in it.", choices=("zh", "en", "ja", "ko", "yue")
        )
        shared_folder: str = option("", "A folder that both see, for clones: its path here.")
        shared_folder_there: str = option("", "Its path on that server; the same if empty.")
        timeout_seconds: float = option(120.0, "How long the server may be silent.", ge=0.1, le=600)
        retries: int = option(2, "How often an absent server is asked again.", ge=0, le=10)

    settings: Settings = Settings()

    def load(self, device: str) -> None:
        given = self.settings
        self._service = Service(
            self.name, given.base_url, {}, "", given.timeout_seconds, given.retries
        )
        self._shelf = Shelf(given.shared_folder, given.shared_folder_there)
        self._stored = lru_cache(maxsize=_KEPT)(unsealed)

    def unload(self) -> None:
        self._service.close()
        self._stored.cache_clear()

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        text = guards.speakable(segment.text, self.max_characters)
        path, prompt = self._prompt(voice)
        asked = asdict(options)
        asked |= {"speed_factor": asked.pop("speed"), "seed": segment.seed % 2**31}
        asked |= {"text": text, "text_lang": segment.language, "media_type": "wav"}
        asked |= {"ref_audio_path": path, "prompt_text": prompt.text}
        asked["prompt_lang"] = prompt.language
        body = json.dumps(asked).encode()
        with self._ask(body) as answer:
            rate, pieces = wave_stream(answer.pieces())
            if rate == _FAILURE:
                raise EngineFailed(
                    "gpt_sovits: the server failed, which it shows by a second of silence; its "
                    "own log says why (often a reference shorter than 3 s or longer than 10 s)."
                )
            if rate not in _RATES:
                raise EngineFailed(f"gpt_sovits: {rate} Hz is no rate of GPT-SoVITS.")
            yield from chunks(pieces, rate, self.sample_rate)

    def enroll(self, reference: Reference) -> bytes:
        """Keeps up to ten seconds of the recording; of more, what is said is not known."""
        self._shelf.demand()
        guards.audible(reference.samples)
        return sealed(reference, self.languages, self.settings.reference_language)

    def _ask(self, body: bytes) -> Answer:
        try:
            return self._service.post("/tts", body)
        except InvalidInput as refused:
            if "tts failed" in refused.message:  # its word for any error of its own
                raise EngineFailed(refused.message) from refused
            raise

    def _prompt(self, voice: Voice) -> tuple[str, Prompt]:
        """Where the reference is on its server, and what is said in it."""
        if voice.state is not None:
            prompt = self._stored(voice.state)
            return self._shelf.place(prompt), prompt
        given = self.settings
        if not given.reference_path:
            raise Unavailable(
                "Setting engines.settings.gpt_sovits.reference_path is empty; it must name a "
                "recording of 3 to 10 s on GPT-SoVITS' own server. Cloned voices do not need it."
            )
        return given.reference_path, Prompt(given.reference_text, given.reference_language)

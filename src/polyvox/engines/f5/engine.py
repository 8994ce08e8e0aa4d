"""Clones a voice from up to 12 s of speech and its transcript, and speaks on in it.

The weights are for non-commercial use. PyTorch and f5-tts are imported when it loads.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import InvalidInput
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Voice
from polyvox.engines.contract import Synthesizer, Weights
from polyvox.engines.f5 import checkpoint
from polyvox.engines.f5.leaving import leaving
from polyvox.engines.f5.network import Network
from polyvox.engines.f5.pieces import laid_over, pieces, sounds
from polyvox.engines.f5.prompt import RATE, Prompt, made_of, pack, unpack
from polyvox.engines.options import option

_CHUNK = RATE // 10
_NOTHING = AudioChunk(np.zeros(0, np.float32), RATE)
_UNREADABLE = "F5 knows none of these letters; it speaks English and Chinese."
_VOICES_KEPT = 16
_SEEDS = 2**63


class F5(Synthesizer):
    name = "f5"
    version = "1.1.22-1"
    summary = "F5-TTS: clones a voice from a short recording and its transcript."
    licence = "MIT (f5-tts, vocos and its weights); weights of F5 CC-BY-NC-4.0, non-commercial"
    requires = (
        "torch>=2.5",
        "torchaudio>=2.5",
        "torchdiffeq>=0.2.4",
        "x-transformers>=1.31.14",
        "transformers==4.57.3",
        "librosa>=0.10",
        "matplotlib>=3.8",
        "pydub==0.25.1",
        "audioop-lts>=0.2; python_version>='3.13'",
        "rjieba>=0.1.11",
        "pypinyin>=0.50",
        "encodec==0.1.1",
        "pyyaml>=6",
        "safetensors>=0.5",
        "--no-deps f5-tts==1.1.22",
        "--no-deps vocos==0.1.0",
    )
    imports = ("torch", "polyvox.engines.f5.packages:load", "safetensors", "yaml")
    separate = True
    environment_gigabytes = 1.8
    models = ("f5-tts",)
    weights: ClassVar[Mapping[str, Weights]] = {"f5-tts": checkpoint.WEIGHTS}
    languages = ("en", "zh")
    speakers = ()
    sample_rate = RATE
    reference_rate = RATE
    max_characters = 135
    deterministic = True
    transcript_needed = True

    @dataclass(frozen=True)
    class Options:
        nfe_step: int = option(
            32, "Steps in which the sound is made; fewer are faster.", ge=4, le=128
        )
        cfg_strength: float = option(
            2.0, "How closely it keeps to the text and the recording.", ge=0, le=10
        )
        sway_sampling_coef: float = option(
            -1.0, "Below 0 early steps are small, above 0 late ones.", ge=-1, le=1.5
        )
        cross_fade_duration: float = option(
            0.15, "Seconds in which pieces of a long text overlap.", ge=0, le=1
        )
        speed: float = option(1.0, "Pace; 2 is twice as fast.", ge=0.3, le=2)

    def load(self, device: str) -> None:
        self._network = Network(*checkpoint.load(self.folder, self.model, device), device)
        self._prepared = lru_cache(maxsize=_VOICES_KEPT)(unpack)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)

    def unload(self) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        self._thread.shutdown()
        del self._network, self._prepared, self._thread
        torch.cuda.empty_cache()

    def enroll(self, reference: Reference) -> bytes:
        prompt = made_of(reference)
        if not self._network.reads(prompt.transcript):
            raise InvalidInput(_UNREADABLE, param="ref_text")
        return pack(prompt)

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        """While it works it yields chunks without samples, so that a cancellation is heard.
        Of a text without a sound it yields nothing."""
        if voice.state is None:
            raise InvalidInput("F5 has no voice of its own; clone one first.", param="voice")
        if segment.language.partition("-")[0].lower() not in self.languages:
            raise InvalidInput(f"F5 does not speak '{segment.language:.20}'.", param="language")
        if sounds(segment.text) and not self._network.reads(segment.text):
            raise InvalidInput(_UNREADABLE, param="input")
        return self._speak(segment, self._prepared(voice.state), options)

    def _speak(
        self, segment: Segment, prompt: Prompt, options: Options
    ) -> Generator[AudioChunk, None, None]:
        import torch

        torch.manual_seed(segment.seed % _SEEDS)
        overlap = round(options.cross_fade_duration * self.sample_rate)
        kept, parts = np.zeros(0, np.float32), pieces(segment.text, prompt, options.speed)
        for index, part in enumerate(parts):
            work = self._network.speaking(
                part,
                prompt,
                nfe_step=options.nfe_step,
                cfg_strength=options.cfg_strength,
                sway_sampling_coef=options.sway_sampling_coef,
                speed=options.speed,
            )
            spoken = yield from leaving(work, _NOTHING, self._thread)
            spoken = laid_over(kept, spoken)
            ready = max(0, len(spoken) - (overlap if index + 1 < len(parts) else 0))
            kept = spoken[ready:]
            for first in range(0, ready, _CHUNK):
                yield AudioChunk(spoken[first : min(first + _CHUNK, ready)], self.sample_rate)

"""Clones a voice from seconds of speech and speaks 17 languages with it, streaming.

The weights are for non-commercial use. PyTorch and coqui-tts are imported when it loads.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, InvalidInput, NotFound, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Voice
from polyvox.engines.contract import Synthesizer, Weights
from polyvox.engines.options import option
from polyvox.engines.xtts import checkpoint
from polyvox.engines.xtts.enrolment import listen
from polyvox.engines.xtts.latents import Latents, Shape, between, pack, unpack
from polyvox.engines.xtts.phrases import LIMITS
from polyvox.engines.xtts.reading import Reader
from polyvox.engines.xtts.speakers import SPEAKERS

_CHUNK = 2400
"""Samples; a tenth of a second."""
_VOICES_KEPT = 16
_SEEDS = 2**63


class Xtts(Synthesizer):
    name = "xtts"
    version = "0.28.0-1"
    summary = "XTTS-v2: clones a voice from seconds of speech, speaks 17 languages, streams."
    licence = "MPL-2.0 (coqui-tts); weights CPML, non-commercial use only"
    requires = (
        "coqui-tts==0.28.0",
        "torch>=2.5",
        "torchaudio>=2.5",
        "torchcodec>=0.7",  # coqui-tts wants to see it, and does not import it
        "six>=1.16",  # coqui-tts imports it and does not ask for it
        "transformers==4.57.3",
        "pypinyin>=0.50",
        "cutlet>=0.4",
        "unidic-lite>=1.0.8",
        "safetensors>=0.5",
    )
    imports = (
        "torch",
        "transformers",
        "polyvox.engines.pytorch:import_torchaudio",
        "TTS.tts.models.xtts",
        "pypinyin",
        "cutlet",
        "safetensors",
    )
    separate = True
    environment_gigabytes = 2.2
    models = ("xtts-v2",)
    weights: ClassVar[Mapping[str, Weights]] = {
        "xtts-v2": Weights(
            source="coqui/XTTS-v2",
            licence="Coqui Public Model License 1.0.0 (CPML)",
            commercial=False,
            gigabytes=1.9,
            files=checkpoint.FILES,
            optional=("speakers_xtts.pth", "LICENSE*"),
        )
    }
    languages = tuple(LIMITS)
    speakers = SPEAKERS
    sample_rate = 24000
    reference_rate = 22050
    max_characters = min(LIMITS[code] for code in LIMITS if code not in ("zh", "ja", "ko"))
    deterministic = True

    @dataclass(frozen=True)
    class Options:
        temperature: float = option(
            0.75, "Liveliness; low is even, high is risky.", ge=0.05, le=1.5
        )
        repetition_penalty: float = option(
            1.5, "Against stretched sounds and stuttering; 1 is none.", ge=1, le=20
        )
        top_p: float = option(
            0.9, "Share of likelihood that the next sound is drawn from.", ge=0.05, le=1
        )
        top_k: int = option(
            60, "Number of sounds that the next one is drawn from; 0 is all.", ge=0, le=1000
        )
        length_penalty: float = option(
            1.2, "Kept with profiles; not heard, since drawn speech has no beams.", ge=-5, le=5
        )
        speed: float = option(1.0, "Pace; 2 is twice as fast.", ge=0.5, le=2)
        stream_chunk_size: int = option(
            20, "Sounds of 46 ms made before each piece is given out.", ge=2, le=200
        )

    def load(self, device: str) -> None:
        self._xtts = checkpoint.load(self.folder, self.model, device)
        arguments = self._xtts.args
        shape = Shape(
            arguments.gpt_max_prompt_tokens,
            arguments.gpt_n_model_channels,
            arguments.d_vector_dim,
        )
        self._reader = Reader(self._xtts.tokenizer, arguments.gpt_max_text_tokens)
        self._presets = checkpoint.speakers(self._xtts, shape)
        rate = arguments.output_sample_rate
        if rate != self.sample_rate:
            raise Unavailable(f"This checkpoint speaks at {rate} Hz; XTTS-v2 at 24000 Hz.")
        self._prepared = lru_cache(maxsize=_VOICES_KEPT)(partial(unpack, shape=shape))

    def unload(self) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        del self._xtts, self._reader, self._presets, self._prepared
        torch.cuda.empty_cache()

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        if segment.language not in LIMITS:
            raise InvalidInput(f"XTTS does not speak '{segment.language:.20}'.", param="language")
        return self._speak(segment, self._latents(voice), options)

    def enroll(self, reference: Reference) -> bytes:
        return pack(listen(self._xtts, reference))

    def blend(self, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        return pack(between([self._latents(voice) for voice in voices], weights))

    def _latents(self, voice: Voice) -> Latents:
        if voice.state is not None:
            return self._prepared(voice.state)
        if voice.speaker not in self._presets:
            raise NotFound(
                f"This checkpoint of XTTS has no speaker '{voice.speaker}': put its "
                "speakers_xtts.pth beside it, or clone a voice.",
                param="voice",
            )
        return self._presets[voice.speaker]

    def _speak(
        self, segment: Segment, latents: Latents, options: Options
    ) -> Generator[AudioChunk, None, None]:
        import torch

        torch.manual_seed(segment.seed % _SEEDS)
        melody = torch.tensor(latents.gpt_cond_latent)
        colour = torch.tensor(latents.speaker_embedding)
        for phrase in self._reader.phrases(segment.text, segment.language):
            stream = self._xtts.inference_stream(
                phrase, segment.language, melody, colour, **asdict(options)
            )
            try:
                for audio in stream:
                    yield from _chunks(audio.cpu().numpy(), self.sample_rate)
            except torch.OutOfMemoryError as error:
                raise EngineFailed("The GPU has too little memory left for XTTS.") from error
            finally:
                stream.close()


def _chunks(samples: Any, rate: int) -> Iterator[AudioChunk]:
    if not np.isfinite(samples).all():
        raise EngineFailed("XTTS made samples that are no numbers; are its weights damaged?")
    clipped = np.clip(samples.astype(np.float32), -1, 1)
    for first in range(0, len(clipped), _CHUNK):
        yield AudioChunk(clipped[first : first + _CHUNK], rate)

"""Qwen3-TTS through qwen-tts: nine speakers, clones and designs in ten languages, streaming.

One model does one of the three; a designed voice is spoken by the design model or, more steadily,
by a clone model. PyTorch and the package are imported when it loads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import ClassVar, Optional, Union

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import InvalidInput, NotFound, PolyvoxError, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.engines.contract import Line, Synthesizer, Weights
from polyvox.engines.options import option
from polyvox.engines.qwen3 import checkpoint
from polyvox.engines.qwen3.codec import Sounding, decode
from polyvox.engines.qwen3.models import CLONE, DESIGN, MODELS, PRESET, refusal
from polyvox.engines.qwen3.quick import quick
from polyvox.engines.qwen3.speakers import LANGUAGES, SPEAKERS
from polyvox.engines.qwen3.state import MOST_FRAMES, State, pack, unpack
from polyvox.engines.qwen3.talker import Sample, Take, Talker
from polyvox.engines.qwen3.wording import Wording, checked_recording

_CHUNK = 3840
"""Samples; 160 ms."""
_VOICES_KEPT = 16
_FRAME_RATE = 12.5
_FEWEST_FRAMES = 7
"""Of a designed voice's sample; half a second."""


class Qwen3(Synthesizer):
    name = "qwen3"
    version = "0.1.1-2"
    summary = "Qwen3-TTS: nine speakers, clones and designed voices in ten languages, streaming."
    licence = "Apache-2.0 (code and weights)"
    requires = (
        "--no-deps qwen-tts==0.1.1",
        "--no-deps faster-qwen3-tts==0.3.2",
        "torch>=2.5.1",
        "transformers==4.57.3",
        "accelerate==1.12.0",
        "librosa>=0.10",
        "soundfile>=0.12",
        "einops>=0.8",
        "safetensors>=0.5",
    )
    imports = (
        "torch",
        "polyvox.engines.qwen3.package:import_package",
        "faster_qwen3_tts",
        "accelerate",
    )
    separate = True
    environment_gigabytes = 1.7
    models = tuple(MODELS)
    weights: ClassVar[Mapping[str, Weights]] = {
        name: model.weights for name, model in MODELS.items()
    }
    abilities: ClassVar[Mapping[str, tuple[str, ...]]] = {
        name: ("synthesize", model.deed) for name, model in MODELS.items()
    }
    also_speaks: ClassVar[Mapping[str, tuple[str, ...]]] = {
        designer: tuple(name for name, each in MODELS.items() if each.kind == CLONE)
        for designer, model in MODELS.items()
        if model.kind == DESIGN
    }
    languages = tuple(LANGUAGES)
    speakers = SPEAKERS
    sample_rate = 24000
    reference_rate = 24000
    max_characters = 400
    max_batch = 32
    deterministic = True

    @dataclass(frozen=True)
    class Options:
        do_sample: bool = option(True, "Whether to draw sounds; else always the likeliest.")
        temperature: float = option(0.9, "Liveliness; low is even, high is risky.", ge=0.05, le=2)
        top_k: int = option(
            50, "Number of sounds that the next one is drawn from; 0 is all.", ge=0, le=3000
        )
        top_p: float = option(
            1.0, "Share of likelihood that the next sound is drawn from.", ge=0.05, le=1
        )
        repetition_penalty: float = option(
            1.05, "Against stretched sounds and stuttering; 1 is none.", ge=1, le=5
        )
        subtalker_dosample: bool = option(True, "As do_sample, for the fine codes of a sound.")
        subtalker_temperature: float = option(
            0.9, "As temperature, for the fine codes of a sound.", ge=0.05, le=2
        )
        subtalker_top_k: int = option(50, "As top_k, for the fine codes of a sound.", ge=0, le=2048)
        subtalker_top_p: float = option(
            1.0, "As top_p, for the fine codes of a sound.", ge=0.05, le=1
        )
        max_new_tokens: int = option(
            2048, "Most sounds of 80 ms in a segment, and one more.", ge=2, le=8192
        )

    @dataclass(frozen=True)
    class Settings:
        precision: str = option(
            "auto",
            "Numbers to calculate with: bfloat16 halves the memory; auto takes it on a GPU.",
            choices=("auto", "float32", "bfloat16"),
        )
        fast: str = option(
            "auto",
            "CUDA graphs for a line that is spoken alone; auto takes them on a GPU.",
            choices=("auto", "yes", "no"),
        )
        fast_positions: int = option(
            1024,
            "Words and sounds that they hold; a longer line gets slower from there.",
            ge=128,
            le=8192,
        )

    settings: Settings = Settings()

    def load(self, device: str) -> None:
        self._package = checkpoint.load(self.folder, self.model, device, self.settings.precision)
        self._codec = self._package.model.speech_tokenizer
        rate = self._codec.get_output_sample_rate()
        if rate != self.sample_rate:
            raise Unavailable(f"This checkpoint speaks at {rate} Hz; Qwen3-TTS at 24000 Hz.")
        wish, positions = self.settings.fast, self.settings.fast_positions
        self._talker = Talker(self._package, quick(self._package.model, wish, positions))
        self._wording = Wording(self._package.processor.tokenizer.all_special_tokens)
        self._stored = lru_cache(maxsize=_VOICES_KEPT)(self._unpack)
        self._samples = lru_cache(maxsize=_VOICES_KEPT)(self._sample)

    def unload(self) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        self._talker.close()
        del self._package, self._codec, self._talker, self._wording, self._stored, self._samples
        torch.cuda.empty_cache()

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        return self._alone(self._take(segment, voice), options)

    def synthesize_batch(
        self, lines: Sequence[Line]
    ) -> Generator[tuple[int, Union[AudioChunk, PolyvoxError, None]], None, None]:
        takes: dict[int, Take] = {}
        for index, line in enumerate(lines):
            try:
                takes[index] = self._take(line.segment, line.voice)
            except PolyvoxError as error:
                yield index, error
        if not takes:
            return
        indices = list(takes)
        spoken = self._speak(list(takes.values()), lines[0].options)
        try:
            for row, chunk in spoken:
                yield indices[row], chunk
        finally:
            spoken.close()

    def enroll(self, reference: Reference) -> bytes:
        if MODELS[self.model].kind != CLONE:
            raise refusal(self.model, CLONE)
        sample = self._listen(reference)
        return pack(State(sample.embedding, sample.codes, sample.text))

    def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        if MODELS[self.model].kind != DESIGN:
            raise refusal(self.model, DESIGN)
        wish = self._wording.instructions(description, "description")
        if not wish:
            raise InvalidInput("Describe the voice in words.", param="description")
        said = self._wording.text(text)
        digest = hashlib.sha256(repr((wish, language, said)).encode()).digest()
        take = Take(said, _language(language), int.from_bytes(digest[:4], "big"), None, wish)
        sampling = asdict(self.Options(max_new_tokens=MOST_FRAMES + 1))
        frames = [frame for _, frame in self._talker.frames([take], sampling) if frame is not None]
        if not _FEWEST_FRAMES <= len(frames) < MOST_FRAMES:
            seconds = len(frames) / _FRAME_RATE
            raise InvalidInput(
                f"Saying the text took {seconds:.1f} s; give one that takes 5 to 15 s.",
                param="text",
            )
        codes = np.stack(frames).astype(np.int16)
        return Design(pack(State(None, codes, said, wish)), (), (), {})

    def _alone(self, take: Take, options: Options) -> Generator[AudioChunk, None, None]:
        spoken = self._speak([take], options)
        try:
            for _, chunk in spoken:
                if chunk is not None:
                    yield chunk
        finally:
            spoken.close()

    def _speak(
        self, takes: Sequence[Take], options: Options
    ) -> Generator[tuple[int, Optional[AudioChunk]], None, None]:
        """The index of a take with its next chunk, or with None at its end."""
        soundings = [
            Sounding(self._codec, take.sample.codes if take.sample else None) for take in takes
        ]
        frames = self._talker.frames(takes, asdict(options))
        try:
            for row, frame in frames:
                sounding = soundings[row]
                samples = sounding.rest() if frame is None else sounding.add(frame)
                for first in range(0, len(samples), _CHUNK):
                    yield row, AudioChunk(samples[first : first + _CHUNK], self.sample_rate)
                if frame is None:
                    yield row, None
        finally:
            frames.close()

    def _take(self, segment: Segment, voice: Voice) -> Take:
        """What the model is told; refuses what it cannot say."""
        stored = None if voice.state is None else self._stored(voice.state)
        kind = MODELS[self.model].kind
        if kind not in _kinds(stored):
            raise refusal(self.model, *_kinds(stored))
        return Take(
            self._wording.text(segment.text),
            _language(segment.language),
            segment.seed,
            self._speaker(voice) if kind == PRESET else None,
            self._instructions(segment, stored),
            self._samples(voice.state) if kind == CLONE else None,
        )

    def _speaker(self, voice: Voice) -> str:
        known = self._package.get_supported_speakers() or []
        if str(voice.speaker).lower() not in known:
            raise NotFound(f"Qwen3-TTS has no speaker '{voice.speaker!s:.40}'.", param="voice")
        return str(voice.speaker)

    def _instructions(self, segment: Segment, stored: Optional[State]) -> Optional[str]:
        """The style in words, after the description of a designed voice."""
        if not MODELS[self.model].takes_instructions:
            return None
        style = self._wording.instructions(segment.instructions or "", "instructions")
        described = stored.description if stored else None
        return "\n".join(filter(None, (described, style))) or None

    def _unpack(self, state: bytes) -> State:
        model = self._package.model.config
        width, codebooks = model.talker_config.hidden_size, model.talker_config.num_code_groups
        return unpack(state, width, codebooks, self._codec.config.decoder_config.codebook_size)

    def _sample(self, state: bytes) -> Sample:
        """What a clone model is given; of a design it is made here, from its spoken sample."""
        stored = self._stored(state)
        if stored.embedding is not None:
            return Sample(stored.embedding, stored.codes, stored.text)
        assert stored.codes is not None
        spoken = decode(self._codec, stored.codes)
        listened = self._listen(Reference(spoken, self.sample_rate))
        return Sample(listened.embedding, stored.codes, stored.text)

    def _listen(self, reference: Reference) -> Sample:
        samples = checked_recording(reference, MOST_FRAMES / _FRAME_RATE)
        said = self._wording.transcript(reference.transcript)
        item = self._package.create_voice_clone_prompt(
            (samples, reference.sample_rate), ref_text=said, x_vector_only_mode=said is None
        )[0]
        embedding = item.ref_spk_embedding.float().cpu().numpy()
        if said is None:
            return Sample(embedding)
        return Sample(embedding, item.ref_code.cpu().numpy().astype(np.int16), said)


def _kinds(stored: Optional[State]) -> tuple[str, ...]:
    """The kinds of model that speak with this voice; with a preset where there is no state."""
    if stored is None:
        return (PRESET,)
    return (CLONE,) if stored.description is None else (DESIGN, CLONE)


def _language(code: str) -> str:
    known = LANGUAGES.get(code.partition("-")[0].lower())
    if known is None:
        raise InvalidInput(f"Qwen3-TTS does not speak '{code:.20}'.", param="language")
    return known

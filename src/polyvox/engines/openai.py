"""Lets any server speak that answers OpenAI's `/v1/audio/speech`: OpenAI, vLLM-Omni,
Kokoro-FastAPI, another Polyvox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any
from uuid import uuid4

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed
from polyvox.domain.speech import Segment
from polyvox.domain.voice import APPROXIMATE, Reference, Speaker, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option
from polyvox.engines.remote import guards
from polyvox.engines.remote.address import Address
from polyvox.engines.remote.guards import secret
from polyvox.engines.remote.http import Answer, Service
from polyvox.engines.remote.sound import bare, chunks, wave_file, wave_stream
from polyvox.engines.remote.spoken_languages import NAMES

_OWN_HOST = "api.openai.com"
"""Takes only the fields of its own documentation."""
_RAW = ("", "application/octet-stream", "binary/octet-stream")
_PLAIN = ("audio/pcm", "audio/l16", "audio/raw", "audio/x-raw")
_WAVE = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")


class OpenAI(Synthesizer):
    name = "openai"
    version = "1"
    summary = "Another server's voices: OpenAI, or any server that answers /v1/audio/speech."
    licence = "Apache-2.0; voices under the terms of the server that speaks"
    requires = ("safetensors>=0.5",)
    languages = tuple(NAMES)
    speakers = (
        Speaker("alloy", "neutral", "OpenAI's alloy, balanced"),
        Speaker("ash", "male", "OpenAI's ash"),
        Speaker("ballad", "male", "OpenAI's ballad"),
        Speaker("coral", "female", "OpenAI's coral"),
        Speaker("echo", "male", "OpenAI's echo"),
        Speaker("fable", "neutral", "OpenAI's fable"),
        Speaker("onyx", "male", "OpenAI's onyx, deep"),
        Speaker("nova", "female", "OpenAI's nova"),
        Speaker("sage", "female", "OpenAI's sage"),
        Speaker("shimmer", "female", "OpenAI's shimmer"),
        Speaker("verse", "male", "OpenAI's verse"),
        Speaker("marin", "female", "OpenAI's marin, the newest with cedar"),
        Speaker("cedar", "male", "OpenAI's cedar, the newest with marin"),
    )
    sample_rate = 24000
    max_characters = 1000
    parallel = True
    likeness = APPROXIMATE

    @dataclass(frozen=True)
    class Options:
        voice: str = option("", "A voice of the other server, by the name it has there.")

    @dataclass(frozen=True)
    class Settings:
        base_url: str = option("https://api.openai.com/v1", "Address up to and with /v1.")
        api_key: str = secret("Key for that address; empty where it wants none.")
        model: str = option("gpt-4o-mini-tts", "Model of the other server.")
        extras: str = option(
            "auto",
            "Whether language, seed and stream are sent, which OpenAI itself does not take; "
            "auto: to every other server.",
            choices=("auto", "yes", "no"),
        )
        timeout_seconds: float = option(60.0, "How long the server may be silent.", ge=0.1, le=600)
        retries: int = option(2, "How often a busy or absent server is asked again.", ge=0, le=10)

    settings: Settings = Settings()

    def load(self, device: str) -> None:
        given = self.settings
        own = Address.of(given.base_url, "engines.settings.openai.base_url").host == _OWN_HOST
        key = guards.key(given.api_key, "engines.settings.openai.api_key", needed=own)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._service = Service(
            self.name, given.base_url, headers, key, given.timeout_seconds, given.retries
        )
        extras = {"auto": not own, "yes": True, "no": False}
        self._extras = extras[given.extras]

    def unload(self) -> None:
        self._service.close()

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        asked: dict[str, Any] = {
            "model": self.settings.model,
            "input": guards.speakable(segment.text, self.max_characters),
            "voice": self._voice(voice, options),
            "response_format": "pcm",
        }
        if segment.instructions:
            asked["instructions"] = segment.instructions
        if self._extras:
            asked |= {"language": NAMES.get(segment.language, "auto")}
            asked |= {"seed": segment.seed % 2**31, "stream": True}
        with self._service.post("/audio/speech", json.dumps(asked).encode()) as answer:
            rate = self.sample_rate
            yield from chunks(_samples(answer, rate), rate, rate)

    def enroll(self, reference: Reference) -> bytes:
        """Makes a custom voice on the other server, where it can."""
        recording = wave_file(guards.audible(reference.samples), reference.sample_rate)
        fields = {"name": f"polyvox-{uuid4().hex[:16]}"}
        if reference.transcript:
            fields["ref_text"] = reference.transcript
        body, media_type = guards.form(fields, "audio_sample", recording)
        with self._service.post("/audio/voices", body, media_type, repeat=False) as answer:
            return guards.sealed(self.name, {"voice": guards.told(self.name, answer.read(), "id")})

    def _voice(self, voice: Voice, options: Options) -> str:
        if voice.state is not None:
            return guards.unsealed(self.name, voice.state)[0].get("voice", "")
        return guards.named(options.voice, "voice") or str(voice.speaker or self.speakers[0].name)


def _samples(answer: Answer, rate: int) -> Iterator[bytes]:
    """Bare samples at `rate`. Raises EngineFailed when the answer is something else."""
    kind = answer.media_type
    if answer.header("Content-Encoding") not in ("", "identity"):
        raise EngineFailed("openai: the server answered compressed bytes.")
    if kind in _WAVE:
        told, pieces = wave_stream(answer.pieces())
    elif kind in _PLAIN or kind in _RAW:
        told, pieces = _told_rate(answer) or rate, bare(answer.pieces())
    else:
        raise EngineFailed(f"openai: the server answered {kind:.60} instead of bare samples (pcm).")
    if told != rate:
        raise EngineFailed(f"openai: the server answered {told} Hz; {rate} Hz were expected.")
    return pieces


def _told_rate(answer: Answer) -> int:
    """Hertz, where the answer's head says so; else 0."""
    head = Message()
    head["Content-Type"] = answer.header("Content-Type") or "audio/pcm"
    told = str(head.get_param("rate") or answer.header("X-Sample-Rate"))
    return int(told) if told.isdecimal() and len(told) < 9 else 0

"""ElevenLabs' voices, over its HTTP interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, InvalidInput, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Speaker, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option
from polyvox.engines.remote import guards
from polyvox.engines.remote.guards import secret
from polyvox.engines.remote.http import Service
from polyvox.engines.remote.sound import bare, chunks, wave_file

_VOICES = {
    Speaker("george", "male", "warm storyteller, British"): "JBFqnCBsd6RMkjVDRZzb",
    Speaker("sarah", "female", "mature, reassuring, American"): "EXAVITQu4vr4xnSDxMaL",
    Speaker("roger", "male", "laid-back, American"): "CwhRBWXzGAHq8TQ4Fs17",
    Speaker("laura", "female", "lively, American"): "FGY2WhTYpPnrIDTdsKH5",
    Speaker("charlie", "male", "confident, Australian"): "IKne3meq5aSn9XLyUdCD",
    Speaker("callum", "male", "husky, American"): "N2lVS1w4EtoT3dr4eOWO",
    Speaker("river", "neutral", "relaxed, American"): "SAz9YHcvj6GT2YYXdXww",
    Speaker("liam", "male", "energetic, American"): "TX3LPaxmHKxFdv7VOQHJ",
    Speaker("alice", "female", "clear, British"): "Xb7hH8MSUJpSbSDYk0k2",
    Speaker("matilda", "female", "knowledgeable, American"): "XrExE9yKIg1WjnnlVkGX",
    Speaker("will", "male", "relaxed, American"): "bIHbv24MWmeRgasZH58o",
    Speaker("jessica", "female", "playful, American"): "cgSgspJ2msm6clMCkdW9",
    Speaker("eric", "male", "smooth, American"): "cjVigY5qzO86Huf0OWal",
    Speaker("chris", "male", "down-to-earth, American"): "iP95p4xoKVk53GoZ742B",
    Speaker("brian", "male", "deep, American"): "nPczCjzI2devNBz1zQrb",
    Speaker("daniel", "male", "steady broadcaster, British"): "onwK4e9ZLuTAKqWW03F9",
    Speaker("lily", "female", "velvety, British"): "pFZP5JQG7iQjIQuC4Bku",
}
"""With the id each has there."""
_IDS = {speaker.name: id for speaker, id in _VOICES.items()}
_MULTILINGUAL, _FLASH, _TURBO, _V3 = (
    "eleven_multilingual_v2",
    "eleven_flash_v2_5",
    "eleven_turbo_v2_5",
    "eleven_v3",
)
_NOT_MULTILINGUAL = ("hu", "no", "vi")
"""Languages that came with the models after it."""


class ElevenLabs(Synthesizer):
    name = "elevenlabs"
    version = "1"
    summary = "ElevenLabs' voices, for those who have an account there."
    licence = "Apache-2.0; voices under ElevenLabs' terms, commercial use with a paid plan"
    requires = ("safetensors>=0.5",)
    models = (_MULTILINGUAL, _FLASH, _TURBO, _V3)
    languages = tuple(
        "en zh ja ko de fr es it pt ru hi ar nl pl sv tr id tl bg ro cs el fi hr ms sk da ta uk "
        "hu no vi".split()
    )
    speakers = tuple(_VOICES)
    sample_rate = 24000
    max_characters = 1000
    parallel = True

    @dataclass(frozen=True)
    class Options:
        voice: str = option("", "Id of any other voice of the account.")
        speed: float = option(1.0, "Pace; 1.2 is the fastest.", ge=0.7, le=1.2)
        stability: float = option(0.5, "Low is livelier, high more even.", ge=0, le=1)
        similarity: float = option(0.75, "Closeness to the voice's recording.", ge=0, le=1)
        style: float = option(0.0, "How much of its style is exaggerated.", ge=0, le=1)
        speaker_boost: bool = option(True, "Closer to the speaker, a little slower.")

    @dataclass(frozen=True)
    class Settings:
        base_url: str = option("https://api.elevenlabs.io", "Address, without /v1.")
        api_key: str = secret("Key of your account.")
        timeout_seconds: float = option(60.0, "How long the server may be silent.", ge=0.1, le=600)
        retries: int = option(2, "How often a busy or absent server is asked again.", ge=0, le=10)

    settings: Settings = Settings()

    def load(self, device: str) -> None:
        given = self.settings
        key = guards.key(given.api_key, "engines.settings.elevenlabs.api_key", needed=True)
        self._service = Service(
            self.name,
            given.base_url,
            {"xi-api-key": key},
            key,
            given.timeout_seconds,
            given.retries,
        )

    def unload(self) -> None:
        self._service.close()

    def synthesize(self, segment: Segment, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        model = self.model or self.models[0]
        text = guards.speakable(segment.text, self.max_characters)
        asked: dict[str, Any] = {
            "text": text,
            "model_id": model,
            "seed": segment.seed % 2**32,
            "voice_settings": _manner(model, options),
        }
        if model != _MULTILINGUAL:
            asked["language_code"] = segment.language
        elif segment.language in _NOT_MULTILINGUAL:
            raise InvalidInput(
                f"Model {model} does not speak '{segment.language}'; {_FLASH} does.",
                param="language",
            )
        path = f"/v1/text-to-speech/{quote(self._voice(voice, options), safe='')}/stream"
        body = json.dumps(asked).encode()
        with self._service.post(f"{path}?output_format=pcm_24000", body) as answer:
            if answer.media_type.startswith("text/") or answer.media_type in _NO_AUDIO:
                raise EngineFailed(f"elevenlabs: {answer.media_type} came instead of audio.")
            yield from chunks(bare(answer.pieces()), self.sample_rate, self.sample_rate)

    def enroll(self, reference: Reference) -> bytes:
        """Makes an instant clone in the account; it stays there until it is deleted there."""
        recording = wave_file(guards.audible(reference.samples), reference.sample_rate)
        fields = {"name": f"polyvox-{uuid4().hex[:16]}"}
        body, media_type = guards.form(fields, "files", recording)
        with self._service.post("/v1/voices/add", body, media_type, repeat=False) as answer:
            said = answer.read()
        state = guards.sealed(self.name, {"voice": guards.told(self.name, said, "voice_id")})
        if json.loads(said).get("requires_verification"):
            raise Unavailable("elevenlabs: the clone waits for you to verify it in your account.")
        return state

    def _voice(self, voice: Voice, options: Options) -> str:
        if voice.state is not None:
            return guards.unsealed(self.name, voice.state)[0].get("voice", "")
        return guards.named(options.voice, "voice") or _IDS[voice.speaker or "george"]


_NO_AUDIO = ("application/json", "audio/mpeg", "audio/mp3")


def _manner(model: str, options: ElevenLabs.Options) -> dict[str, Any]:
    if model == _V3:  # knows three degrees of one setting
        return {"stability": round(options.stability * 2) / 2, "speed": options.speed}
    return {
        "stability": options.stability,
        "similarity_boost": options.similarity,
        "style": options.style,
        "use_speaker_boost": options.speaker_boost,
        "speed": options.speed,
    }

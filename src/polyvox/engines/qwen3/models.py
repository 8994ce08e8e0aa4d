"""The five published models: what each can do, and where its weights are."""

from __future__ import annotations

from dataclasses import dataclass

from polyvox.domain.errors import InvalidInput
from polyvox.engines.contract import Weights

PRESET, CLONE, DESIGN = "custom_voice", "base", "voice_design"
"""Kinds of model, as the package calls them."""

FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "speech_tokenizer/config.json",
    "speech_tokenizer/model.safetensors",
    "speech_tokenizer/preprocessor_config.json",
)
OPTIONAL = ("*.json", "*.jinja", "LICENSE*")
"""Of the tokenizer and of what is said about the model."""
_DEEDS = {
    PRESET: "speaks with the nine presets",
    CLONE: "clones voices",
    DESIGN: "designs voices",
}


@dataclass(frozen=True)
class Model:
    kind: str
    """PRESET, CLONE or DESIGN."""
    size: str
    """As the package writes it: 1b7 or 0b6."""
    source: str
    gigabytes: float
    """On disk, about."""

    @property
    def deed(self) -> str:
        """What it can do besides speaking, as the contract calls it."""
        return {PRESET: "presets", CLONE: "enroll", DESIGN: "design"}[self.kind]

    @property
    def takes_instructions(self) -> bool:
        """Whether the package hands a style in words to it; the small one was not taught any."""
        return self.kind == DESIGN or (self.kind == PRESET and self.size == "1b7")

    @property
    def weights(self) -> Weights:
        return Weights(self.source, "Apache-2.0", True, self.gigabytes, FILES, OPTIONAL)


MODELS = {
    "qwen3-tts-1.7b-preset": Model(PRESET, "1b7", "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice", 4.5),
    "qwen3-tts-0.6b-preset": Model(PRESET, "0b6", "Qwen/Qwen3-TTS-12Hz-0.6B-CustomVoice", 2.5),
    "qwen3-tts-1.7b-voice-clone": Model(CLONE, "1b7", "Qwen/Qwen3-TTS-12Hz-1.7B-Base", 4.5),
    "qwen3-tts-0.6b-voice-clone": Model(CLONE, "0b6", "Qwen/Qwen3-TTS-12Hz-0.6B-Base", 2.5),
    "qwen3-tts-1.7b-voice-design": Model(
        DESIGN, "1b7", "Qwen/Qwen3-TTS-12Hz-1.7B-VoiceDesign", 4.5
    ),
}


def refusal(model: str, *kinds: str) -> InvalidInput:
    """That `model` cannot do what is asked, naming the models of `kinds` that can."""
    able = [name for name, each in MODELS.items() if each.kind in kinds]
    return InvalidInput(
        f"The model '{model}' {_DEEDS[MODELS[model].kind]} and nothing else; for this, ask for "
        f"{' or '.join(able)}.",
        param="model",
    )


def unstyled(model: str) -> InvalidInput:
    """That `model` follows no style in words, naming the models that do."""
    able = [name for name, each in MODELS.items() if each.takes_instructions]
    return InvalidInput(
        f"The model '{model}' follows no style in words: leave `instruct` out, or speak with a "
        f"voice of {' or '.join(able)}.",
        param="instructions",
    )

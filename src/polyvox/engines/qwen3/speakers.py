"""The nine speakers inside the preset models, as their makers describe them, and the languages."""

from __future__ import annotations

from polyvox.domain.voice import Speaker

SPEAKERS = (
    Speaker("Vivian", "female", "bright, young, slightly edgy", "zh"),
    Speaker("Serena", "female", "warm, gentle and young", "zh"),
    Speaker("Uncle_Fu", "male", "seasoned, low and mellow", "zh"),
    Speaker("Dylan", "male", "youthful and clear, from Beijing", "zh"),
    Speaker("Eric", "male", "lively and slightly husky, from Chengdu", "zh"),
    Speaker("Ryan", "male", "dynamic, with a strong rhythm", "en"),
    Speaker("Aiden", "male", "sunny and clear, American", "en"),
    Speaker("Ono_Anna", "female", "playful, light and nimble", "ja"),
    Speaker("Sohee", "female", "warm, with rich emotion", "ko"),
)

LANGUAGES = {
    "zh": "Chinese",
    "en": "English",
    "ja": "Japanese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "ru": "Russian",
    "pt": "Portuguese",
    "es": "Spanish",
    "it": "Italian",
}
"""BCP 47 code to the name that the package knows."""

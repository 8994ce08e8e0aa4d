"""Which script a text is written in, and which languages use that script.
Choosing among those languages is left to `detection`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

LATIN, HAN, KANA, HANGUL = "Latin", "Han", "Kana", "Hangul"

_LETTERS = {
    LATIN: "A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿⱠ-Ɀ꜠-ꟿＡ-Ｚａ-ｚ",
    HAN: "⺀-⿕々〇ㄅ-ㄯ㐀-䶿一-鿿\uf900-\ufaff\U00020000-\U0003ffff",
    KANA: "ぁ-ゖゝ-ヺー-ヿㇰ-ㇿｦ-ﾟ",
    HANGUL: "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb",
    "Cyrillic": "Ѐ-ԯᲀ-ᲈꙀ-ꚟ",
    "Greek": "Ͱ-ͽͿ-Ͽἀ-῾",
    "Arabic": "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Hebrew": "\u05d0-\u05f2\ufb1d-\ufb4f",
    "Devanagari": "\u0900-\u0963\u0970-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Oriya": "\u0b00-\u0b7f",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Myanmar": "\u1000-\u109f\uaa60-\uaa7f",
    "Georgian": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "Armenian": "\u0531-\u0588",
    "Ethiopic": "\u1200-\u139f\u2d80-\u2ddf",
    "Khmer": "\u1780-\u17ff",
    "Mongolian": "\u1820-\u18af",
    "Cherokee": "\u13a0-\u13fd\uab70-\uabbf",
    "Shavian": "\U00010450-\U0001047f",
}

LANGUAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        HAN: ("zh", "yue", "hak", "ja"),
        KANA: ("ja",),
        HANGUL: ("ko",),
        "Cyrillic": (
            "ru",
            "uk",
            "bg",
            "sr",
            "mk",
            "be",
            "kk",
            "ky",
            "tt",
            "ba",
            "cv",
            "tg",
            "mn",
            "nog",
        ),
        "Greek": ("el", "grc"),
        "Arabic": ("ar", "fa", "ur", "sd", "ug", "ps"),
        "Hebrew": ("he", "yi"),
        "Devanagari": ("hi", "mr", "ne", "kok", "sa"),
        "Bengali": ("bn", "as", "bpy"),
        "Gurmukhi": ("pa",),
        "Gujarati": ("gu",),
        "Oriya": ("or",),
        "Tamil": ("ta",),
        "Telugu": ("te",),
        "Kannada": ("kn",),
        "Malayalam": ("ml",),
        "Sinhala": ("si",),
        "Thai": ("th",),
        "Lao": ("lo",),
        "Tibetan": ("bo",),
        "Myanmar": ("my", "shn"),
        "Georgian": ("ka",),
        "Armenian": ("hy", "hyw"),
        "Ethiopic": ("am", "ti"),
        "Khmer": ("km",),
        "Mongolian": ("mn",),
        "Cherokee": ("chr",),
        "Shavian": ("en",),
    }
)
"""Script to the languages written in it, the likeliest first; Latin has all the others."""

_RUNS = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in _LETTERS.items()))
_WIDE = frozenset((HAN, KANA, HANGUL))
_SYLLABLE_WEIGHT = 3
_LEAST_KANA = 0.1


def weights(text: str) -> Counter[str]:
    """How much of `text` is in which script: a letter counts 1, a Han character, kana or Hangul
    syllable 3, as it stands for about three letters. Han counts as Kana where a tenth of both
    together is kana, as in Japanese."""
    found: Counter[str] = Counter()
    for match in _RUNS.finditer(text):
        script = match.lastgroup or LATIN
        weight = _SYLLABLE_WEIGHT if script in _WIDE else 1
        found[script] += weight * (match.end() - match.start())
    if found[KANA] and found[KANA] >= _LEAST_KANA * (found[KANA] + found[HAN]):
        found[KANA] += found.pop(HAN, 0)
    return found


def dominant(text: str) -> str | None:
    """The script that most of `text` is in; None when it has no letters."""
    found = weights(text)
    return max(found, key=found.__getitem__, default=None)


def samples(text: str, size: int) -> dict[str, str]:
    """For each script the beginning of what `text` has of it, about `size` characters, the runs
    joined by spaces. Scripts come in the order of their first letter."""
    runs: dict[str, list[str]] = {}
    taken: Counter[str] = Counter()
    for match in _RUNS.finditer(text):
        script = match.lastgroup or LATIN
        if taken[script] < size:
            runs.setdefault(script, []).append(match.group()[:size])
            taken[script] += match.end() - match.start() + 1
    return {script: " ".join(parts) for script, parts in runs.items()}

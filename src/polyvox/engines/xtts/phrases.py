"""How much XTTS speaks in one go, and how a longer text is cut into phrases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from polyvox.domain.errors import TooLarge

LIMITS = {
    "en": 250,
    "es": 239,
    "fr": 273,
    "de": 253,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "tr": 226,
    "ru": 182,
    "nl": 251,
    "cs": 186,
    "ar": 166,
    "zh": 82,
    "hu": 224,
    "ko": 95,
    "ja": 71,
    "hi": 150,
}
"""Characters by language, beyond which the model is known to leave words out (its tokenizer's)."""
_BREAKS = (
    re.compile(r"(?<=[.!?…।؟])\s+|(?<=[。！？])"),
    re.compile(r"(?<=[,;:،؛])\s+|(?<=[、，；：])"),
    re.compile(r"\s+"),
)
"""Where to cut: the first kind that there is, and of those the place nearest the middle."""


def phrases(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """`text` in pieces that each fit, halved at the best places; nothing but white space is lost.

    Raises TooLarge when a single character does not fit.
    """
    text = text.strip()
    if not text:
        return
    if fits(text):
        yield text
        return
    if len(text) == 1:
        raise TooLarge(f"XTTS cannot speak '{text}'.", param="input")
    place = _cut(text)
    yield from phrases(text[:place], fits)
    yield from phrases(text[place:], fits)


def _cut(text: str) -> int:
    middle = len(text) // 2
    for kind in _BREAKS:
        places = [each.end() for each in kind.finditer(text) if 0 < each.end() < len(text)]
        if places:
            return min(places, key=lambda place: abs(place - middle))
    return middle

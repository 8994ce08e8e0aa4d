"""A text cut into pieces that F5 speaks in one go, and the pieces' sounds laid into each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.engines.f5.prompt import Prompt

_USUAL = 22.0
"""Seconds of recording and speech together for which the package cuts at punctuation."""
_MOST = 30.0
"""Seconds of both that F5 was trained for."""
_LEAST_BYTES = 16


def pieces(text: str, prompt: Prompt, speed: float) -> list[str]:
    """Those pieces of `text` that have a sound, in order; by the package's own rule where there is
    punctuation, else at a space, else anywhere."""
    from f5_tts.infer.utils_infer import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        chunk_text,
    )

    usual, most = (
        max(_LEAST_BYTES, int(prompt.pace * speed * (seconds - prompt.seconds)))
        for seconds in (_USUAL, _MOST)
    )
    found = (part for piece in chunk_text(text, max_chars=usual) for part in _cut(piece, most))
    return [part for part in found if sounds(part)]


def sounds(text: str) -> bool:
    """Whether it holds a letter or a digit."""
    return any(map(str.isalnum, text))


def _cut(text: str, most: int) -> Iterator[str]:
    """`text` in parts of at most `most` bytes."""
    while len(text.encode()) > most:
        head = text.encode()[:most].decode(errors="ignore")
        end = head.rfind(" ") + 1 or len(head)
        yield text[:end].strip()
        text = text[end:].strip()
    yield text


def laid_over(before: Samples, after: Samples) -> Samples:
    """`before` fading into `after`: they overlap by the length of the shorter."""
    length = min(len(before), len(after))
    first, last = len(before) - length, length
    rise = np.linspace(0, 1, length, dtype=np.float32)
    seam = before[first:] * (1 - rise) + after[:last] * rise
    return np.concatenate([before[:first], seam, after[last:]])

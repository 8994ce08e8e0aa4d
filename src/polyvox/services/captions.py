"""What was said when: captions of finished speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from polyvox.domain.errors import InvalidInput
from polyvox.domain.speech import Word
from polyvox.text.captions import cues, to_srt, to_vtt

MEDIA_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json"}


def captions(words: Sequence[Word], text: str, kind: str) -> str | dict[str, Any]:
    """Captions as `srt` or `vtt` text, or as `json` values. Raises InvalidInput for others."""
    shown = cues(words, text)
    if kind == "srt":
        return to_srt(shown)
    if kind == "vtt":
        return to_vtt(shown)
    if kind == "json":
        return {"words": [asdict(word) for word in words], "cues": [asdict(cue) for cue in shown]}
    raise InvalidInput(
        f"Captions come as {', '.join(MEDIA_TYPES)}; not as {kind!r:.40}.", param="captions_format"
    )

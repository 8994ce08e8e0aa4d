"""What may be said to the model, and what it may be shown: text without the model's own marks, of
a length it takes, and recordings in which somebody speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput, NothingToSpeak, TooLarge
from polyvox.domain.voice import Reference
from polyvox.engines.qwen3.state import MOST_CHARACTERS

_LONGEST_TEXT = 2000
"""Characters that it can say in one go; beyond that it loses its thread."""
_SHORTEST_REFERENCE = 0.5
"""Seconds."""
_SILENCE = 1e-3
"""Root mean square below which nobody speaks."""


class Wording:
    """Words as the model may read them."""

    def __init__(self, marks: Iterable[str]) -> None:
        """`marks` are the tokenizer's own, such as those that begin and end what is said."""
        self._marks = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))))

    def text(self, text: str) -> str:
        """Something to say."""
        if len(text) > _LONGEST_TEXT:
            raise TooLarge(f"The segment is longer than {_LONGEST_TEXT} characters.", param="input")
        plain = self._plain(text)
        if not any(map(str.isalnum, plain)):
            raise NothingToSpeak("There is nothing to say in the text.", param="input")
        return plain

    def instructions(self, words: str, param: str) -> Optional[str]:
        """A style or a description; None when it says nothing."""
        if len(words) > MOST_CHARACTERS:
            raise TooLarge(f"More than {MOST_CHARACTERS} characters of {param}.", param=param)
        plain = self._plain(words)
        return plain if any(map(str.isalnum, plain)) else None

    def transcript(self, words: Optional[str]) -> Optional[str]:
        """What is said in a reference; None when it is not known."""
        return self.instructions(words or "", "transcript")

    def _plain(self, text: str) -> str:
        return self._marks.sub(" ", text).strip()


def checked_recording(reference: Reference, longest: float) -> Samples:
    """Its samples; raises InvalidInput when nobody can be heard in it, or for over `longest`
    seconds."""
    samples = np.ascontiguousarray(reference.samples, np.float32)
    seconds = len(samples) / reference.sample_rate
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise InvalidInput("The recording holds samples that are no numbers.", param="audio")
    if seconds < _SHORTEST_REFERENCE:
        raise InvalidInput("The recording is shorter than half a second.", param="audio")
    if seconds > longest:
        raise InvalidInput(
            f"The recording is {seconds:.0f} s long; {longest:.0f} s are the most, and 5 to 15 s "
            "make the best clones.",
            param="audio",
        )
    if np.sqrt(np.mean(np.square(samples))) < _SILENCE:
        raise InvalidInput("Nobody speaks in the recording.", param="audio")
    return samples

"""From a text to the phrases that XTTS can speak, as the package's own tokenizer judges."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from polyvox.domain.errors import Unavailable
from polyvox.engines.xtts.numbers import readable
from polyvox.engines.xtts.phrases import LIMITS, phrases


class Reader:
    """The tokenizer of a loaded checkpoint."""

    def __init__(self, tokenizer: Any, tokens: int) -> None:
        """`tokens` is how many the model takes, and one."""
        self._tokenizer = tokenizer
        self._tokens = tokens

    def phrases(self, text: str, language: str) -> Iterator[str]:
        """In order; none that is silent once the package has cleaned it."""
        clean = partial(self._clean, language=language)
        self._check(language)
        fits = partial(self._fits, language=language)
        for phrase in phrases(readable(text, language, clean), fits):
            if any(each.isalnum() for each in clean(phrase)):
                yield phrase

    def _fits(self, phrase: str, language: str) -> bool:
        if len(phrase) > LIMITS[language]:
            return False
        return len(self._tokenizer.encode(phrase.lower(), lang=language)) < self._tokens

    def _clean(self, text: str, language: str) -> str:
        return str(self._tokenizer.preprocess_text(text.strip().lower(), language))

    def _check(self, language: str) -> None:
        """Raises Unavailable where the package lacks what it reads the language with."""
        try:
            self._clean("", language)
        except ImportError as error:
            raise Unavailable(
                f"Text in '{language}' needs a package that is not installed: {error}. "
                "Install the engine again: `polyvox engines install xtts`."
            ) from error

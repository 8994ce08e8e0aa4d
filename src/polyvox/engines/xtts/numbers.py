"""Numbers that the package cannot read, written so that it can: very large ones, ordinals at the
end of a Czech sentence, and every number in Hindi."""

from __future__ import annotations

import re
from collections.abc import Callable

from polyvox.domain.errors import InvalidInput

UNREADABLE = (NotImplementedError, OverflowError, KeyError)
"""What the package raises at a number for which it has no words."""
_NUMBER = re.compile(r"\S*[0-9]\S*")
_DIGIT = re.compile(r"[0-9]")
_END_OF_DIGITS = re.compile(r"(?<=[0-9])(?=[^0-9])")
_HINDI = ("शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ")


def readable(text: str, language: str, clean: Callable[[str], str]) -> str:
    """`text` with each number that `clean` refuses apart from its point, or digit by digit.

    Raises InvalidInput for one that cannot be read even so.
    """

    def read(found: re.Match[str]) -> str:
        number = found[0]
        for written in (
            number,
            _END_OF_DIGITS.sub(" ", number),
            _spelled(number, language),
        ):
            if _reads(written, clean):
                return written
        raise InvalidInput(
            f"XTTS cannot read '{number:.40}' in this language: write it in words.", param="input"
        )

    return _NUMBER.sub(read, text)


def _spelled(number: str, language: str) -> str:
    digits = _HINDI if language == "hi" else "0123456789"
    apart = _DIGIT.sub(lambda digit: f" {digits[int(digit[0])]} ", number)
    return " ".join(apart.split())


def _reads(written: str, clean: Callable[[str], str]) -> bool:
    try:
        clean(written)
    except UNREADABLE:
        return False
    return True

"""Kanji to kana, because espeak-ng knows only kana. Keeps where each character came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_ATTACHED = ("助詞", "助動詞", "記号")
_ATTACHED_KINDS = ("接尾", "非自立")
_CLASS, _KIND, _PRONUNCIATION = 0, 1, 8


@dataclass(frozen=True)
class Reading:
    """A text in kana, phrases set apart by spaces."""

    kana: str
    origin: list[int]
    """For each character of `kana`, the index in the text of the word it stands for."""
    words: list[tuple[int, int]]
    """First and after-last index of each word in the text."""


class Reader:
    """Reads Japanese aloud in kana, phrase by phrase."""

    def __init__(self) -> None:
        import lindera  # type: ignore[import-untyped]

        self._tokenizer = lindera.Tokenizer(lindera.load_dictionary("embedded://ipadic"))

    def read(self, text: str) -> Reading:
        kana: list[str] = []
        origin: list[int] = []
        words: list[tuple[int, int]] = []
        position = 0
        for token in self._tokenizer.tokenize(text):
            position = text.index(token.surface, position)
            if kana and not _attached(token.details) and kana[-1] != " ":
                kana.append(" ")
                origin.append(position)
            spoken = _spoken(token)
            kana.extend(spoken)
            origin.extend([position] * len(spoken))
            last = position + len(token.surface)
            if token.surface[0].isalnum():
                words.append((position, last))
            position = last
        return Reading("".join(kana), origin, words)


def _attached(details: list[str]) -> bool:
    """Whether a word leans on the one before it (particles, endings, punctuation)."""
    return details[_CLASS] in _ATTACHED or (
        len(details) > _KIND and details[_KIND] in _ATTACHED_KINDS
    )


def _spoken(token: Any) -> str:
    details = token.details
    known = len(details) > _PRONUNCIATION and details[_PRONUNCIATION] != "*"
    return str(details[_PRONUNCIATION] if known else token.surface).replace("ヲ", "オ")

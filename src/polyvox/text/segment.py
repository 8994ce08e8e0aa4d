"""Divides a text into the pieces that an engine speaks one after another, with the silences
between them and the way back from each character to the text as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import category

from polyvox.domain.errors import NothingToSpeak
from polyvox.text.language import AUTO, detect, resolve
from polyvox.text.language.mixture import attribute, readers
from polyvox.text.language.scripts import dominant
from polyvox.text.markup import Pause, find_pauses, without_pauses
from polyvox.text.normalize import tidy, untouched
from polyvox.text.spans import SENTENCE_PAUSE, Span, cut, find_sentences, pack

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Piece:
    """What an engine is given to speak in one go, and the silence that follows."""

    text: str
    """Not longer than the limit, except for one indivisible character. Empty where a text begins
    with a pause."""
    language: str
    """An entry of `supported`."""
    positions: Sequence[int]
    """For each character its index in the original text, strictly increasing, and one more: the
    index after the last one."""
    pause: float
    """Seconds of silence after it."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing to speak in it (no letter, number or symbol): only its pause
        is heard."""
        return not speakable(self.text)


def speakable(text: str) -> bool:
    """Whether there is a letter, a number or a symbol (Unicode's L, N, S) in `text`."""
    if _LETTER_OR_DIGIT.search(text):
        return True
    return any(category(each)[0] == "S" for each in set(text))


def divide(
    text: str,
    *,
    language: str,
    supported: Sequence[str],
    limit: int,
    default: str = "en",
    normalize: bool = True,
) -> list[Piece]:
    """The pieces of `text`, of at most `limit` characters each, in order.

    `language` is a code, an English name or "auto"; with "auto" each sentence whose script
    decides is spoken in that script's language, all Latin script in one, and `default` where
    nothing decides. Sentences of a paragraph share a piece as far as they fit and share a
    language. Nothing but white space at a piece's edges and pause markup is left out; white space
    inside a piece is given as plain spaces. A written pause takes the place of the usual one;
    after the last piece there is only a written one, or the usual one where nothing can be spoken.
    Raises InvalidInput for an unsupported language (param "language") and for pauses that are too
    long, NothingToSpeak for a blank text (both param "input").
    """
    limit = max(limit, 1)
    chosen = resolve(language, supported)
    tidied = tidy(text) if normalize else untouched(text)
    plain_text = tidied.text
    pauses = find_pauses(plain_text)
    words = without_pauses(plain_text) if pauses else plain_text
    if not plain_text.strip():
        raise NothingToSpeak("There is nothing to speak: the text is blank.", param="input")
    if chosen == AUTO:
        sentences = _in_their_languages(plain_text, pauses, words, supported, default)
    else:
        found = find_sentences(plain_text, pauses, lambda paragraph: chosen)
        sentences = [replace(each, language=chosen) for each in found]
    pieces = [
        Piece(
            text=re.sub(r"\s", " ", plain_text[span.first : span.last]),
            language=span.language,
            positions=tidied.positions[span.first : span.last + 1],
            pause=span.pause,
        )
        for span in pack(cut(plain_text, sentences, limit), limit)
    ]
    if all(piece.silent and not piece.pause for piece in pieces):
        pieces[-1] = replace(pieces[-1], pause=SENTENCE_PAUSE)
    return pieces


def _in_their_languages(
    text: str, pauses: Sequence[Pause], words: str, supported: Sequence[str], default: str
) -> list[Span]:
    """The sentences of `text`, each with the language that its script decides; `words` is the
    text without markup."""
    reading = readers(words, supported, default)
    otherwise = reading.get(dominant(words) or "") or detect(words, supported, default)

    def language_of(paragraph: str) -> str:
        return reading.get(dominant(paragraph) or "", otherwise)

    spans = list(find_sentences(text, pauses, language_of))
    languages = attribute([text[each.first : each.last] for each in spans], reading, otherwise)
    return [
        replace(span, language=language) for span, language in zip(spans, languages, strict=True)
    ]

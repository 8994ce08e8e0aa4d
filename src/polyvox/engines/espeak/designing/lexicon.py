"""The words of a language that describe a voice, read from its file in `lexicons`.

A file has lines "what they mean: words, separated, by commas"; `lexicons/README.md` says more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import product

from polyvox.engines.espeak.designing.meanings import DEGREES, MEANINGS

LANGUAGES = ("en", "zh", "ja", "ko", "de", "fr", "ru", "pt", "es", "it")

MEANS, DEGREE, DEGREE_AFTER = "means", "degree", "degree after"
NOT, NOT_AFTER, SILENT, UNKNOWN = "not", "not after", "silent", "unknown"
YEARS, ACCENT = "years", "accent"

_PLAIN = (NOT, NOT_AFTER, SILENT, UNKNOWN, YEARS, ACCENT)
_ENDINGS = {"adjectives": "-", "nouns": "~"}
_EACH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3々"
_MARK = "[\u0300-\u036f]"
_TOKEN = re.compile(rf"[{_EACH}]|\d+|(?:[^\W\d_{_EACH}]{_MARK}*)+")


@dataclass(frozen=True)
class Sense:
    """What a phrase of a lexicon does."""

    role: str
    """means, degree, degree after, not, not after, silent, unknown, years or accent."""
    meanings: tuple[str, ...] = ()
    """Names in `MEANINGS`, where the role is "means"."""
    degree: str = ""
    """A name in `DEGREES`, or empty."""


Phrase = tuple[str, ...]
"""Words as `plain` or `bare` leaves them."""
Lexicon = Mapping[str, tuple[tuple[Phrase, Sense], ...]]
"""The phrases that begin with a word, the longest first."""


def tokens(text: str) -> Iterator[tuple[int, int]]:
    """First and after-last index of the words of `text`.

    In scripts without spaces, and in Korean, each character is one.
    """
    for match in _TOKEN.finditer(text):
        yield match.span()


def plain(word: str) -> str:
    """`word` without capitals, in composed characters."""
    return unicodedata.normalize("NFC", word.casefold())


def bare(word: str) -> str:
    """`word` without capitals and, in alphabets, without accents."""
    if is_each(word):
        return plain(word)
    apart = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def is_each(word: str) -> bool:
    """Whether `word` is of a script in which each character is a word here."""
    return bool(re.match(f"[{_EACH}]", word))


def phrase(text: str) -> Phrase:
    """The words of `text`, plain."""
    return tuple(plain(text[first:last]) for first, last in tokens(text))


def read(language: str) -> Lexicon:
    """The lexicon of one of `LANGUAGES`."""
    folder = files("polyvox.engines.espeak.designing") / "lexicons"
    return parse((folder / f"{language}.txt").read_text(encoding="utf-8"))


def parse(text: str) -> Lexicon:
    """The lexicon that a file's text describes.

    Raises ValueError for a meaning that does not exist, and for words that have two.
    """
    endings: dict[str, list[str]] = {}
    senses: dict[Phrase, Sense] = {}
    for name, entries in _lines(text):
        if name in _ENDINGS:
            endings[_ENDINGS[name]] = [entry.strip("0") for entry in entries]
            continue
        sense = _sense(name)
        for spelling in (each for entry in entries for each in _forms(entry, endings)):
            if senses.setdefault(phrase(spelling), sense) != sense:
                raise ValueError(f"'{spelling}' has two meanings, one is '{name}'")
    for words, sense in list(senses.items()):
        senses.setdefault(tuple(bare(word) for word in words), sense)
    return _by_first_word(senses)


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    """Names and entries; an indented line continues the one before it."""
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(kept).replace("\n ", " ").splitlines():
        name, _, entries = line.partition(":")
        yield name.strip(), [entry.strip() for entry in entries.split(",") if entry.strip()]


def _sense(name: str) -> Sense:
    """What a line's name stands for: a role, a degree, or meanings with or without a degree."""
    if name in _PLAIN:
        return Sense(name)
    degree, _, rest = name.partition(" ")
    if degree not in DEGREES:
        degree, rest = "", name
    if degree and rest in ("", "after"):
        return Sense(DEGREE_AFTER if rest else DEGREE, degree=degree)
    meanings = tuple(each.strip() for each in rest.split("+"))
    for each in meanings:
        if each not in MEANINGS:
            raise ValueError(f"No meaning is called '{each}'")
    return Sense(MEANS, meanings, degree)


def _forms(entry: str, endings: Mapping[str, list[str]]) -> Iterator[str]:
    """All spellings of an entry; a mark at the end of a word stands for its endings."""
    words = [
        [word[:-1] + ending for ending in endings[word[-1]]] if word[-1] in endings else [word]
        for word in entry.split()
    ]
    return (" ".join(chosen) for chosen in product(*words))


def _by_first_word(senses: Mapping[Phrase, Sense]) -> Lexicon:
    lexicon: dict[str, list[tuple[Phrase, Sense]]] = {}
    for words, sense in sorted(senses.items(), key=lambda item: -len(item[0])):
        lexicon.setdefault(words[0], []).append((words, sense))
    return {first: tuple(phrases) for first, phrases in lexicon.items()}

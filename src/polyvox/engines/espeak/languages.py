"""Which of espeak-ng's voices speaks which language, and which language a script belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

_SAME = (
    "af am an ar as az ba be bg bn bpy bs ca cs cv cy da de el eo es es-419 et eu fa fi fr-be "
    "fr-ch ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kk kl kn ko "
    "kok ku ky la lb lfn lt ltg lv mi mk ml mr ms mt mto my nb nci ne nl nog om or pa pap pl pt "
    "pt-br py qdb qu quc qya ro ru si sd shn sjn sk sl smj sq sr sv sw ta te th ti tk tn tr tt ug "
    "uk ur uz vi yue en-029 en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-us-nyc piqd ru-cl "
    "ru-lv vi-vn-x-central vi-vn-x-south ca-ba ca-nw ca-va fa-latn en-shaw"
).split()

VOICES = {
    "zh": "cmn",
    "en": "en-us",
    "en-us": "en-us",
    "en-gb": "en-gb-x-rp",
    "fr": "fr",
    "no": "nb",
    "zh-latn-pinyin": "cmn-latn-pinyin",
    "chr": "chr",
    **{code: code for code in _SAME},
}
"""Language code in lower case to espeak-ng's name for the voice that speaks it."""

_SCRIPTS = {
    "zh": r"\u2E80-\u2FDF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF",
    "ja": r"\u3040-\u30FF\u31F0-\u31FF\uFF66-\uFF9F",
    "ko": r"\u1100-\u11FF\u3130-\u318F\uAC00-\uD7FF",
    "ru": r"\u0400-\u052F",
    "el": r"\u0370-\u03FF\u1F00-\u1FFF",
    "ar": r"\u0600-\u06FF\u0750-\u077F\uFB50-\uFDFF\uFE70-\uFEFF",
    "he": r"\u0590-\u05FF",
    "hi": r"\u0900-\u097F",
    "bn": r"\u0980-\u09FF",
    "pa": r"\u0A00-\u0A7F",
    "gu": r"\u0A80-\u0AFF",
    "or": r"\u0B00-\u0B7F",
    "ta": r"\u0B80-\u0BFF",
    "te": r"\u0C00-\u0C7F",
    "kn": r"\u0C80-\u0CFF",
    "ml": r"\u0D00-\u0D7F",
    "si": r"\u0D80-\u0DFF",
    "th": r"\u0E00-\u0E7F",
    "my": r"\u1000-\u109F",
    "ka": r"\u10A0-\u10FF\u2D00-\u2D2F",
    "hy": r"\u0530-\u058F",
    "am": r"\u1200-\u139F",
    "en": r"A-Za-z\u00C0-\u024F\u1E00-\u1EFF",
}
"""Letters of a script, under the language that reads them when nothing else is known."""

_ALSO = {
    "zh": ("ja", "yue", "hak"),
    "ja": ("ja",),
    "ru": tuple("ba be bg bs cv kk ky mk nog ru-cl ru-lv sr tk tt uk uz".split()),
    "el": ("grc",),
    "ar": tuple("fa ku sd ug ur".split()),
    "hi": tuple("kok mr ne".split()),
    "bn": tuple("as bpy".split()),
    "hy": ("hyw",),
    "am": ("ti",),
    "my": ("shn",),
}
"""Other languages that read the script themselves."""

_NOT_LATIN = frozenset(_SCRIPTS) - {"en"} | {
    code for codes in _ALSO.values() for code in codes if code not in ("bs", "tk", "uz", "ku")
}
_READS_LATIN_TOO = frozenset(("zh", "yue", "hak", "ja", "ko"))
_RUNS = re.compile("|".join(f"(?P<{code}>[{letters}]+)" for code, letters in _SCRIPTS.items()))


def runs(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    """`text` cut where another language must take over: (language, first, last) without gaps.

    `language` keeps what its own speakers read, and everything without letters.
    """
    first, current = 0, language
    for match in _RUNS.finditer(text):
        reader = _reader(match.lastgroup or "en", language)
        if reader != current:
            if match.start() > first:
                yield current, first, match.start()
                first = match.start()
            current = reader
    if first < len(text):
        yield current, first, len(text)


def nearest(language: Optional[str]) -> Optional[str]:
    """The code among `VOICES` for a BCP 47 code, without its region if need be."""
    code = (language or "").lower()
    return next((each for each in (code, code.split("-")[0]) if each in VOICES), None)


def accented(language: str, accent: Optional[str]) -> str:
    """`accent` where it is one of `language`, or else `language`."""
    alike = accent is not None and accent.split("-")[0] == language.split("-")[0]
    return accent if accent is not None and alike else language


def _reader(script: str, language: str) -> str:
    """Who reads a script inside a text of `language`."""
    family = language.split("-")[0]
    if language == "en-shaw" or script == family or language in _ALSO.get(script, ()):
        return language
    if script == "en" and (family not in _NOT_LATIN or family in _READS_LATIN_TOO):
        return language
    return script

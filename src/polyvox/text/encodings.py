"""Text from bytes whose encoding nobody named."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from contextlib import suppress

from charset_normalizer import from_bytes

from polyvox.domain.errors import UnsupportedMedia
from polyvox.text.language import detect

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = ("cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1250", "cp1252")
"""What plain text was written in before UTF-8, in the languages that are read most."""
_CENTRAL = ("pl", "cs", "sk", "hu", "hr", "sl", "ro", "sq", "bs")
"""Languages of Windows-1250, which shares most of its letters with Windows-1252."""
_WESTERN = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "is", "ca", "id")
_SIXTEEN = ("utf-16-le", "utf-16-be")
_SAMPLE = 4000
_LIKE_EUC_JP = ("cp949", "gb18030", "big5")
_HIRAGANA = re.compile("[\u3041-\u3096]")


def decoded(data: bytes) -> str:
    """`data` as text: by its byte order mark, as UTF-8, as UTF-16, or in the older encoding that
    fits best, told apart by charset-normalizer and, within Latin script, by the language that
    comes out. Raises UnsupportedMedia for what is no text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _readable(_strict(data, name))
    if b"\0" not in data:
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8")
    return _readable(_strict(data, _sixteen_bits(data) or _legacy(data)))


def _legacy(data: bytes) -> str:
    best = from_bytes(data, cp_isolation=list(_LEGACY)).best()
    if best is None:
        raise _no_text()
    if best.encoding in _LIKE_EUC_JP and _is_euc_jp(data):
        return "euc_jp"
    return _latin(data) if best.encoding in ("cp1250", "cp1252") else best.encoding


def _is_euc_jp(data: bytes) -> bool:
    """Its hiragana are loose letters of Hangul in the Korean encoding and hiragana in the Chinese
    one, both of which hardly occur there."""
    try:
        text = data.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return len(_HIRAGANA.findall(text)) > len(text) // 8


def _latin(data: bytes) -> str:
    """Windows-1250 or Windows-1252: whichever makes words of the lines that are not ASCII."""
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    try:
        central = detect(telling.decode("cp1250"), _CENTRAL + _WESTERN) in _CENTRAL
    except UnicodeDecodeError:
        return "cp1252"
    return "cp1250" if central else "cp1252"


def _sixteen_bits(data: bytes) -> str | None:
    """UTF-16 without a mark shows by its spaces, line ends and ideographic full stops and commas:
    no other text has their control characters."""
    if len(data) % 2:
        return None
    pairs = Counter(data[place : place + 2] for place in range(0, min(len(data), _SAMPLE), 2))
    little, big = (sum(pairs[each.encode(name)] for each in " \n。、") for name in _SIXTEEN)
    if not little and not big:
        return None
    return _SIXTEEN[big > little]


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _no_text() from error


def _readable(text: str) -> str:
    if "\0" in text:
        raise _no_text()
    return text


def _no_text() -> UnsupportedMedia:
    return UnsupportedMedia("The file is not text in any encoding we know; save it as UTF-8.")

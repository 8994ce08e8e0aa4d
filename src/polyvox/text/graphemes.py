"""Where a text may be cut without tearing what is read as one character apart.
An approximation of UAX #29's extended grapheme clusters, from what `unicodedata` knows."""

from __future__ import annotations

from unicodedata import category, combining

LONGEST = 64
"""Characters that are kept together at most: nobody can make a cluster without end."""

_JOINERS = "\u200c\u200d"
_VIRAMA = 9


def cut_within(text: str, first: int, last: int, end: int) -> int:
    """Where to cut text[first:end] so that the part before is as long as fits in [first, last).

    Inside a cluster of up to 64 characters no cut is made; one that does not fit before `last`
    is taken whole.
    """
    for index in range(last, max(first, last - LONGEST), -1):
        if may_cut(text, index, first):
            return index
    if last - first >= LONGEST:
        return last
    furthest = min(first + LONGEST, end)
    after = (index for index in range(last + 1, furthest) if may_cut(text, index, first))
    return next(after, furthest)


def may_cut(text: str, index: int, first: int) -> bool:
    """Whether `text` may be cut before `index`; `first` is an earlier place where it may."""
    if index >= len(text) or text[index].isascii():
        return True
    before, after = text[index - 1], text[index]
    if _is_flag_letter(before) and _is_flag_letter(after):
        return _flag_letters_before(text, index, first) % 2 == 0
    extends = (
        category(after)[0] == "M"
        or after in _JOINERS
        or _modifies_emoji(after)
        or before == "\u200d"
        or combining(before) == _VIRAMA
    )
    return not (extends or _is_one_syllable(before, after))


def _modifies_emoji(character: str) -> bool:
    """Skin tones, and the tags that spell out a flag's region."""
    return "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_letters_before(text: str, index: int, first: int) -> int:
    count = 0
    while index - count > first and _is_flag_letter(text[index - count - 1]):
        count += 1
    return count


def _is_one_syllable(before: str, after: str) -> bool:
    """Whether two Hangul letters stand in one syllable."""
    initial = "\u1100" <= before <= "\u115f"
    vowel_or_final = "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    if "\u1160" <= after <= "\u11ff":
        return initial or vowel_or_final
    return initial and ("\u1100" <= after <= "\u115f" or "\uac00" <= after <= "\ud7a3")

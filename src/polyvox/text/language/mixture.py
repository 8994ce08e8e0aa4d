"""A language for each sentence of a text that mixes scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from polyvox.text.language.detection import detect_in_script
from polyvox.text.language.scripts import HAN, KANA, samples, weights

_SAMPLE = 4000
_DECISIVE = 12
_NOT_IN_JAPANESE = frozenset("你您她它呢吧啊很哪這們嗎麼沒")


def readers(text: str, supported: Sequence[str], default: str) -> dict[str, str]:
    """Which of the `supported` languages each script in `text` is read in, decided once for the
    whole text: short sentences say too little."""
    return {
        script: detect_in_script(sample, script, supported, default)
        for script, sample in samples(text, _SAMPLE).items()
    }


def attribute(sentences: Sequence[str], reading: Mapping[str, str], otherwise: str) -> list[str]:
    """The language of each sentence.

    A sentence decides by its script when it has twelve letters or four Han characters, kana or
    Hangul syllables. Any other takes the language of the nearest deciding sentence before or
    after it: of one in its own script first, then of the one before. Where none decides, all
    have `otherwise`.
    """
    heaviest = [max(weights(each).items(), key=itemgetter(1), default=None) for each in sentences]
    scripts = _with_kanji([each and each[0] for each in heaviest], sentences)
    deciding = [each is not None and each[1] >= _DECISIVE for each in heaviest]
    before = _nearest(deciding)
    after = [len(scripts) - 1 - each for each in reversed(_nearest(deciding[::-1]))]
    languages = []
    for index, script in enumerate(scripts):
        around = [each for each in (before[index], after[index]) if 0 <= each < len(scripts)]
        around.sort(key=lambda each: scripts[each] != script)
        decided = scripts[around[0]] if around else None
        languages.append(reading.get(decided or "", otherwise))
    return languages


def _nearest(deciding: Sequence[bool]) -> list[int]:
    """For each place the last deciding one up to it, -1 when there is none."""
    nearest, found = [], -1
    for index, decides in enumerate(deciding):
        found = index if decides else found
        nearest.append(found)
    return nearest


def _with_kanji(scripts: list[str | None], sentences: Sequence[str]) -> list[str | None]:
    """Han next to Japanese is Japanese too, if it can be."""
    result = list(scripts)
    for index, script in enumerate(scripts):
        around = (*result[max(index - 1, 0) : index], *scripts[index + 1 : index + 2])
        if script == HAN and KANA in around and _may_be_japanese(sentences[index]):
            result[index] = KANA
    return result


def _may_be_japanese(sentence: str) -> bool:
    """Whether Japanese has all of a sentence's Han characters: its national character set does,
    and everyday Chinese words are not among them."""
    characters = samples(sentence, len(sentence))[HAN]
    try:
        characters.encode("shift_jis")
    except UnicodeEncodeError:
        return False
    return _NOT_IN_JAPANESE.isdisjoint(characters)

"""Lines of plain text that are headings of chapters, in ten languages. Rather too few than too
many: a sentence that begins with "Chapter 3" is none."""

from __future__ import annotations

import re

_ROMAN = "(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_KEYWORDS = (
    "chapter part book volume canto "  # English
    "kapitel teil buch abschnitt "  # German
    "chapitre partie livre tome "  # French
    "capítulo capitulo parte libro tomo "  # Spanish
    "livro "  # Portuguese
    "capitolo "  # Italian
    "глава часть книга том"  # Russian
)
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty "
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf "
    "un deux trois quatre cinq sept huit neuf dix onze douze "
    "uno dos tres cuatro cinco siete ocho nueve diez once doce "
    "um dois três quatro sete oito nove dez "
    "due tre quattro cinque sei sette otto dieci undici dodici "
    "один два три четыре пять шесть семь восемь девять десять"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth last "
    "erstes zweites drittes viertes fünftes sechstes siebtes siebentes achtes neuntes zehntes "
    "elftes zwölftes erster zweiter dritter vierter fünfter sechster letztes letzter erste zweite "
    "premier deuxième troisième quatrième cinquième sixième première seconde "
    "primer primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo primera "
    "segunda tercera cuarta primeiro terceiro quarto sétimo oitavo nono primeira terceira quarta "
    "primo secondo terzo settimo ottavo prima seconda terza "
    "первая вторая третья четвёртая четвертая пятая шестая седьмая восьмая девятая десятая "
    "последняя первый второй третий"
)
_ALONE = (
    "prologue epilogue introduction preface foreword afterword conclusion "
    "prolog epilog vorwort nachwort einleitung "
    "préface avant-propos postface épilogue "
    "prólogo epílogo introducción prefacio introdução prefácio posfácio "
    "prologo epilogo introduzione prefazione postfazione "
    "пролог эпилог предисловие введение послесловие заключение "
    "序章 終章 终章 序 序言 前言 楔子 引子 尾声 尾聲 后记 後記 まえがき はじめに あとがき おわりに "
    "プロローグ エピローグ 프롤로그 에필로그 머리말 맺음말"
)


def _any_of(words: str) -> str:
    return "|".join(sorted(map(re.escape, words.split()), key=len, reverse=True))


_COUNT = rf"(?:[0-9]{{1,4}}|{_ROMAN}|{_any_of(_NUMBERS)}|{_any_of(_ORDINALS)})(?!\w)"
_TITLE = r"(?:\s*[.:]?|\s*(?:[:：—–.]|-(?=\s)).*|\s+(?P<plain>\w.*))"
_WESTERN = re.compile(
    rf"(?:(?:{_any_of(_KEYWORDS)})\s+{_COUNT}|(?:{_any_of(_ORDINALS)})\s+(?:{_any_of(_KEYWORDS)}))"
    rf"{_TITLE}",
    re.IGNORECASE,
)
_HAN_COUNT = "[0-9０-９〇零一二三四五六七八九十百千两兩]{1,8}"
_EASTERN = re.compile(
    rf"(?:第\s?{_HAN_COUNT}\s?[章回卷節节部話话編编篇集幕](?:$|[\s：:、　].*)"
    rf"|[卷巻]\s?{_HAN_COUNT}(?:$|[\s：:　].*)"
    r"|제\s?[0-9일이삼사오육칠팔구십]{1,4}\s?[장부화편권막](?:$|[\s.:].*)"
    r"|[0-9]{1,4}\s?장(?:$|[.:].*))"
)
_SINGLE = re.compile(rf"(?:{_any_of(_ALONE)})\s*[.:]?", re.IGNORECASE)
_MARKED = re.compile(r"^[#*=_\s]+|[*=_\s]+$")
_LONGEST = 80
_SENTENCE = re.compile(r"[.!?]\s+\w+\s+\w.*[.]$|[。！？]$|[,;，；]$")


def heading_in(line: str) -> str | None:
    """The heading that `line` is, without marks around it, or None."""
    text = _MARKED.sub("", line) if len(line) <= 2 * _LONGEST else ""
    if not text or len(text) > _LONGEST or _SENTENCE.search(text):
        return None
    if _SINGLE.fullmatch(text) or _EASTERN.fullmatch(text):
        return text
    found = _WESTERN.fullmatch(text)
    if found is None or not text[0].isupper():
        return None
    plain = found["plain"]
    if plain and (plain[0].islower() or plain.endswith(".")):
        return None
    return text


def is_eastern(heading: str) -> bool:
    """Whether it is Chinese, Japanese or Korean, where no blank lines stand around headings."""
    return bool(_EASTERN.fullmatch(heading))

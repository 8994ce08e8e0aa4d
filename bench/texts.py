"""Texts to speak: sentences of everyday English words, the same in every run."""

from __future__ import annotations

import random

_WORDS = (
    "the a an this that every some and but because when while after before with without under "
    "over between near far house river garden window street market station mountain island "
    "village letter newspaper kitchen music picture winter summer evening morning weather people "
    "children teacher doctor driver neighbour friend brother sister water bread coffee apple "
    "table chair door bridge boat train bicycle horse bird tree flower stone light shadow voice "
    "story question answer number colour world country language history science is was has had "
    "will would could should walks runs opens closes carries follows remembers forgets believes "
    "hears sees finds keeps brings takes gives makes builds writes reads speaks listens old young "
    "quiet bright heavy little great simple strange beautiful yellow green early late always "
    "never often slowly quickly together again"
).split()
_SHORTEST, _LONGEST = 1, 60
"""Words."""
_CLAUSE = 11
"""Words between commas."""


def texts(count: int, seed: int = 2026) -> list[str]:
    """`count` texts of 1 to 60 words, short and long ones mixed."""
    chance = random.Random(seed)
    return [_sentence(chance, chance.randint(_SHORTEST, _LONGEST)) for _ in range(count)]


def long_text(words: int, seed: int = 2026) -> str:
    """About `words` words, as paragraphs of five sentences of 8 to 24 words."""
    chance = random.Random(seed)
    sentences = list[str]()
    while words > 0:
        length = chance.randint(8, 24)
        sentences.append(_sentence(chance, length))
        words -= length
    return "\n\n".join(" ".join(sentences[i : i + 5]) for i in range(0, len(sentences), 5))


def _sentence(chance: random.Random, length: int) -> str:
    words = chance.choices(_WORDS, k=length)
    for index in range(_CLAUSE - 1, length - 1, _CLAUSE):
        words[index] += ","
    return " ".join(words).capitalize() + "."

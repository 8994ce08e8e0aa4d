"""Whether single words can still be told apart: each is compared with every word as others say it,
and is right when the same word is the nearest to it on average. Neither an ear nor a recogniser: it
ranks ways of speaking among each other, and says little by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.likeness.acoustics import Flags, Numbers, cepstra, changes
from bench.likeness.warping import distances, warped
from polyvox.domain.audio import Samples

_CEPSTRA = 12


class Listeners:
    """Speakers whose own words decide, together."""

    def __init__(self, words: Mapping[str, Sequence[Samples]]) -> None:
        """The same words in the same order from each, at `acoustics.RATE`."""
        self._words = {name: _heard(each) for name, each in words.items()}

    def compared(self, words: Sequence[Samples]) -> Numbers:
        """(words, listeners, words): how far each of `words`, in the same order, is from each word
        of each listener."""
        templates = [word for known in self._words.values() for word in known]
        shape = (len(words), len(self._words), len(words))
        costs = [warped([distances(word, each) for each in templates]) for word in _heard(words)]
        return np.array(costs).reshape(shape)

    def right(self, compared: Numbers, without: str) -> float:
        """The share of words that are nearest to themselves, as listeners other than `without`
        find; `compared` as above."""
        others = np.array([name != without for name in self._words])
        return float(_nearest_to_itself(compared[:, others].mean(1)).mean())


def _heard(words: Sequence[Samples]) -> list[Numbers]:
    """(frames, features) of each word, over all of them with mean 0, so that the colour of a voice
    does not count."""
    found = [cepstra(word)[:, :_CEPSTRA] for word in words]
    features = [np.hstack([each, changes(each)]) for each in found]
    mean = np.concatenate(features).mean(0)
    return [each - mean for each in features]


def _nearest_to_itself(distance: Numbers) -> Flags:
    """(words,): of (words, words)."""
    return np.asarray(distance.argmin(1) == np.arange(len(distance)))

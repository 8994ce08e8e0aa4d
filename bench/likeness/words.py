"""Whether single words can still be told apart: each is compared with every word as some other
speakers say it, and is right when the nearest of one speaker's is the same word. No ear and no
recogniser, so it ranks ways of speaking against each other and says little by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.likeness.acoustics import Numbers, cepstra, changes
from bench.likeness.warping import distances, warped
from polyvox.domain.audio import Samples

_CEPSTRA = 12


class Listeners:
    """Speakers whose own words decide."""

    def __init__(self, words: Mapping[str, Sequence[Samples]]) -> None:
        """The same words in the same order from each, at `acoustics.RATE`."""
        self._words = {name: _heard(each) for name, each in words.items()}

    def right(self, words: Sequence[Samples]) -> dict[str, float]:
        """The share of `words`, in the same order, that each listener takes for what they are."""
        templates = [word for known in self._words.values() for word in known]
        hits = np.zeros((len(words), len(self._words)), bool)
        for index, word in enumerate(_heard(words)):
            costs = warped([distances(word, template) for template in templates])
            hits[index] = costs.reshape(len(self._words), -1).argmin(1) == index
        return dict(zip(self._words, hits.mean(0).tolist(), strict=True))


def _heard(words: Sequence[Samples]) -> list[Numbers]:
    """(frames, features) of each word, over all of them with mean 0 and variance 1, so that the
    colour of a voice does not count."""
    found = [cepstra(word)[:, :_CEPSTRA] for word in words]
    features = [np.hstack([each, changes(each)]) for each in found]
    whole = np.concatenate(features)
    return [(each - whole.mean(0)) / (whole.std(0) + 1e-9) for each in features]

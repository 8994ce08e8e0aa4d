"""Who it sounds like by timbre alone: a Gaussian mixture for each target (Reynolds 1995), of mel
cepstra and how they move, without loudness and without pitch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.mixture import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    GaussianMixture,
)

from bench.likeness.acoustics import Numbers, cepstra, changes
from polyvox.domain.audio import Samples

_GAUSSIANS, _LEAST_VARIANCE, _ROUNDS = 16, 0.01, 200


class Gallery:
    """Everybody who may be meant."""

    def __init__(self, recordings: Mapping[str, Sequence[Samples]]) -> None:
        """Learns from `recordings` by name, at `acoustics.RATE`."""
        self._models = {name: _learned(each) for name, each in recordings.items()}

    def __len__(self) -> int:
        return len(self._models)

    def nearest(self, recordings: Sequence[Samples]) -> str:
        """The name of whom all `recordings` together sound most like."""
        frames = np.concatenate([_frames(each) for each in recordings])
        return max(self._models, key=lambda name: float(self._models[name].score(frames)))


def _learned(recordings: Sequence[Samples]) -> GaussianMixture:
    model = GaussianMixture(
        _GAUSSIANS,
        covariance_type="diag",
        reg_covar=_LEAST_VARIANCE,
        max_iter=_ROUNDS,
        random_state=0,
    )
    return model.fit(np.concatenate([_frames(each) for each in recordings]))


def _frames(recording: Samples) -> Numbers:
    found = cepstra(recording)
    return np.hstack([found, changes(found)])

"""What XTTS hears in a recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyvox.domain.errors import EngineFailed, InvalidInput
from polyvox.domain.voice import Reference
from polyvox.engines.xtts.latents import Latents

_SHORTEST = 0.5
"""Seconds; the package gives up below 0.33."""
_SILENCE = 1e-3
"""Root mean square below which nobody speaks."""


def listen(xtts: Any, reference: Reference) -> Latents:
    """The latents of whoever speaks, as the package makes them of a file, from samples.

    Raises InvalidInput when nobody does.
    """
    import torch  # type: ignore[import-not-found, unused-ignore]

    samples, rate = np.asarray(reference.samples, np.float32), reference.sample_rate
    if not np.isfinite(samples).all():
        raise InvalidInput("The recording holds samples that are no numbers.", param="audio")
    if len(samples) < _SHORTEST * rate:
        raise InvalidInput("The recording is shorter than half a second.", param="audio")
    if np.sqrt(np.mean(np.square(samples))) < _SILENCE:
        raise InvalidInput("Nobody speaks in the recording.", param="audio")
    config = xtts.config
    audio = torch.tensor(samples[: config.max_ref_len * rate])[None, :]
    melody = xtts.get_gpt_cond_latents(audio, rate, config.gpt_cond_len, config.gpt_cond_chunk_len)
    colour = xtts.get_speaker_embedding(audio, rate)
    latents = Latents(melody.cpu().numpy(), colour.cpu().numpy())
    if not latents.finite:
        raise EngineFailed("XTTS made no usable voice of the recording.")
    return latents

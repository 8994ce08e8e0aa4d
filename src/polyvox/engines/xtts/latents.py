"""What XTTS knows of a voice, and its bytes in the safetensors format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import InvalidInput

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Latents:
    """Of one voice; both arrays are named as the package names them."""

    gpt_cond_latent: Array
    """How it speaks; (1, count, width of the model)."""
    speaker_embedding: Array
    """How it sounds; (1, size, 1), of length 1."""

    @property
    def finite(self) -> bool:
        return all(bool(np.isfinite(getattr(self, each.name)).all()) for each in fields(self))


@dataclass(frozen=True)
class Shape:
    """What latents a checkpoint can speak with."""

    count: int
    """At most so many latents."""
    width: int
    size: int

    def takes(self, latents: Latents) -> bool:
        melody, colour = latents.gpt_cond_latent, latents.speaker_embedding
        return (
            {melody.dtype, colour.dtype} == {np.dtype(np.float32)}
            and colour.shape == (1, self.size, 1)
            and melody.ndim == 3
            and (melody.shape[0], melody.shape[2]) == (1, self.width)
            and 1 <= melody.shape[1] <= self.count
        )


def pack(latents: Latents) -> bytes:
    """The voice state; the same latents give the same bytes."""
    from safetensors.numpy import save

    named = {each.name: getattr(latents, each.name) for each in fields(Latents)}
    return bytes(save({name: np.ascontiguousarray(array) for name, array in named.items()}))


def unpack(state: bytes, shape: Shape) -> Latents:
    """The latents that `pack` wrote; raises InvalidInput for any other bytes, and for those of a
    checkpoint of another `shape`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(state)
        latents = Latents(**{each.name: tensors[each.name] for each in fields(Latents)})
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InvalidInput("This is not a voice of XTTS.", param="voice") from error
    if not shape.takes(latents):
        raise InvalidInput(
            "This voice was made with another checkpoint of XTTS: clone it again.", param="voice"
        )
    if not latents.finite:
        raise InvalidInput("This voice of XTTS holds numbers that are none.", param="voice")
    return latents


def between(voices: Sequence[Latents], weights: Sequence[float]) -> Latents:
    """The weighted mean; the embedding keeps a length of 1, which is all the vocoder has seen."""
    counts = {each.gpt_cond_latent.shape for each in voices}
    if len(counts) > 1:
        raise InvalidInput("These voices were made in different ways and do not mix.")
    melody = sum(w * each.gpt_cond_latent for w, each in zip(weights, voices, strict=True))
    colour = sum(w * each.speaker_embedding for w, each in zip(weights, voices, strict=True))
    length = float(np.linalg.norm(colour))
    if length < 1e-6:
        raise InvalidInput("These voices cancel each other out.")
    return Latents(np.asarray(melody, np.float32), np.asarray(colour / length, np.float32))

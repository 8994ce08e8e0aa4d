"""A tone colour: what OpenVoice knows of a voice, and its bytes in the safetensors format."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import InvalidInput

Colour = npt.NDArray[np.float32]
"""One dimension, as long as the checkpoint wants it."""
_NAME = "tone_colour"


def pack(colour: Colour) -> bytes:
    """The voice state; the same colour gives the same bytes."""
    from safetensors.numpy import save

    return bytes(save({_NAME: np.ascontiguousarray(colour)}))


def unpack(state: bytes, size: int) -> Colour:
    """The colour that `pack` wrote; raises InvalidInput for any other bytes, and for those of a
    checkpoint whose colours have another `size`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(state)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InvalidInput("This is not a voice of OpenVoice.", param="voice") from error
    colour = tensors.get(_NAME)
    if set(tensors) != {_NAME} or colour is None or colour.dtype != np.float32:
        raise InvalidInput("This is not a voice of OpenVoice.", param="voice")
    if colour.shape != (size,):
        raise InvalidInput(
            "This voice was made with another checkpoint of OpenVoice: clone it again.",
            param="voice",
        )
    if not np.isfinite(colour).all():
        raise InvalidInput("This voice of OpenVoice holds numbers that are none.", param="voice")
    return colour

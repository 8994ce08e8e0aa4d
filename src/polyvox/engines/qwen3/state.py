"""What Qwen3-TTS knows of a voice, and its bytes in the safetensors format.

A clone is a speaker embedding, with a spoken sample and its text where the transcript was known.
A design is its description and a spoken sample with its text: a clone model makes the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import InvalidInput

Codes = npt.NDArray[np.int16]
"""A sample in the codec's own form; (frames, codebooks)."""
MOST_FRAMES = 400
"""Of a sample; 32 seconds."""
MOST_CHARACTERS = 1500
"""Of a description or of a sample's text."""
_MOST_BYTES = 1 << 20
_KINDS = ({"embedding"}, {"embedding", "codes", "text"}, {"description", "codes", "text"})


@dataclass(frozen=True)
class State:
    embedding: Optional[npt.NDArray[np.float32]] = None
    """How a clone sounds; as wide as its model."""
    codes: Optional[Codes] = None
    text: Optional[str] = None
    """What is said in `codes`."""
    description: Optional[str] = None
    """What a design was asked to be."""


def pack(state: State) -> bytes:
    """The voice state; the same voice gives the same bytes."""
    from safetensors.numpy import save

    tensors: dict[str, Any] = {}
    if state.embedding is not None:
        tensors["embedding"] = np.ascontiguousarray(state.embedding, np.float32)
    if state.codes is not None:
        tensors["codes"] = np.ascontiguousarray(state.codes, np.int16)
    for name in ("text", "description"):
        words = getattr(state, name)
        if words is not None:
            tensors[name] = np.frombuffer(words.encode(), np.uint8)
    return bytes(save(tensors))


def unpack(state: bytes, width: int, codebooks: int, entries: int) -> State:
    """The voice that `pack` wrote, for a model of that `width` and a codec of those `codebooks`.

    Raises InvalidInput for any other bytes, and for the voice of another model. Codes outside
    the codebooks would end the process on a GPU, so they are looked at here.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(state) if len(state) <= _MOST_BYTES else {}
        voice = State(
            tensors.get("embedding"),
            tensors.get("codes"),
            _words(tensors.get("text")),
            _words(tensors.get("description")),
        )
    except (SafetensorError, ValueError, TypeError) as error:
        raise _strange("This is not a voice of Qwen3-TTS.") from error
    if set(tensors) not in _KINDS:
        raise _strange("This is not a voice of Qwen3-TTS.")
    if voice.embedding is not None:
        _check_embedding(voice.embedding, width)
    if voice.codes is not None:
        _check_codes(voice.codes, codebooks, entries)
    return voice


def _check_embedding(embedding: npt.NDArray[Any], width: int) -> None:
    if embedding.dtype != np.float32 or embedding.ndim != 1:
        raise _strange("This is not a voice of Qwen3-TTS.")
    if embedding.shape != (width,):
        raise _strange(
            "This voice was cloned with a model of another size: speak with that one, "
            "or clone it again."
        )
    if not np.isfinite(embedding).all():
        raise _strange("This voice of Qwen3-TTS holds numbers that are none.")


def _check_codes(codes: npt.NDArray[Any], codebooks: int, entries: int) -> None:
    if codes.dtype != np.int16 or codes.ndim != 2 or not 1 <= len(codes) <= MOST_FRAMES:
        raise _strange("This is not a voice of Qwen3-TTS.")
    if codes.shape[1] != codebooks or codes.min() < 0 or codes.max() >= entries:
        raise _strange("This voice was made with another codec than the one of this model.")


def _words(letters: Optional[npt.NDArray[Any]]) -> Optional[str]:
    if letters is None:
        return None
    words = letters.tobytes().decode()
    if letters.dtype != np.uint8 or not words.strip() or len(words) > MOST_CHARACTERS:
        raise ValueError("not text")
    return words


def _strange(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, param="voice")

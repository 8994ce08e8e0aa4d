"""A stored voice of this engine, and its bytes in the safetensors format."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass, fields
from typing import Any, Optional

import numpy as np

from polyvox.domain.errors import InvalidInput
from polyvox.engines.espeak.cloning.mapping import LEANINGS, Mapping
from polyvox.engines.espeak.cloning.spectrum import BANDS
from polyvox.engines.espeak.languages import VOICES
from polyvox.engines.espeak.presets import Timbre

_FORMAT = 1
_NUMBER = np.dtype(np.float64)
_SHAPES = {
    "residual": (len(LEANINGS), BANDS),
    "frames": (-1, BANDS),
    "turn": (BANDS, BANDS),
    "quiet": (),
}
"""Of a mapping's arrays, where they are not (BANDS,); -1 is any length."""
_LARGEST = 1e6
_RANGES = {"pitch": (30, 800), "spread": (0, 800), "tract": (0.3, 3), "pace": (20, 400)}
"""Of a timbre's numbers, what the engine can speak with."""

Tensors = Named[str, Any]


@dataclass(frozen=True)
class Sound:
    """All that makes a voice."""

    timbre: Timbre
    accent: Optional[str] = None
    """Code of the language whose accent it has; None for that of whatever it speaks."""
    mapping: Optional[Mapping] = None
    """To the spectrum of a speaker; None where the timbre is all."""


def pack(sound: Sound) -> bytes:
    """The voice state; the same sound gives the same bytes."""
    from safetensors.numpy import save

    tensors = {"format": np.array(_FORMAT, _NUMBER)}
    for field in fields(Timbre):
        tensors[f"timbre.{field.name}"] = np.array(getattr(sound.timbre, field.name), _NUMBER)
    if sound.accent:
        tensors["accent"] = np.frombuffer(sound.accent.encode(), np.uint8)
    if sound.mapping:
        for field in fields(Mapping):
            kind = np.float16 if field.name == "frames" else np.float32
            tensors[f"mapping.{field.name}"] = np.asarray(getattr(sound.mapping, field.name), kind)
    return bytes(save(tensors))


def unpack(state: bytes) -> Sound:
    """The sound that `pack` wrote; raises InvalidInput when it did not write `state`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(state)
        if tensors["format"] != _FORMAT:
            raise ValueError("another format")
        return Sound(_timbre(tensors), _accent(tensors), _mapping(tensors))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InvalidInput("This is not a voice of the embedded engine.") from error


def _timbre(tensors: Tensors) -> Timbre:
    """Fields that an older state lacks keep their default."""
    known: dict[str, Any] = {}
    for field in fields(Timbre):
        if f"timbre.{field.name}" in tensors:
            number = _finite(tensors[f"timbre.{field.name}"]).item()
            least, most = _RANGES.get(field.name, (-_LARGEST, _LARGEST))
            if not least <= number <= most:
                raise ValueError(f"{field.name} of {number}")
            known[field.name] = round(number) if field.type in ("int", int) else number
    return Timbre(**known)


def _accent(tensors: Tensors) -> Optional[str]:
    if "accent" not in tensors:
        return None
    accent = str(tensors["accent"].astype(np.uint8).tobytes(), "utf-8")
    if accent not in VOICES:
        raise ValueError(f"no accent {accent}")
    return accent


def _mapping(tensors: Tensors) -> Optional[Mapping]:
    if "mapping.centre" not in tensors:
        return None
    arrays: dict[str, Any] = {}
    for field in fields(Mapping):
        array = _finite(tensors[f"mapping.{field.name}"])
        expected = _SHAPES.get(field.name, (BANDS,))
        if array.ndim != len(expected) or array.shape[1:] != expected[1:]:
            raise ValueError(f"{field.name} has the shape {array.shape}")
        if expected[:1] not in ((), (-1,), array.shape[:1]):
            raise ValueError(f"{field.name} has the shape {array.shape}")
        arrays[field.name] = array if array.ndim else array.item()
    if min(arrays["deviation"].min(), arrays["target_deviation"].min()) <= 0:
        raise ValueError("a deviation of nothing")
    return Mapping(**arrays)


def _finite(array: Any) -> Any:
    """`array` as float32; raises ValueError for what is no sensible number."""
    numbers = np.asarray(array, np.float64)
    if not np.isfinite(numbers).all() or np.abs(numbers).max(initial=0) > _LARGEST:
        raise ValueError("numbers out of range")
    return numbers if numbers.ndim == 0 else numbers.astype(np.float32)

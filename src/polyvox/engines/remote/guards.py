"""What every engine checks that asks another server: texts, keys, voices, recordings, states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any
from uuid import uuid4

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput, NothingToSpeak, Unavailable

_LONGEST_NAME = 200
_QUIETEST = 1e-3
"""Peak below which a recording is silence."""


def secret(description: str) -> Any:
    """A field of an engine's `Settings` that is never shown."""
    rule = {"description": description, "ge": None, "le": None, "choices": None, "secret": True}
    return field(default="", repr=False, metadata=rule)


def key(value: str, setting: str, needed: bool = False) -> str:
    """The key, without blanks around it. Raises Unavailable, naming the setting."""
    trimmed = value.strip()
    if needed and not trimmed:
        raise Unavailable(f"Setting {setting} is empty; it must hold your key.")
    if not (trimmed.isascii() and trimmed.isprintable()) or " " in trimmed:
        raise Unavailable(f"Setting {setting} holds characters that no key has.")
    return trimmed


def speakable(text: str, limit: int) -> str:
    """The text. Raises InvalidInput when it has no sound or is too long."""
    if not any(letter.isalnum() for letter in text):
        raise NothingToSpeak("There is nothing to speak in the text.", param="input")
    if len(text) > limit:
        raise InvalidInput(
            f"A text of {len(text)} characters is too long; at most {limit} are spoken in one go.",
            param="input",
        )
    return text


def named(value: str, what: str) -> str:
    """A name for the other server. Raises InvalidInput for one that cannot be a name."""
    if len(value) > _LONGEST_NAME or not value.isprintable():
        raise InvalidInput(f"That is no name of a {what}.", param=f"options.{what}")
    return value


def audible(samples: Samples) -> Samples:
    """The recording. Raises InvalidInput when there is nothing to hear in it."""
    if not len(samples) or not np.isfinite(samples).all() or np.abs(samples).max() < _QUIETEST:
        raise InvalidInput("Nobody speaks in the recording.", param="audio")
    return samples


def sealed(engine: str, about: Mapping[str, str], **arrays: Any) -> bytes:
    """A voice state of that engine: words about it, and numbers."""
    from safetensors.numpy import save

    words = json.dumps({"engine": engine, **about}).encode()
    return save({"about": np.frombuffer(words, np.uint8), **arrays})


def unsealed(engine: str, state: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """What `sealed` was given. Raises InvalidInput for another engine's state, or none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(state)
        about = json.loads(bytes(arrays.pop("about").astype(np.uint8)))
    except (SafetensorError, KeyError, ValueError) as error:
        raise InvalidInput(f"Not a voice state of {engine}.", param="voice") from error
    if not isinstance(about, dict) or about.get("engine") != engine:
        raise InvalidInput(f"Not a voice state of {engine}.", param="voice")
    return {str(name): str(value) for name, value in about.items()}, arrays


def form(fields: Mapping[str, str], name: str, recording: bytes) -> tuple[bytes, str]:
    """Fields and a WAV file under `name`, as multipart/form-data, with its media type."""
    mark = uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'.encode()
        for each, value in fields.items()
    ]
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="voice.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), recording, f"\r\n--{mark}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={mark}"


def told(engine: str, body: bytes, name: str) -> str:
    """The string of that name in a JSON answer. Raises EngineFailed where there is none."""
    try:
        value = json.loads(body)[name]
    except (ValueError, KeyError, TypeError) as error:
        raise EngineFailed(f"{engine}: the server did not say its voice's '{name}'.") from error
    if not isinstance(value, str) or not value or len(value) > _LONGEST_NAME:
        raise EngineFailed(f"{engine}: the server's '{name}' is none.")
    return value

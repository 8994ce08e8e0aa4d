"""What F5 continues from: a recording and what is said in it, and their bytes as a voice state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput
from polyvox.domain.voice import Reference

RATE = 24000
"""Hertz."""
LONGEST = 12.0
"""Seconds; the package cuts longer recordings, and then the transcript no longer fits them."""
_SHORTEST = 1.0
"""Seconds."""
_PAUSE = 0.05
"""Seconds of silence after the recording, as the package puts them."""
_SILENCE = 1e-3
"""Root mean square below which nobody speaks; of silence F5 makes samples that are no numbers."""
_SLOWEST, _FASTEST = 2.0, 100.0
"""Bytes of UTF-8 a second that somebody may speak."""
_FORMAT = 1
_FULL = 32767


@dataclass(frozen=True)
class Prompt:
    samples: npt.NDArray[np.int16]
    """Mono at `RATE`."""
    transcript: str
    """Ends as the package wants it."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    @property
    def pace(self) -> float:
        """Bytes of UTF-8 a second, by which F5 reckons how long a text will be."""
        return len(self.transcript.encode()) / self.seconds

    @property
    def audio(self) -> Samples:
        return np.divide(self.samples, _FULL, dtype=np.float32)


def made_of(reference: Reference) -> Prompt:
    """Raises InvalidInput for a recording that F5 cannot continue."""
    samples = np.asarray(reference.samples, np.float32)
    transcript = " ".join((reference.transcript or "").split())
    if not any(map(str.isalnum, transcript)):
        raise InvalidInput("F5 needs the text that is spoken in the recording.", param="ref_text")
    if not np.isfinite(samples).all():
        raise InvalidInput("The recording holds samples that are no numbers.", param="audio")
    seconds = len(samples) / reference.sample_rate
    if not _SHORTEST <= seconds <= LONGEST:
        raise InvalidInput(
            f"The recording has {seconds:.1f} s; F5 takes {_SHORTEST:g} to {LONGEST:g} s. Cut it "
            "at a pause, and its transcript at the same place.",
            param="audio",
        )
    if np.sqrt(np.mean(np.square(samples))) < _SILENCE:
        raise InvalidInput("Nobody speaks in the recording.", param="audio")
    pause = np.zeros(round(_PAUSE * RATE), np.int16)
    sound = np.round(np.clip(samples, -1, 1) * _FULL).astype(np.int16)
    prompt = Prompt(np.concatenate([sound, pause]), _ended(transcript))
    if not _SLOWEST <= prompt.pace <= _FASTEST:
        raise InvalidInput(
            f"A transcript of {len(transcript)} characters cannot be what is spoken in "
            f"{seconds:.1f} s.",
            param="ref_text",
        )
    return prompt


def pack(prompt: Prompt) -> bytes:
    """The voice state; the same prompt gives the same bytes."""
    from safetensors.numpy import save

    text = np.frombuffer(prompt.transcript.encode(), np.uint8)
    tensors = {"format": np.array(_FORMAT), "samples": prompt.samples, "transcript": text}
    return bytes(save(tensors))


def unpack(state: bytes) -> Prompt:
    """The prompt that `pack` wrote; raises InvalidInput when it did not write `state`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(state)
        if tensors["format"] != _FORMAT:
            raise ValueError("another format")
        samples, text = tensors["samples"], tensors["transcript"]
        if samples.dtype != np.int16 or samples.ndim != 1 or text.dtype != np.uint8:
            raise ValueError("other kinds of numbers")
        if not _SHORTEST * RATE <= len(samples) <= (LONGEST + 2 * _PAUSE) * RATE:
            raise ValueError("too short or too long")
        prompt = Prompt(samples, str(text.tobytes(), "utf-8"))
        if not samples.any() or not _SLOWEST <= prompt.pace <= _FASTEST:
            raise ValueError("sound and transcript do not fit")
    except (SafetensorError, KeyError, ValueError) as error:
        raise InvalidInput("This is not a voice of F5.", param="voice") from error
    return prompt


def _ended(transcript: str) -> str:
    """With the full stop that the package expects between what was said and what comes."""
    if transcript.endswith("。"):
        return transcript
    return transcript + (" " if transcript.endswith(".") else ". ")

"""Recordings that GPT-SoVITS' server reads from its own disk: as voice states, and as files in a
folder that it shares with us."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.domain.voice import Reference
from polyvox.engines.remote import guards
from polyvox.engines.remote.sound import wave_file

_ENGINE = "gpt_sovits"
_SETTING = "engines.settings.gpt_sovits.shared_folder"
_SHORTEST, _LONGEST = 3.0, 10.0
"""Seconds its server takes."""
_EARLIEST = 6.0
"""Seconds after which a longer recording may be cut."""
_PAUSE = 0.1
"""Seconds over which loudness is taken when a pause is looked for."""


@dataclass(frozen=True)
class Prompt:
    text: str
    """What is said; empty where it is not known."""
    language: str
    recording: bytes = field(default=b"", repr=False)
    """A WAV file; nothing where it is on the server already."""


def sealed(reference: Reference, languages: Sequence[str], otherwise: str) -> bytes:
    """The voice state of a recording; raises InvalidInput for one under three seconds.

    `otherwise` is the language where the reference does not tell one of `languages`.
    """
    samples, rate = reference.samples, reference.sample_rate
    if len(samples) < _SHORTEST * rate:
        raise InvalidInput(
            f"GPT-SoVITS needs {_SHORTEST:g} to {_LONGEST:g} s of speech; "
            f"{len(samples) / rate:.1f} s are there.",
            param="audio",
        )
    text = reference.transcript or ""
    if len(samples) > _LONGEST * rate:
        samples, text = _until_pause(samples, rate), ""
    language = (reference.language or "").split("-")[0]
    about = {"text": text, "language": language if language in languages else otherwise}
    recording = np.frombuffer(wave_file(samples, rate), np.uint8)
    return guards.sealed(_ENGINE, about, recording=recording)


def unsealed(state: bytes) -> Prompt:
    """What `sealed` has kept. Raises InvalidInput for anything else."""
    about, arrays = guards.unsealed(_ENGINE, state)
    recording = arrays.get("recording")
    if recording is None or recording.dtype != np.uint8 or recording[:4].tobytes() != b"RIFF":
        raise InvalidInput(f"Not a voice state of {_ENGINE}.", param="voice")
    return Prompt(about.get("text", ""), about.get("language", ""), recording.tobytes())


class Shelf:
    """The folder that both see."""

    def __init__(self, here: str, there: str) -> None:
        """Its path on this machine, and on the server; empty for the same."""
        self._here, self._there = here, there or here

    def demand(self) -> Path:
        """The folder. Raises Unavailable when there is none."""
        if not self._here:
            raise Unavailable(
                "GPT-SoVITS reads recordings from its own disk. To clone, set "
                f"{_SETTING} to a folder that its server sees too, and "
                f"{_SETTING}_there to that folder's path on the server."
            )
        folder = Path(self._here)
        if not folder.is_dir():
            raise Unavailable(f"There is no folder where {_SETTING} says.")
        return folder

    def place(self, prompt: Prompt) -> str:
        """The recording's path on the server, where it lies from now on."""
        folder = self.demand()
        name = f"polyvox-{sha256(prompt.recording).hexdigest()}.wav"
        path = folder / name
        try:
            if not path.exists() or path.stat().st_size != len(prompt.recording):
                with tempfile.NamedTemporaryFile(dir=folder, delete=False) as written:
                    written.write(prompt.recording)
                os.chmod(written.name, 0o644)  # its server may run as another user
                os.replace(written.name, path)
        except OSError as error:
            raise Unavailable(
                f"A recording cannot be written to {_SETTING}: {error.strerror}."
            ) from error
        return f"{self._there.rstrip('/')}/{name}"


def _until_pause(samples: Samples, rate: int) -> Samples:
    """Up to the quietest place between six and ten seconds."""
    step = round(_PAUSE * rate)
    first, last = round(_EARLIEST * rate) // step, round(_LONGEST * rate) // step
    loudness = [float(np.square(samples[n * step : (n + 1) * step]).sum()) for n in range(last)]
    quietest = first + int(np.argmin(loudness[first:last]))
    return samples[: quietest * step + step // 2]

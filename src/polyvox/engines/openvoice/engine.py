"""Gives speech the tone colour of a voice heard for seconds; another engine says what is said.

The weights are free for any use. PyTorch and coqui-tts are imported when it loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import EngineFailed, InvalidInput
from polyvox.domain.voice import Reference, Voice
from polyvox.engines.contract import Synthesizer, Weights
from polyvox.engines.openvoice import checkpoint
from polyvox.engines.openvoice.colour import Colour, pack, unpack
from polyvox.engines.openvoice.listening import heard, somebody
from polyvox.engines.openvoice.network import Network
from polyvox.engines.options import option

_CHUNK = 2048
"""Samples in the shortest chunk, 93 ms; the longest is not twice as long."""
_KNOWN_AFTER = 30
"""Seconds of a source that its own colour is taken of."""


class OpenVoice(Synthesizer):
    name = "openvoice"
    version = "0.28.0-1"
    summary = "OpenVoice v2: another engine speaks, it gives the speech a cloned tone colour."
    licence = "MPL-2.0 (coqui-tts); OpenVoice's code and weights MIT"
    requires = (
        "coqui-tts==0.28.0",
        "torch>=2.5",
        "torchaudio>=2.5",  # never imported, as the next; coqui-tts wants to see both
        "torchcodec>=0.7",
        "safetensors>=0.5",
    )
    imports = ("torch", "TTS.vc.models.openvoice", "safetensors")
    separate = True
    environment_gigabytes = 2.0
    models = ("openvoice-v2",)
    weights: ClassVar[Mapping[str, Weights]] = {
        "openvoice-v2": Weights(
            source="myshell-ai/OpenVoiceV2",
            licence="MIT",
            commercial=True,
            gigabytes=0.13,
            files=checkpoint.FILES,
        )
    }
    languages = ()
    speakers = ()
    sample_rate = 22050
    reference_rate = 22050
    max_characters = 0
    deterministic = True

    @dataclass(frozen=True)
    class Options:
        tau: float = option(0.3, "How far the sound may vary; 0 is plain, 1 is rough.", ge=0, le=1)
        base_voice: str = option(
            "", "Voice that speaks first, by name or id; one of the same gender if empty."
        )

    def load(self, device: str) -> None:
        converter = checkpoint.load(self.folder, self.model, device, self.sample_rate)
        self._network = Network(converter, self.sample_rate)

    def unload(self) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        del self._network
        torch.cuda.empty_cache()

    def enroll(self, reference: Reference) -> bytes:
        colour = self._network.colour(somebody(reference, self.sample_rate))
        if not np.isfinite(colour).all():
            raise EngineFailed("OpenVoice made no usable voice of the recording.")
        return pack(colour)

    def convert(self, source: Reference, voice: Voice, options: Options) -> Iterator[AudioChunk]:
        """Another engine's speech in the colour of `voice`.

        The source's own colour is heard in the source itself, where upstream keeps one for each
        of its base speakers: so any engine, voice or recording can be the source.
        """
        if voice.state is None:
            raise InvalidInput("OpenVoice has no voices of its own: clone one.", param="voice")
        wanted = unpack(voice.state, self._network.colour_size)
        return self._converted(heard(source, self.sample_rate), wanted, options.tau)

    def _converted(self, samples: Samples, wanted: Colour, tau: float) -> Iterator[AudioChunk]:
        import torch

        if not len(samples):
            return
        try:
            own = self._network.colour(samples[: _KNOWN_AFTER * self.sample_rate])
            for window in self._network.convert(samples, own, wanted, tau):
                yield from _chunks(window, self.sample_rate)
        except torch.OutOfMemoryError as error:
            raise EngineFailed("The GPU has too little memory left for OpenVoice.") from error


def _chunks(samples: Samples, rate: int) -> Iterator[AudioChunk]:
    if not np.isfinite(samples).all():
        raise EngineFailed("OpenVoice made samples that are no numbers; are its weights damaged?")
    clipped = np.clip(samples, -1, 1)
    for piece in np.array_split(clipped, max(1, len(clipped) // _CHUNK)):
        yield AudioChunk(piece, rate)

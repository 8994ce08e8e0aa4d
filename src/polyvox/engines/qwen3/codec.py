"""Turns frames of codes into sound piece by piece: the codec looks back a little and never ahead,
so a window with some frames before it sounds like the whole."""

from __future__ import annotations

from itertools import chain
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed
from polyvox.engines.qwen3.state import Codes

_HEARD = 75
"""Frames before a window that its transformer hears: its attention reaches 72 back."""
_NEAR = 6
"""Frames before a window that its convolutions need, which are most of the work."""
_WINDOWS = (2, 4, 8)
"""Frames of the first window, of the second, and of all others: 160 ms make the start quick."""
_NOTHING: Samples = np.zeros(0, np.float32)

Frame = npt.NDArray[np.int64]
"""The codes of 80 ms; one of each codebook."""


class Sounding:
    """Sound of frames that come one by one, a window at a time."""

    def __init__(self, tokenizer: Any, before: Optional[Codes]) -> None:
        """The frames follow the sample `before`."""
        self._tokenizer = tokenizer
        self._spoken = [] if before is None else list(before[-_HEARD:].astype(np.int64))
        self._window: list[Frame] = []
        self._sizes = iter(_WINDOWS)
        self._size = next(self._sizes)

    def add(self, frame: Frame) -> Samples:
        """The sound of a window that is full with this frame; else nothing yet."""
        self._window.append(frame)
        if len(self._window) < self._size:
            return _NOTHING
        self._size = next(self._sizes, _WINDOWS[-1])
        return self.rest()

    def rest(self) -> Samples:
        """The sound of the frames since the last window."""
        if not self._window:
            return _NOTHING
        window, self._window = self._window, []
        self._spoken = [*self._spoken[-_HEARD:], *window]
        return _last(self._tokenizer, np.stack(self._spoken), len(window))


def _last(tokenizer: Any, codes: npt.NDArray[np.int64], count: int) -> Samples:
    """The sound of the last `count` frames: what the package's own decoder does, in two steps,
    each with no more frames before it than it needs."""
    import torch  # type: ignore[import-not-found, unused-ignore]

    decoder = tokenizer.model.decoder
    with torch.inference_mode():
        given = torch.from_numpy(codes.T[None].copy()).to(tokenizer.device)
        hidden = decoder.pre_conv(decoder.quantizer.decode(given)).transpose(1, 2)
        hidden = decoder.pre_transformer(inputs_embeds=hidden).last_hidden_state
        hidden = hidden[:, -(count + _NEAR) :].transpose(1, 2)
        for layer in (*chain.from_iterable(decoder.upsample), *decoder.decoder):
            hidden = layer(hidden)
        wave = hidden[0, 0, -count * int(decoder.total_upsample) :].clamp(-1, 1)
        return _finite(wave.float().cpu().numpy())


def decode(tokenizer: Any, codes: npt.NDArray[Any]) -> Samples:
    """The sound of `codes` (frames, codebooks) by the package's own codec."""
    decoded, _ = tokenizer.decode([{"audio_codes": codes.astype(np.int64)}])
    return _finite(np.asarray(decoded[0], np.float32))


def _finite(samples: Samples) -> Samples:
    if not np.isfinite(samples).all():
        raise EngineFailed("Qwen3-TTS made samples that are no numbers; are its weights damaged?")
    return samples

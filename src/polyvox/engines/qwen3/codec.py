"""Turns frames of codes into sound piece by piece: the codec looks back a little and never ahead,
so a window with some frames before it sounds like the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

Frame = npt.NDArray[np.int64]
"""The codes of 80 ms; one of each codebook."""


def windows(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """The frames in groups, as they come."""
    sizes = iter(_WINDOWS)
    size = next(sizes)
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        if len(group) == size:
            yield group
            group, size = [], next(sizes, _WINDOWS[-1])
    if group:
        yield group


def sound(tokenizer: Any, frames: Iterable[Frame], before: Optional[Codes]) -> Iterator[Samples]:
    """The samples of each window of `frames`, which follow the sample `before`."""
    spoken = [] if before is None else list(before[-_HEARD:].astype(np.int64))
    for window in windows(frames):
        spoken = [*spoken[-_HEARD:], *window]
        yield _last(tokenizer, np.stack(spoken), len(window))


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

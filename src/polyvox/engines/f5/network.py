"""F5's network and vocoder at work, through the package's own inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed
from polyvox.engines.f5.pieces import sounds
from polyvox.engines.f5.prompt import RATE, Prompt


class Network:
    """Both, loaded on one device. It does one thing at a time."""

    def __init__(self, network: Any, vocoder: Any, device: str) -> None:
        self._network, self._vocoder, self._device = network, vocoder, device

    def reads(self, text: str) -> bool:
        """Whether it knows any letter of `text`; the others are spaces to it."""
        from f5_tts.model.utils import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            convert_char_to_pinyin,
        )

        known = self._network.vocab_char_map
        (spelt,) = convert_char_to_pinyin([text])
        return any(letter in known and sounds(letter) for letter in spelt)

    def speaking(
        self, text: str, prompt: Prompt, **options: float
    ) -> Callable[[Callable[[], None]], Samples]:
        """A call that speaks `text` as `prompt` goes on, and calls what it is given before each
        layer of each of its steps. `options` are the package's."""
        import torch  # type: ignore[import-not-found, unused-ignore]
        from f5_tts.infer.utils_infer import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            infer_batch_process,
        )

        def work(go_on: Callable[[], None]) -> Samples:
            layers = self._network.transformer.transformer_blocks
            hooks = [layer.register_forward_pre_hook(lambda *_: go_on()) for layer in layers]
            try:
                pieces = infer_batch_process(
                    (torch.from_numpy(prompt.audio)[None, :], RATE),
                    prompt.transcript,
                    [text],
                    self._network,
                    self._vocoder,
                    progress=None,
                    streaming=True,
                    device=self._device,
                    **options,
                )
                return _sound([samples for samples, _ in pieces])
            except torch.OutOfMemoryError as error:
                raise EngineFailed("The GPU has too little memory left for F5.") from error
            finally:
                for hook in hooks:
                    hook.remove()
                self._network.transformer.clear_cache()

        return work


def _sound(pieces: list[Samples]) -> Samples:
    samples: Samples = np.concatenate([np.zeros(0, np.float32), *pieces])
    if not np.isfinite(samples).all():
        raise EngineFailed("F5 made samples that are no numbers; are its weights damaged?")
    return samples.clip(-1, 1)

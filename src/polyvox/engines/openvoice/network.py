"""The package's model, run window by window: the same samples as in one go, sooner, and in memory
that does not grow with what is converted."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np

from polyvox.domain.audio import Samples
from polyvox.engines.openvoice.colour import Colour
from polyvox.engines.openvoice.listening import Presence

FIRST, LONGEST = 32, 128
"""Frames in the first window, and in the largest; each is twice as long as the one before."""
_SEED = 0
_PIECE = 10
"""Seconds, about, that a colour is taken of at once; of several the mean counts, as with the
authors' own extractor."""


class Network:
    def __init__(self, converter: Any, rate: int) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        audio = converter.config.audio
        self._torch, self._converter, self._rate = torch, converter, rate
        self._frame: int = audio.hop_length
        self._least: int = audio.fft_size
        self.colour_size: int = converter.gin_channels
        spectrum = ceil((audio.fft_size - self._frame) / 2 / self._frame)
        # The flow's last step there and its first one back take the same half, so one adds nothing.
        flow = 2 * self._reach(converter.flow) - self._reach(converter.flow.flows[0])
        self._latent_reach = spectrum + self._reach(converter.enc_q) + flow
        self._sound_reach = self._vocoder_reach()

    def colour(self, samples: Samples) -> Colour:
        """The tone colour of whoever speaks in `samples`."""
        count = max(1, round(len(samples) / self._rate / _PIECE))
        colours = [self._colour(piece) for piece in np.array_split(samples, count)]
        mean: Colour = np.mean(colours, axis=0, dtype=np.float32)
        return mean

    def convert(
        self, samples: Samples, own: Colour, wanted: Colour, tau: float
    ) -> Iterator[Samples]:
        """`samples` in the colour `wanted` instead of their `own`, in windows, as long as they are.

        The noise is drawn once, with a seed of its own, for all frames: so windows do not differ.
        """
        frames = -(-len(samples) // self._frame)
        whole = np.pad(samples, (0, frames * self._frame - len(samples)))
        presence = Presence(whole, self._frame)
        source, target = self._on_device(own[None, :, None]), self._on_device(wanted[None, :, None])
        dice = self._torch.Generator().manual_seed(_SEED)
        noise = tau * self._torch.randn(1, self._converter.inter_channels, frames, generator=dice)
        for first, last in windows(frames):
            present = presence.of(first, last)
            if present.any():
                start, end = _widened(first, last, self._sound_reach, frames)
                latents = self._latents(whole, noise, start, end, source, target)
                sound = self._sound(latents, target)[(first - start) * self._frame :]
                present = sound[: len(present)] * present
            yield present[: len(samples) - first * self._frame]

    def _latents(
        self, whole: Samples, noise: Any, first: int, last: int, source: Any, target: Any
    ) -> Any:
        """The frames from `first` up to `last` as the vocoder takes them."""
        start, end = _widened(first, last, self._latent_reach, noise.shape[-1])
        model, torch = self._converter, self._torch
        with torch.inference_mode():
            spectrum = self._spectrum(whole[start * self._frame : end * self._frame])[
                ..., : end - start
            ]
            lengths = torch.tensor([end - start], device=model.device)
            shown = torch.zeros_like(source) if model.zero_g else source
            _, mean, spread, mask = model.enc_q(spectrum, lengths, g=shown, tau=0)
            latents = mean + self._on_device(noise[..., start:end]) * torch.exp(spread)
            neutral = model.flow(latents, mask, g=source)
            return model.flow(neutral, mask, g=target, reverse=True)[
                ..., first - start : last - start
            ]

    def _sound(self, latents: Any, target: Any) -> Samples:
        model, torch = self._converter, self._torch
        with torch.inference_mode():
            shown = torch.zeros_like(target) if model.zero_g else target
            samples: Samples = model.dec(latents, g=shown)[0, 0].float().cpu().numpy()
        return samples

    def _colour(self, samples: Samples) -> Colour:
        with self._torch.inference_mode():
            found, _ = self._converter.extract_se(self._long_enough(samples))
        colour: Colour = found[0, :, 0].float().cpu().numpy()
        return colour

    def _spectrum(self, samples: Samples) -> Any:
        from TTS.utils.audio.torch_transforms import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            wav_to_spec,
        )

        audio = self._converter.config.audio
        return wav_to_spec(
            self._on_device(self._long_enough(samples))[None, None, :],
            n_fft=audio.fft_size,
            hop_length=audio.hop_length,
            win_length=audio.win_length,
        )

    def _long_enough(self, samples: Samples) -> Samples:
        """With silence after it where it is too short for the package, which mirrors its ends."""
        padded: Samples = np.pad(samples, (0, max(0, self._least - len(samples))))
        return padded

    def _on_device(self, numbers: Any) -> Any:
        return self._torch.as_tensor(numbers).to(self._converter.device)

    def _reach(self, part: Any) -> int:
        """Frames, or samples, on each side that what comes out of convolutions depends on."""
        convolutions = (each for each in part.modules() if isinstance(each, self._torch.nn.Conv1d))
        return sum(each.dilation[0] * (each.kernel_size[0] // 2) for each in convolutions)

    def _vocoder_reach(self) -> int:
        """Frames on each side that a sample depends on."""
        vocoder = self._converter.dec
        blocks = iter(vocoder.resblocks)
        frames, rate = float(self._reach(vocoder.conv_pre)), 1
        for stage in vocoder.ups:
            rate *= stage.stride[0]
            widest = max(self._reach(next(blocks)) for _ in range(vocoder.num_kernels))
            frames += (stage.padding[0] + widest) / rate
        return ceil(frames + self._reach(vocoder.conv_post) / rate)


def windows(frames: int) -> Iterator[tuple[int, int]]:
    """The frames in order, none left over that would be too few for a window."""
    first, size = 0, FIRST
    while first < frames:
        last = first + size if frames - first - size >= FIRST else frames
        yield first, last
        first, size = last, min(2 * size, LONGEST)


def _widened(first: int, last: int, reach: int, frames: int) -> tuple[int, int]:
    return max(0, first - reach), min(frames, last + reach)

"""Reads the converter of OpenVoice v2 into the package's own model, and says plainly what is wrong
with a folder that holds none. Weights are read without running code from them."""

from __future__ import annotations

import json
import math
import pickle
import zipfile
from pathlib import Path
from typing import Any, Optional

from polyvox.domain.errors import Unavailable
from polyvox.engines.pytorch import check_device

_NAMES = ("config.json", "checkpoint.pth")
_PUBLISHED = "converter"
"""The published repository's folder of these; the rest of it is for other software."""
FILES = tuple(f"{_PUBLISHED}/{name}" for name in _NAMES)
_KIND, _VERSION = "the converter of OpenVoice v2", "v2"
_SPECTRUM = {"fft_size": "filter_length", "hop_length": "hop_length", "win_length": "win_length"}
"""What the package calls the numbers of the spectrum, and what the published file calls them."""


def load(folder: Optional[Path], model: str, device: str, rate: int) -> Any:
    """The package's model, ready on `device`. Raises Unavailable with what to mend."""
    fetch = f"Run `polyvox models pull {model}`."
    if folder is None:
        raise Unavailable(f"The weights of '{model}' are not here. {fetch}")
    place = _found(folder, fetch)
    declared = _declared(place / "config.json", rate, fetch)
    weights = place / "checkpoint.pth"
    if not zipfile.is_zipfile(weights):
        raise Unavailable(f"{weights} is cut short or not a PyTorch checkpoint. {fetch}")
    import torch  # type: ignore[import-not-found, unused-ignore]

    check_device(torch, device)
    again = f"Fetch it again: `polyvox models pull {model}`."
    try:
        converter = _built(declared)
    except (TypeError, ValueError, KeyError, IndexError, RuntimeError, ArithmeticError) as error:
        raise Unavailable(f"{place / 'config.json'} is not usable ({error}). {again}") from error
    try:
        state = torch.load(weights, map_location="cpu", mmap=True, weights_only=True)
        converter.load_state_dict(state["model"], strict=True)
    except pickle.UnpicklingError as error:
        raise Unavailable(f"{weights} holds more than weights and was not read. {again}") from error
    except (RuntimeError, KeyError, TypeError, AttributeError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Unavailable(f"{weights} does not fit its config.json ({reason}). {again}") from error
    return _plain(converter).eval().to(device)


def _built(declared: dict[str, Any]) -> Any:
    """The package's model of that shape, which the package's own reader takes for the usual one."""
    from TTS.vc.configs.openvoice_config import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        OpenVoiceArgs,
        OpenVoiceAudioConfig,
        OpenVoiceConfig,
    )
    from TTS.vc.models.openvoice import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        OpenVoice,
    )

    shape, data = OpenVoiceArgs(**declared["model"]), declared["data"]
    if math.prod(shape.upsample_rates) != data["hop_length"]:
        raise ValueError("its upsample_rates do not make a hop_length")
    rate = data["sampling_rate"]
    spectrum = {ours: data[theirs] for ours, theirs in _SPECTRUM.items()}
    audio = OpenVoiceAudioConfig(input_sample_rate=rate, output_sample_rate=rate, **spectrum)
    return OpenVoice(OpenVoiceConfig(model_args=shape, audio=audio))


def _plain(converter: Any) -> Any:
    """With each weight as it is used, where it is kept as a length and a direction for training."""
    from torch.nn.utils.parametrize import (  # type: ignore[import-not-found, unused-ignore]
        is_parametrized,
        remove_parametrizations,
    )

    for module in list(converter.modules()):
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")
    return converter


def _found(folder: Path, fetch: str) -> Path:
    """The folder that holds the files: the one that is published, or this one itself."""
    for place in (folder / _PUBLISHED, folder):
        if all((place / name).is_file() for name in _NAMES):
            return place
    missing = [name for name in FILES if not (folder / name).is_file()]
    raise Unavailable(f"{folder} lacks {', '.join(missing)}. {fetch}")


def _declared(path: Path, rate: int, fetch: str) -> dict[str, Any]:
    """What the configuration says, once it says what a converter's must."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unavailable(f"{path} is not JSON ({error}). {fetch}") from error
    if not isinstance(content, dict):
        raise Unavailable(f"{path} is not a JSON object. {fetch}")
    shape, data = content.get("model"), content.get("data")
    if not isinstance(shape, dict) or not isinstance(data, dict):
        kind = shape if isinstance(shape, str) else "unknown"
        raise Unavailable(f"{path.parent} holds a model of the kind '{kind:.40}', not {_KIND}.")
    version = content.get("_version_", "v1")
    if version != _VERSION:
        raise Unavailable(f"{path.parent} holds OpenVoice {version!s:.20}, not {_KIND}. {fetch}")
    numbers = [data.get(name) for name in _SPECTRUM.values()]
    if not all(type(each) is int and each > 0 for each in numbers):
        raise Unavailable(f"{path} does not say how its spectrum is made. {fetch}")
    if data.get("sampling_rate") != rate:
        raise Unavailable(
            f"This checkpoint works at {data.get('sampling_rate')!s:.20} Hz; OpenVoice v2 at "
            f"{rate} Hz."
        )
    return content

"""The packages F5 runs on, imported without the parts that it does not need to speak, and the
devices they can use."""

from __future__ import annotations

import sys
import types

from polyvox.domain.errors import Unavailable


def load() -> None:
    """Imports f5_tts without what only training needs, and torchaudio without its compiled part
    where that fits no PyTorch of this machine: F5 takes spectra, which are plain PyTorch.

    Raises Unavailable when one is missing.
    """
    training = types.ModuleType("f5_tts.model.trainer")
    training.__dict__["Trainer"] = None
    sys.modules.setdefault(training.__name__, training)
    try:
        _import_torchaudio()
        import f5_tts.infer.utils_infer  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            f"A package of F5 is missing ({error}). Run `polyvox engines install f5`."
        ) from error


def check_device(device: str) -> None:
    """Raises Unavailable for a device that PyTorch does not have."""
    import torch  # type: ignore[import-not-found, unused-ignore]

    if device == "cpu":
        return
    kind, _, index = device.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" and torch.cuda.is_available() else 0
    if not (index or "0").isdigit() or int(index or 0) >= count:
        raise Unavailable(
            f"There is no device '{device}' here: {count} GPUs can be used by PyTorch "
            f"{torch.__version__}. Choose 'cpu' or install a PyTorch that fits the driver."
        )


def _import_torchaudio() -> None:
    try:
        import torchaudio  # type: ignore[import-not-found, unused-ignore]
    except (OSError, RuntimeError):
        without = types.ModuleType("torchaudio._extension")
        without.__dict__.update(
            _IS_TORCHAUDIO_EXT_AVAILABLE=False,
            _IS_ALIGN_AVAILABLE=False,
            fail_if_no_align=lambda function: function,
        )
        sys.modules[without.__name__] = without
        import torchaudio  # noqa: F401

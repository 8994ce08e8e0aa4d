"""What engines on PyTorch share: which devices there are, and torchaudio beside any build of it."""

from __future__ import annotations

import sys
import types
from typing import Any

from polyvox.domain.errors import Unavailable


def check_device(torch: Any, device: str) -> None:
    """Raises Unavailable for a device that PyTorch, the module `torch`, does not have."""
    if device == "cpu":
        return
    kind, _, index = device.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" and torch.cuda.is_available() else 0
    if not (index or "0").isdigit() or int(index or 0) >= count:
        raise Unavailable(
            f"There is no device '{device}' here: {count} GPUs can be used by PyTorch "
            f"{torch.__version__}. Choose 'cpu' or install a PyTorch that fits the driver."
        )


def import_torchaudio() -> None:
    """Imports torchaudio, without its compiled part where that fits no PyTorch of this machine.

    The part is used for alignment and filters only; the engines take resampling and spectra,
    which are plain PyTorch. It does not fit where a CPU build of PyTorch meets a CUDA build of
    torchaudio.
    """
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

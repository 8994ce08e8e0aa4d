"""The packages F5 runs on, imported without the parts that it does not need to speak."""

from __future__ import annotations

import sys
import types

from polyvox.domain.errors import Unavailable
from polyvox.engines.pytorch import import_torchaudio


def load() -> None:
    """Imports f5_tts without what only training needs, and torchaudio without its compiled part
    where that fits no PyTorch of this machine: F5 takes spectra, which are plain PyTorch.

    Raises Unavailable when one is missing.
    """
    training = types.ModuleType("f5_tts.model.trainer")
    training.__dict__["Trainer"] = None
    sys.modules.setdefault(training.__name__, training)
    try:
        import_torchaudio()
        import f5_tts.infer.utils_infer  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            f"A package of F5 is missing ({error}). Run `polyvox engines install f5`."
        ) from error

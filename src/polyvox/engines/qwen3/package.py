"""Imports qwen-tts without what it names and does not use here: torchaudio, sox and onnxruntime
serve its older codec of 25 frames a second, and cost a gigabyte."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_UNUSED = (
    ("torchaudio", "torchaudio.compliance", "torchaudio.compliance.kaldi"),
    ("sox",),
    ("onnxruntime",),
)


def import_package() -> Any:
    """The module `qwen_tts`; raises ImportError when it is not installed."""
    importlib.import_module("transformers")  # looks for torchaudio itself, and must not find ours
    for names in _UNUSED:
        try:
            importlib.import_module(names[-1])
        except (ImportError, OSError, RuntimeError):
            _stand_in(names)
    return importlib.import_module("qwen_tts")


def _stand_in(names: tuple[str, ...]) -> None:
    """Empty modules, so that the names can be imported."""
    top = names[0]
    for left in [name for name in sys.modules if name.partition(".")[0] == top]:
        del sys.modules[left]
    for name in names:
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        module.__path__ = []
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)

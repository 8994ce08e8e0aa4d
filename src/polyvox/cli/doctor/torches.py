"""What PyTorch says of GPUs, asked of the interpreter that an engine runs in."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WITHIN = 120.0
"""Seconds: the first import of PyTorch reads some gigabytes."""
_PROGRAM = """
import json, sys, warnings
try:
    import torch
except ImportError as error:
    print(json.dumps({"missing": str(error)}))
    sys.exit()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    available = torch.cuda.is_available()
    names = [torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())]
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda or torch.version.hip,
    "available": available,
    "names": names,
    "said": str(said[0].message) if said else "",
}))
"""


@dataclass(frozen=True)
class Torch:
    """What it says in one engine's environment."""

    engine: str
    version: str | None = None
    """None where there is none."""
    cuda: str | None = None
    """Version of CUDA that it is built for; None for a build for the CPU."""
    names: tuple[str, ...] = ()
    """The GPUs it would use."""
    available: bool = False
    reason: str = ""
    """Why there is none, or why it sees none, as it says itself."""

    @property
    def told(self) -> str:
        if self.version is None:
            return f"no PyTorch: {self.reason}"
        build = f"for CUDA {self.cuda}" if self.cuda else "for the CPU"
        seen = ", ".join(self.names) or "no GPU"
        return f"PyTorch {self.version}, built {build}, sees {seen}"


def ask(engine: str, python: Path) -> Torch:
    """Takes as long as importing PyTorch."""
    try:
        done = subprocess.run(
            [str(python), "-c", _PROGRAM],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Torch(engine, reason=f"its Python gives no answer ({type(error).__name__})")
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        return Torch(engine, reason=last[0])
    if "missing" in told:
        return Torch(engine, reason=told["missing"])
    reason = " ".join(str(told["said"]).split())
    names = tuple(told["names"])
    return Torch(engine, told["version"], told["cuda"], names, told["available"], reason)

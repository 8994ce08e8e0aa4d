"""How a host is started: which engine, for which model, where, with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyvox.domain.errors import Unavailable

_OVERHEAD = 1e9
"""Bytes that a process with its libraries needs beside its weights."""


@dataclass(frozen=True)
class Launch:
    engine: str
    model: str = ""
    """Id of the model it holds."""
    weights: Path | None = None
    """Folder with the model's files; None for engines that need none."""
    device: str = "cpu"
    """cpu, cuda or cuda:1."""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The engine's own; may hold secrets."""
    python: Path | None = None
    """Interpreter of the engine's environment; the server's own when None."""
    path: Path | None = None
    """Folder from which that interpreter imports Polyvox."""
    folder: Path | None = None
    """Of drop-in engines."""
    threads: int | None = None
    """How many its numerical libraries may use; as many as there are cores when None."""
    hosts: int = 1
    """Processes of it that may run side by side."""
    seats: int = 1
    """Requests that a process takes at once, to speak them together."""
    guarded: bool = False
    """Whether it rests after errors, because another engine can stand in."""

    @property
    def heavy(self) -> bool:
        """Whether it holds weights in memory, so that only a few may be loaded at once."""
        return self.weights is not None

    @property
    def told(self) -> dict[str, Any]:
        """What the host is told first. Secrets travel here, not on a command line."""
        return {
            "device": self.device,
            "model": self.model,
            "weights": str(self.weights) if self.weights else None,
            "settings": dict(self.settings),
        }

    @property
    def variables(self) -> dict[str, str]:
        """The host's environment beside the server's own; numerical libraries read some of it
        when they are loaded."""
        given = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
        if self.threads:
            names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
            given |= dict.fromkeys(names, str(self.threads))
        if self.path:
            given["PYTHONPATH"] = str(self.path)
        return given


def check_memory(launch: Launch) -> None:
    """Raises Unavailable when the model does not fit into the memory that is free. Only where the
    system tells (Linux), and only for what is loaded there."""
    if launch.weights is None or not launch.device.startswith("cpu"):
        return
    files = [path for path in launch.weights.rglob("*") if path.is_file()]
    needed = sum(path.stat().st_size for path in files) + _OVERHEAD
    free = _free_memory()
    if free is not None and needed > free:
        raise Unavailable(
            f"Model '{launch.model}' needs about {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free. Close other programs, or use a smaller model."
        )


def _free_memory() -> float | None:
    """Bytes that can be had without swapping; None where nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return float(found.split()[1]) * 1024 if found else None

"""The GPUs of this machine, as NVIDIA's own library tells of them. Nothing here needs a GPU."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]


@dataclass(frozen=True)
class Gpu:
    """One of them; None stands where its driver does not tell."""

    name: str
    memory_total: int | None
    """Bytes."""
    memory_used: int | None
    """Bytes."""
    memory_free: int | None
    """Bytes."""
    utilisation: float | None
    """Percent of the last second or less in which it was at work."""


def gpus() -> tuple[Gpu, ...]:
    """Every GPU, as it is now; none where there is no driver. Never raises. It may take a second
    where nothing else holds the driver, so call it in a thread."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        count = _told(pynvml.nvmlDeviceGetCount) or 0
        return tuple(seen for index in range(count) if (seen := _seen(index)))
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _seen(index: int) -> Gpu | None:
    """None for one that cannot be reached, as after it fell off the bus."""
    device = _told(pynvml.nvmlDeviceGetHandleByIndex, index)
    if device is None:
        return None
    memory = _told(pynvml.nvmlDeviceGetMemoryInfo, device)
    rates = _told(pynvml.nvmlDeviceGetUtilizationRates, device)
    return Gpu(
        str(_told(pynvml.nvmlDeviceGetName, device) or f"GPU {index}"),
        memory and int(memory.total),
        memory and int(memory.used),
        memory and int(memory.free),
        rates and float(rates.gpu),
    )


def _told(ask: Callable[..., Any], *given: Any) -> Any:
    """What the driver says; None where it cannot."""
    try:
        return ask(*given)
    except pynvml.NVMLError:
        return None

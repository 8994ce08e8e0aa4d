"""What a machine measures of itself."""

from __future__ import annotations

import psutil

from polyvox.domain.node import Load
from polyvox.runtime.gpu import gpus


class Measures:
    """Processor, memory, GPUs."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # the first reading starts the clock

    def take(self) -> Load:
        """As it is now; the processor since the last time. May take a second."""
        seen = gpus()
        busy = [each.utilisation for each in seen if each.utilisation is not None]
        full = [
            round(100 * each.memory_used / each.memory_total, 1)
            for each in seen
            if each.memory_used is not None and each.memory_total
        ]
        return Load(
            cpu=psutil.cpu_percent(),
            memory=psutil.virtual_memory().percent,
            gpu=max(busy, default=None),
            gpu_memory=max(full, default=None),
        )

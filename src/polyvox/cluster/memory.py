"""Memory of processes on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def resident(processes: Iterable[int]) -> int:
    """Bytes of main memory that processes hold, by their ids; those that have ended hold none."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(process).memory_info().rss
    return total

"""One core for a moment: FFmpeg starts a thread for each core that it may use whenever a filter
graph is made, and waits for all of them to run, with the GIL held."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """The calling thread may use only the core that it is on, within the block. Linux only;
    elsewhere nothing happens."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    here = ctypes.CDLL(None).sched_getcpu()
    os.sched_setaffinity(0, {here} if here in allowed else allowed)
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)

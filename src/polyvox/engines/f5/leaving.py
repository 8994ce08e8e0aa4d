"""Runs a call that blocks so that whoever waits for it is asked now and then, and may leave.

F5 makes a sentence in some dozens of steps, which take minutes on a CPU, and gives nothing out
before the last of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, wait
from typing import TypeVar

_PAUSE = 0.1
"""Seconds between two signs."""
Made = TypeVar("Made")
Sign = TypeVar("Sign")


class _Left(Exception):
    """Whoever waited has gone."""


def leaving(
    work: Callable[[Callable[[], None]], Made], sign: Sign, thread: Executor
) -> Generator[Sign, None, Made]:
    """Yields `sign` now and then while `work` runs in `thread`; returns what `work` returns.

    `work` is given a function that it calls often. When the generator is closed, that function
    raises, and closing waits until `work` has ended.
    """
    left = threading.Event()

    def go_on() -> None:
        if left.is_set():
            raise _Left

    made = thread.submit(work, go_on)
    try:
        while not wait([made], _PAUSE).done:
            yield sign
    finally:
        left.set()
        wait([made])
    return made.result()

"""How long a user waits: for the command line's help, for `import polyvox`, for a spoken file, and
from the start of the server to its first spoken byte. Medians of a few runs, files warm.

    python -m bench.start
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.load import Ask
from bench.paths import environment, polyvox
from bench.processes import serving

_HELP_LIMIT = 0.4
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each kind")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = _median(runs, lambda: _run("-c", "pass"))
        print(f"python -c pass           {bare:6.2f} s")
        loaded = _median(runs, lambda: _run("-c", "import polyvox"))
        print(f"import polyvox           {loaded:6.2f} s   {loaded / bare:.2f} × python alone")
        helped = _median(runs, lambda: _run("-m", "polyvox", "--help"))
        print(f"polyvox --help           {helped:6.2f} s   {helped / _HELP_LIMIT:.2f} × the limit")
        spoken = _median(runs, lambda: _speak(folder))
        print(f"polyvox speak            {spoken:6.2f} s   to a whole file")
        served = _median(runs, lambda: _serve(folder))
        print(f"polyvox serve            {served:6.2f} s   to the first spoken answer")


def _median(runs: int, took: Callable[[], float]) -> float:
    """Of the seconds that `took` gives; the first run, which warms the files, does not count."""
    return median([took() for _ in range(runs + 1)][1:])


def _run(*arguments: str) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def _speak(folder: Path) -> float:
    return _run("-m", "polyvox", "speak", "Hello.", "-q", "-o", str(folder / "hello.mp3"))


def _serve(folder: Path) -> float:
    """Until the server has answered a request to speak; its end does not count."""
    begun = time.monotonic()
    ready = Ask("Hello.", "mp3")
    with serving(polyvox().command, environment(folder), folder / "log", ready, 60):
        return time.monotonic() - begun


if __name__ == "__main__":
    main()

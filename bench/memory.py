"""Memory: of the server and its hosts when idle and after some work, against the limit set for
them (150 MB, and 40 MB a host), and the peak while a text of an hour is spoken to a file. Pages
that processes share count by share (PSS). Linux only (/proc).

    python -m bench.memory
    python -m bench.memory --quick      a text of six minutes
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.load import Ask, ask_once
from bench.paths import environment, polyvox
from bench.processes import command_line, proportional, resident, serving, tree

_SERVER_LIMIT, _HOST_LIMIT = 150.0, 40.0
"""Megabytes."""
_SENTENCE = "This is sentence number {}, and it goes on for a while so that there is much to say. "
_SENTENCES_AN_HOUR = 660


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a text of six minutes")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        _idle(Path(name))
        _long(Path(name), _SENTENCES_AN_HOUR // 10 if quick else _SENTENCES_AN_HOUR)


def _idle(folder: Path) -> None:
    ready = Ask("Hello.", "mp3")
    with serving(polyvox().command, environment(folder), folder / "log", ready, 60) as served:
        time.sleep(2)
        _tell("after one request", served.pid)
        for number in range(200):
            ask_once(served.port, Ask(_SENTENCE.format(number), "mp3"))
        _tell("after 200 more", served.pid)


def _tell(when: str, server: int) -> None:
    hosts = [pid for pid in tree(server)[1:] if "polyvox.runtime.host" in command_line(pid)]
    own, each = proportional(server) / 1e6, [proportional(pid) / 1e6 for pid in hosts]
    limit = _SERVER_LIMIT + _HOST_LIMIT * len(hosts)
    whole = own + sum(each)
    print(
        f"{when}: server {own:.0f} MB ({resident(server) / 1e6:.0f} MB with shared pages whole), "
        f"hosts {' and '.join(f'{size:.0f}' for size in each)} MB; together {whole:.0f} MB, "
        f"{whole / limit:.2f} × the limit of {limit:.0f} MB"
    )


def _long(folder: Path, sentences: int) -> None:
    text = folder / "long.txt"
    paragraphs = [_SENTENCE.format(number) for number in range(sentences)]
    text.write_text("\n\n".join(paragraphs), encoding="utf-8")
    output = folder / "long.mp3"
    begun, peak = time.monotonic(), 0
    process = subprocess.Popen(
        [sys.executable, "-m", "polyvox", "speak", "-f", str(text), "-o", str(output)],
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None:
        peak = max(peak, sum(proportional(pid) for pid in tree(process.pid)))
        time.sleep(0.1)
    took = time.monotonic() - begun
    said = process.stderr.read().strip() if process.stderr else ""
    if process.returncode:
        raise SystemExit(said)
    sound = float(said.split(": ")[-1].split(" s")[0])
    print(
        f"{sound / 60:.0f} minutes of speech to a file: {took:.1f} s, {sound / took:.0f} × real "
        f"time, peak {peak / 1e6:.0f} MB in all processes"
    )


if __name__ == "__main__":
    main()

"""Checks one engine, in a process of its own, as the engine's host runs it.

    python -m polyvox.engines.check NAME [--folder FOLDER] [--model ID --weights FOLDER]

Prints one line for each rule and exits with 1 when one is broken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from polyvox.domain.errors import PolyvoxError
from polyvox.engines.check import check
from polyvox.engines.registry import Registry


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the contract on an engine.")
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, help="folder of drop-in engines")
    parser.add_argument("--model", default="", help="id of the model to check it with")
    parser.add_argument("--weights", type=Path, help="folder with that model's files")
    given = parser.parse_args()
    try:
        engine = Registry(given.folder).synthesizer(given.name)
    except PolyvoxError as error:
        sys.exit(f"polyvox: {error.message}")
    engine.model, engine.folder = given.model, given.weights
    broken = 0
    for sentence, problem in check(engine):
        print(f"ok     {sentence}" if problem is None else f"BROKEN {sentence}: {problem}")
        broken += problem is not None
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())

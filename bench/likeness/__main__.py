"""How like a speaker the clones of an engine are, beside its presets and the speaker; whether they
can still be understood, and what they cost. See `README.md` for what this does not show.

    python -m bench.likeness [--quick] [--engine espeak] [--closeness 0,0.5,1] [--folder DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from platformdirs import user_cache_path
from rich.console import Console
from rich.progress import track

from bench.likeness.references import FLITE, TARGETS, Target, missing
from bench.likeness.report import singly, speeds, table
from bench.likeness.trial import Outcome, Trial
from polyvox.domain.errors import PolyvoxError
from polyvox.engines.contract import capabilities
from polyvox.engines.registry import Registry


def main() -> None:
    asked = _arguments()
    targets = _targets(asked.quick)
    try:
        engine = Registry().synthesizer(asked.engine)()
        if "enroll" not in capabilities(type(engine)):
            sys.exit(f"Engine '{asked.engine}' does not clone.")
        engine.load("cpu")
    except PolyvoxError as error:
        sys.exit(error.message)
    trial = Trial(engine, asked.closeness, asked.folder, asked.quick)
    trial.prepare(_shown(targets, "Recording the targets"))
    outcomes = [trial.outcome(each) for each in _shown(targets, "Cloning and judging")]
    if asked.verbose:
        print("\n".join(singly(outcomes)), end="\n\n")
    for title, group in _groups(outcomes):
        print("\n".join(table(title, group)), end="\n\n")
    print(
        f"By chance {100 / len(targets):.0f} % are named, {trial.guessed:.0f} % of words right.\n"
    )
    print("\n".join(speeds(outcomes)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="flite's voices and fewer sentences")
    parser.add_argument("--engine", default="espeak")
    parser.add_argument("--closeness", type=_numbers, default=(0.0, 0.5, 1.0), help="0 to 1, ...")
    parser.add_argument(
        "--folder",
        type=Path,
        default=user_cache_path("polyvox") / "bench-likeness",
        help="where the recordings of the targets are kept",
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each target, too")
    return parser.parse_args()


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))


def _targets(quick: bool) -> list[Target]:
    """Those that are installed; says how to get the others."""
    wanted = [each for each in TARGETS if not quick or each.synthesizer == FLITE]
    absent = missing(wanted)
    for each in absent:
        print(f"left out: {each.name}, which needs apt-get install {each.packages}")
    found = [each for each in wanted if each not in absent]
    if not any(each.synthesizer == FLITE for each in found):
        sys.exit("Without flite there is nobody to compare with: apt-get install flite")
    return found


def _groups(outcomes: Sequence[Outcome]) -> Iterable[tuple[str, list[Outcome]]]:
    for untouched, name in ((False, "targets that methods were chosen on"), (True, "untouched")):
        group = [each for each in outcomes if each.target.untouched == untouched]
        if group:
            yield f"{len(group)} {name}", group


def _shown(targets: Sequence[Target], what: str) -> Iterable[Target]:
    """With a bar, on a terminal."""
    console = Console(stderr=True)
    return track(targets, what, console=console, disable=not console.is_terminal)


if __name__ == "__main__":
    main()

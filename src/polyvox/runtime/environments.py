"""Python environments of engines whose packages must not mix with the server's: made by pip in a
folder each, checked by a real import, removed with their folder.

An environment imports Polyvox's engine side through a link to the package that runs now, so an
upgrade of the server needs no other; it holds NumPy and what the engine's class `requires`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import polyvox
from polyvox.domain.errors import Unavailable
from polyvox.engines.contract import Engine

_READY = "ready.json"
_PACKAGE = "package"
_NUMPY = "numpy>=1.26"
_ROOM = 1_000_000_000
"""Bytes that must be free beside what the packages need."""
Tell = Callable[[str], None]


class Environments:
    """Those below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def python(self, engine: type[Engine]) -> Path | None:
        """The interpreter of a finished environment, up to date with what the engine requires."""
        home = self._home(engine.name)
        try:
            made = json.loads((home / _READY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return _interpreter(home) if made.get("requires") == list(engine.requires) else None

    def path(self, engine: type[Engine]) -> Path:
        """The folder from which the environment imports Polyvox."""
        return self._home(engine.name) / _PACKAGE

    def install(self, engine: type[Engine], tell: Tell) -> Path:
        """Make the environment, or finish one that was begun; `tell` gets a line now and then.

        What pip has fetched before is not fetched again. Raises Unavailable with what to do.
        """
        home = self._home(engine.name)
        self._check_room(engine)
        (home / _READY).unlink(missing_ok=True)
        python = _interpreter(home)
        if not python.exists():
            tell(f"making an environment in {home}")
            home.mkdir(parents=True, exist_ok=True)
            _run([sys.executable, "-m", "venv", str(home)], tell)
        _link(Path(polyvox.__file__).parent, self.path(engine))
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
        for step in _steps(engine):
            tell(f"installing {' '.join(step)}")
            _run([*pip, *step], tell)
        tell("checking that it imports")
        self._check(engine, python)
        made = {"requires": list(engine.requires), "python": sys.version.split()[0]}
        (home / _READY).write_text(json.dumps(made), encoding="utf-8")
        return python

    def remove(self, engine: type[Engine]) -> bool:
        """Whether there was one."""
        home = self._home(engine.name)
        there = home.exists()
        shutil.rmtree(home, ignore_errors=True)
        return there

    def _home(self, engine: str) -> Path:
        return self._folder / engine

    def _check_room(self, engine: type[Engine]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        needed = _ROOM + engine.environment_gigabytes * 1e9
        if free < needed:
            raise Unavailable(
                f"The environment of '{engine.name}' needs {needed / 1e9:.1f} GB in "
                f"{self._folder}, and {free / 1e9:.1f} GB are free."
            )

    def _check(self, engine: type[Engine], python: Path) -> None:
        """Raises Unavailable when the packages do not import in their environment."""
        program = f"import importlib; [importlib.import_module(n) for n in {engine.imports!r}]"
        variables = {**os.environ, "PYTHONPATH": str(self.path(engine)), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [str(python), "-c", f"import polyvox.runtime.host\n{program}"],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(
                f"The packages of '{engine.name}' are installed but do not import: {last}"
            )


def _steps(engine: type[Engine]) -> Sequence[Sequence[str]]:
    """What pip is asked for, one after the other: packages that bring what they need, then those
    that must not (`--no-deps`)."""
    alone = [each.removeprefix("--no-deps ") for each in engine.requires if "--no-deps" in each]
    whole = [each for each in engine.requires if "--no-deps" not in each]
    steps = [[_NUMPY, *whole]]
    return [*steps, ["--no-deps", *alone]] if alone else steps


def _interpreter(home: Path) -> Path:
    windows = home / "Scripts" / "python.exe"
    return windows if os.name == "nt" else home / "bin" / "python"


def _link(package: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / package.name
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        shutil.rmtree(link)
    try:
        link.symlink_to(package, target_is_directory=True)
    except OSError:  # a system that does not allow links
        shutil.copytree(package, link)


def _run(command: Sequence[str], tell: Tell) -> None:
    """Runs to its end and tells its lines. Raises Unavailable with the last ones."""
    with subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines = [*lines[-20:], line.rstrip()]
            tell(line.rstrip())
    if process.returncode:
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise Unavailable(
            f"It could not be installed: {' '.join(errors)} Run the command again to go on where "
            "it stopped; check the network and the free disk space first."
        )

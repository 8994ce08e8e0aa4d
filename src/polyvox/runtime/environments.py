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
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import polyvox
from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.engines.contract import Engine
from polyvox.runtime import pip

_READY = "ready.json"
_PACKAGE = "package"
_NUMPY = "numpy>=1.26"
_ROOM = 1_000_000_000
"""Bytes that must be free beside what the packages need."""
_IMPORTING = """
import importlib, sys
import polyvox.runtime.host
for name in sys.argv[1:]:
    module, _, function = name.partition(":")
    found = importlib.import_module(module)
    if function:
        getattr(found, function)()
"""


class Environments:
    """Those below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def python(self, engine: type[Engine]) -> Path | None:
        """The interpreter of a finished environment, up to date with what the engine requires and
        with the Python that it was made from."""
        home = self._home(engine.name)
        python = pip.interpreter(home)
        try:
            made = json.loads((home / _READY).read_text(encoding="utf-8"))
            origin = str(python.resolve(strict=True))
        except (OSError, ValueError):
            return None
        same = made.get("requires") == list(engine.requires)
        return python if same and made.get("origin", origin) == origin else None

    def path(self, engine: type[Engine]) -> Path:
        """The folder from which the environment imports Polyvox."""
        folder = self._home(engine.name) / _PACKAGE
        package = Path(polyvox.__file__).parent
        link = folder / package.name
        if link.is_symlink() and link.resolve() != package.resolve():
            _link(package, link)
        return folder

    def install(
        self,
        engine: type[Engine],
        tell: pip.Tell,
        *,
        python: str | None = None,
        constraints: Path | None = None,
    ) -> Path:
        """Make the environment, or finish one that was begun; `tell` gets a line now and then.

        `python` names an interpreter to make it from, `constraints` a file of versions to keep to,
        as pip reads it.

        What pip has fetched before is not fetched again. Raises Unavailable with what to do.
        """
        if constraints and not constraints.is_file():
            raise InvalidInput(f"There is no file {constraints}.", param="constraint")
        if python:
            pip.version(python)
        home = self._home(engine.name)
        try:
            self._check_room(engine)
            (home / _READY).unlink(missing_ok=True)
            self._fill(engine, python, constraints, tell)
            tell("checking that it imports")
            self._check(engine)
            own = pip.interpreter(home)
            made = {"requires": list(engine.requires), "origin": str(own.resolve())}
            (home / _READY).write_text(json.dumps(made), encoding="utf-8")
        except OSError as error:
            raise Unavailable(
                f"{home} cannot be written: {error.strerror or error}. Mend this, then run the "
                "command again."
            ) from error
        return own

    def remove(self, engine: type[Engine]) -> bool:
        """Whether there was one."""
        home = self._home(engine.name)
        there = home.exists()
        (home / _READY).unlink(missing_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        return there

    def _fill(
        self, engine: type[Engine], python: str | None, constraints: Path | None, tell: pip.Tell
    ) -> None:
        home, package = self._home(engine.name), Path(polyvox.__file__).parent
        home.mkdir(parents=True, exist_ok=True)
        pip.make(python, home, tell)
        (home / _PACKAGE).mkdir(exist_ok=True)
        _link(package, home / _PACKAGE / package.name)
        for step in _steps(engine):
            pip.install(home, step, constraints, tell)

    def _home(self, engine: str) -> Path:
        return self._folder / engine

    def _check_room(self, engine: type[Engine]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        files = self._home(engine.name).rglob("*")
        here = sum(path.lstat().st_size for path in files if not path.is_dir())
        needed = _ROOM + max(0, engine.environment_gigabytes * 1e9 - here)
        if free < needed:
            raise Unavailable(
                f"The environment of '{engine.name}' needs {needed / 1e9:.1f} GB in "
                f"{self._folder}, and {free / 1e9:.1f} GB are free."
            )

    def _check(self, engine: type[Engine]) -> None:
        """Raises Unavailable when the packages do not import in their environment."""
        python = pip.interpreter(self._home(engine.name))
        variables = {**os.environ, "PYTHONPATH": str(self.path(engine)), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [str(python), "-c", _IMPORTING, *engine.imports],
            env=variables,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise Unavailable(
                f"The packages of '{engine.name}' are installed but do not import: "
                f"{_reason(done.stderr)} Run `polyvox engines remove {engine.name}` and install "
                "it again; if that does not help, name versions that fit by --constraint."
            )


def _reason(traceback: str) -> str:
    """What stands below the last line of a call: the error, which may take several lines."""
    lines = traceback.strip().splitlines()
    last = list(takewhile(lambda line: not line.startswith("  File "), reversed(lines)))
    said = [line for line in reversed(last) if not line.startswith("   ")]
    return " ".join(" ".join(said).split())[-500:] or "no reason was given."


def _steps(engine: type[Engine]) -> Sequence[Sequence[str]]:
    """What pip is asked for, one after the other: packages that bring what they need, then those
    that must not (`--no-deps`)."""
    alone = [each.removeprefix("--no-deps ") for each in engine.requires if "--no-deps" in each]
    whole = [each for each in engine.requires if "--no-deps" not in each]
    steps = [[_NUMPY, *whole]]
    return [*steps, ["--no-deps", *alone]] if alone else steps


def _link(package: Path, link: Path) -> None:
    """Makes `link` lead to `package`, or a copy of it on a system that does not allow links."""
    coming = link.with_name(f".{link.name}-{os.getpid()}")
    try:
        coming.symlink_to(package, target_is_directory=True)
    except OSError:
        shutil.copytree(package, coming)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    coming.replace(link)

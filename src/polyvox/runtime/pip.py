"""Makes a Python environment and has pip fill it, telling line by line how far it is, and in the
end what a user can do about an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from polyvox.domain.errors import InvalidInput, Unavailable

Tell = Callable[[str], None]
_OLDEST = (3, 10)
_AGAIN = "Run the command again to go on where it stopped"
_ASKS = "import sys; print('.'.join(map(str, sys.version_info[:2])))"


def interpreter(home: Path) -> Path:
    """Of the environment in `home`."""
    windows = home / "Scripts" / "python.exe"
    return windows if os.name == "nt" else home / "bin" / "python"


def version(python: str) -> str:
    """Such as 3.12. Raises InvalidInput when it cannot run the engine side of Polyvox."""
    try:
        done = subprocess.run([python, "-c", _ASKS], capture_output=True, text=True, check=True)
        found = tuple(int(number) for number in done.stdout.strip().split("."))
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise InvalidInput(f"{python} is no Python that can be run.", param="python") from error
    if found < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise InvalidInput(
            f"{python} is Python {done.stdout.strip()}; {oldest} or newer is needed.",
            param="python",
        )
    return done.stdout.strip()


def make(python: str | None, home: Path, tell: Tell) -> None:
    """An environment in `home`, unless there is one that works and is of the version that
    `python` has. None stands for any; a new one is then made from the Python that runs."""
    ours = interpreter(home)
    if _has_pip(ours) and (python is None or version(str(ours)) == version(python)):
        return
    python = python or sys.executable
    tell(f"making an environment in {home}")
    _run(
        [python, "-m", "venv", "--clear", str(home)],
        tell,
        os.environ,
        f"Install the parts of {python} that make environments (venv and ensurepip; on Debian "
        "and Ubuntu the package python3-venv), or name another by --python.",
    )


def install(home: Path, packages: Sequence[str], constraints: Path | None, tell: Tell) -> None:
    """Has pip install `packages` there. It unpacks beside them, where there is room, and keeps to
    `constraints`, a file of versions, besides its own settings (PIP_CONSTRAINT, PIP_INDEX_URL, …).

    Raises Unavailable with what to do.
    """
    command = [str(interpreter(home)), "-m", "pip", "--disable-pip-version-check", "install"]
    if constraints:
        command += ["--constraint", str(constraints)]
    for left in home.glob(".unpacking-*"):
        shutil.rmtree(left, ignore_errors=True)
    tell(f"installing {' '.join(packages)}")
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=home) as folder:
        variables = {**os.environ, "TMPDIR": folder}
        advice = f"{_AGAIN}; check the network and the free disk space first."
        _run([*command, *packages], tell, variables, advice)


def _has_pip(python: Path) -> bool:
    try:
        done = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def _run(command: Sequence[str], tell: Tell, variables: Mapping[str, str], advice: str) -> None:
    """Runs to its end and tells its lines. Raises Unavailable with the last ones and `advice`."""
    with subprocess.Popen(
        list(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=dict(variables),
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines = [*lines[-20:], line.strip()]
            tell(line.rstrip())
    if process.returncode:
        errors = [line for line in lines if line.startswith(("ERROR", "Error"))] or lines[-3:]
        said = " ".join(errors).rstrip(".")
        raise Unavailable(f"It could not be installed: {said}. {advice}")

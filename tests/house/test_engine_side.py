"""The engine side runs inside engines' own environments, which have NumPy and little else."""

import os
import subprocess
import sys
from pathlib import Path

import numpy

import polyvox

_PROGRAM = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in allowed and name.split(".")[0] not in sys.stdlib_module_names:
            raise ImportError(f"{name} is not there")

allowed = {"polyvox", "numpy"}
sys.meta_path.insert(0, Refuse())
import polyvox.engines.check, polyvox.engines.registry, polyvox.runtime.host, polyvox.runtime.wire
from polyvox.engines.registry import BUILT_IN, Registry
for name in BUILT_IN:
    Registry().find(name)
print("fine")
"""


def test_the_engine_side_needs_nothing_but_numpy() -> None:
    places = (Path(polyvox.__file__).parents[1], Path(numpy.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-c", _PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr


def test_the_engine_side_keeps_to_python_3_10() -> None:
    import ast

    source = Path(polyvox.__file__).parent
    files = [*(source / "domain").rglob("*.py"), *(source / "engines").rglob("*.py")]
    files += [source / "runtime" / "wire.py", source / "runtime" / "host.py"]
    files += [source / "runtime" / "gathering.py"]
    for path in files:
        text = path.read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 10))
        for newer in ("typing import Self", "StrEnum", "tomllib", "asyncio.timeout(10"):
            assert newer not in text, f"{path} uses {newer}"


def test_importing_polyvox_loads_nothing() -> None:
    program = "import sys, polyvox; print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    for library in ("numpy", "av", "fastapi", "sqlalchemy", "typer", "pydantic"):
        assert f"'{library}'" not in done.stdout

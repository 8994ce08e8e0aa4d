"""An engine's environment is made by pip in a folder of its own, checked, used and removed."""

import json
import os
import sys
from pathlib import Path

import pytest

from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.engines.registry import Registry
from polyvox.runtime.environments import Environments
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Pool

pytestmark = pytest.mark.engines

ENGINE = """
from polyvox.engines.tone import Tone


class Lonely(Tone):
    name = "lonely"
    requires = ({requires})
    imports = ("{imports}",)
    separate = True

    def load(self, device):
        import {imports}
        import sys

        assert "fastapi" not in sys.modules
        assert sys.prefix.endswith("lonely"), sys.prefix
"""


def lonely(folder: Path, requires: str, imports: str) -> Registry:
    text = ENGINE.format(requires=requires, imports=imports)
    (folder / "lonely.py").write_text(text, encoding="utf-8")
    return Registry(folder)


async def test_an_engine_speaks_from_an_environment_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "engines").mkdir()
    registry = lonely(tmp_path / "engines", '"six>=1.16", "--no-deps wrapt>=1.14"', "six")
    engine = registry.synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    assert made.python(engine) is None
    told: list[str] = []
    python = made.install(engine, told.append)
    assert made.python(engine) == python
    assert any("six" in line for line in told)
    launch = Launch("lonely", python=python, path=made.path(engine), folder=tmp_path / "engines")
    pool = Pool(lambda _: launch)
    voice = Voice("x", "x", "lonely", PRESET, "low")
    try:
        chunks = [chunk async for chunk in pool.speak("lonely", Segment("Hi.", "en"), voice, {})]
    finally:
        await pool.close()
    assert sum(chunk.duration for chunk in chunks) == pytest.approx(0.3)

    newer = lonely(tmp_path / "engines", '"six>=1.17",', "six").synthesizer("lonely")
    assert made.python(newer) is None, "made for other requirements"
    assert made.remove(engine)
    assert not made.remove(engine)
    assert made.python(engine) is None


def test_what_cannot_be_installed_says_what_to_do(tmp_path: Path) -> None:
    registry = lonely(tmp_path, '"no-such-package-anywhere-at-all",', "six")
    made = Environments(tmp_path / "environments")
    with pytest.raises(Unavailable, match="Run the command again") as refused:
        made.install(registry.synthesizer("lonely"), lambda _: None)
    assert "no-such-package-anywhere-at-all" in refused.value.message
    assert made.python(registry.synthesizer("lonely")) is None


def test_packages_that_do_not_import_are_not_called_ready(tmp_path: Path) -> None:
    registry = lonely(tmp_path, '"six",', "no_such_module")
    made = Environments(tmp_path / "environments")
    with pytest.raises(Unavailable, match=r"No module named 'no_such_module'.*--constraint"):
        made.install(registry.synthesizer("lonely"), lambda _: None)
    assert made.python(registry.synthesizer("lonely")) is None


def test_a_disk_that_is_too_small_is_said_before(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    engine.environment_gigabytes = 1e6
    with pytest.raises(Unavailable, match="GB are free"):
        Environments(tmp_path / "environments").install(engine, lambda _: None)


def test_the_operator_says_which_versions(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    versions = tmp_path / "versions.txt"
    with pytest.raises(InvalidInput, match="There is no file"):
        made.install(engine, lambda _: None, constraints=versions)
    versions.write_text("six==1.16.0\n", encoding="utf-8")
    told: list[str] = []
    made.install(engine, told.append, constraints=versions)
    assert any("six-1.16.0" in line for line in told)
    assert made.python(engine)


def test_what_is_no_python_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\necho 3.8\n", encoding="utf-8")
    old.chmod(0o755)
    for python, said in (("/bin/false", "no Python"), ("/gone", "no Python"), (str(old), "3.10")):
        with pytest.raises(InvalidInput, match=said):
            made.install(engine, lambda _: None, python=python)
    assert not (tmp_path / "environments").exists()


def test_an_environment_keeps_the_python_that_was_named(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    named = Path(sys.executable).resolve()
    python = made.install(engine, lambda _: None, python=str(named))
    assert python.resolve() == named
    (tmp_path / "environments" / "lonely" / "kept").touch()
    told: list[str] = []
    made.install(engine, told.append)
    assert (tmp_path / "environments" / "lonely" / "kept").exists()
    assert not any("making" in line for line in told)


def test_an_environment_whose_python_has_gone_is_made_anew(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    python = made.install(engine, lambda _: None)
    python.unlink()
    python.symlink_to(tmp_path / "removed-by-an-upgrade")
    assert made.python(engine) is None
    assert made.install(engine, lambda _: None) == made.python(engine)
    ready = tmp_path / "environments" / "lonely" / "ready.json"
    content = json.loads(ready.read_text(encoding="utf-8"))
    ready.write_text(json.dumps({**content, "origin": "/usr/bin/python3.9"}), encoding="utf-8")
    assert made.python(engine) is None, "made from another Python than it leads to now"


def test_an_environment_follows_the_package_that_runs(tmp_path: Path) -> None:
    import polyvox

    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    made = Environments(tmp_path / "environments")
    made.install(engine, lambda _: None)
    link = made.path(engine) / "polyvox"
    link.unlink()
    link.symlink_to(tmp_path / "where it was before")
    package = Path(polyvox.__file__).parent
    assert (made.path(engine) / "polyvox").resolve() == package
    assert os.listdir(made.path(engine)) == ["polyvox"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "lonely").write_text("a file in its place", encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot be written"):
        Environments(tmp_path / "environments").install(engine, lambda _: None)

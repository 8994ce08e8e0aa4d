"""An engine's environment is made by pip in a folder of its own, checked, used and removed."""

from pathlib import Path

import pytest

from polyvox.domain.errors import Unavailable
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
    with pytest.raises(Unavailable, match="no_such_module"):
        made.install(registry.synthesizer("lonely"), lambda _: None)
    assert made.python(registry.synthesizer("lonely")) is None


def test_a_disk_that_is_too_small_is_said_before(tmp_path: Path) -> None:
    engine = lonely(tmp_path, '"six",', "six").synthesizer("lonely")
    engine.environment_gigabytes = 1e6
    with pytest.raises(Unavailable, match="GB are free"):
        Environments(tmp_path / "environments").install(engine, lambda _: None)

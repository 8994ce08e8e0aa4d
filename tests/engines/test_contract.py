"""Every engine of the package keeps the contract; `check` notices one that does not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import NotFound, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Speaker, Voice
from polyvox.engines.check import check
from polyvox.engines.contract import Engine, NoOptions, Synthesizer, capabilities
from polyvox.engines.registry import BUILT_IN, Registry

EMBEDDED = ("espeak", "tone")
"""Those that need neither packages of their own nor another server; the others have tests of their
own that run the same check."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_engine_says_what_it_needs(name: str) -> None:
    engine = Registry().find(name)
    needs = engine.separate or engine.Settings is not NoOptions
    assert needs == (name not in EMBEDDED)
    assert set(engine.weights) <= set(engine.models)
    assert all(each.files for each in engine.weights.values())


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_engine_keeps_the_contract(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "polyvox.engines.check", name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok     ") >= 10
    assert "BROKEN" not in done.stdout


class Loud(Synthesizer):
    """Breaks what can be broken."""

    name = "loud"
    version = "1"
    summary = "Too loud, all at once, at another rate."
    licence = "none"
    languages = ("en",)
    speakers = (Speaker("one", "neutral", "loud"),)
    sample_rate = 16000
    max_characters = 10
    deterministic = True

    def synthesize(self, segment: Segment, voice: Voice, options: Any) -> Iterator[AudioChunk]:
        noise = np.random.default_rng().uniform(-2, 2, 32000).astype(np.float32)
        yield AudioChunk(noise, 8000)


def test_check_names_each_broken_rule() -> None:
    broken = [sentence for sentence, problem in check(Loud) if problem]
    assert len(broken) == 3
    assert any("within -1 and 1" in sentence for sentence in broken)
    assert any("first chunk" in sentence for sentence in broken)
    assert any("deterministic" in sentence for sentence in broken)


def test_an_engine_can_do_what_it_defines() -> None:
    assert capabilities(Loud) == ("synthesize",)
    assert capabilities(Engine) == ()


def test_a_file_in_the_folder_is_an_engine(tmp_path: Path) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    (tmp_path / "loud.py").write_text(source, encoding="utf-8")
    registry = Registry(tmp_path)
    assert list(registry) == [*BUILT_IN, "loud"]
    assert registry.synthesizer("loud").sample_rate == 16000


def test_an_unknown_engine_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(NotFound, match="espeak"):
        Registry().find("espaek")


def test_an_engine_whose_file_cannot_be_imported_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_package\n", encoding="utf-8")
    with pytest.raises(Unavailable, match="no_such_package"):
        Registry(tmp_path).find("broken")

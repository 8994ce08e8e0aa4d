"""Every engine of the package keeps the contract; `check` notices one that does not."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Speaker, Voice
from polyvox.engines.check import check
from polyvox.engines.check.subject import Subject
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


class Louder(Synthesizer):
    """Converts: makes speech as loud as a voice, which is all it knows of one."""

    name = "louder"
    version = "1"
    summary = "Makes speech as loud as a voice."
    licence = "none"
    languages = ()
    speakers = ()
    sample_rate = 16000
    reference_rate = 16000
    max_characters = 0
    deterministic = True
    fault = ""

    def enroll(self, reference: Reference) -> bytes:
        loudness, crossings = np.abs(reference.samples).max(), np.diff(reference.samples > 0).sum()
        if loudness < 0.001:
            raise InvalidInput("Nobody speaks.")
        return b"louder" + int(crossings).to_bytes(4, "big")

    def convert(self, source: Reference, voice: Voice, options: Any) -> Iterator[AudioChunk]:
        state = voice.state or b""
        if not state.startswith(b"louder"):
            raise InvalidInput("Not one of these voices.")
        level = 0.5 if self.fault == "deaf" else int.from_bytes(state[6:], "big") % 9973 / 9973
        moments = np.arange(0, len(source.samples), source.sample_rate / self.sample_rate)
        heard = np.interp(moments, np.arange(len(source.samples)), source.samples) * level
        heard += 0.1 if self.fault == "noisy" else 0
        heard = heard[: len(heard) // 2] if self.fault == "short" else heard
        for first in range(0, len(heard), 2000):
            yield AudioChunk(heard[first : first + 2000].astype(np.float32), self.sample_rate)


def test_what_converts_without_speaking_can_keep_the_contract() -> None:
    assert [each for each in check(Louder) if each[1]] == []
    assert capabilities(Louder) == ("enroll", "convert")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("short", "2.000 s of 4 s"),
        ("noisy", "heard where the source is silent"),
        ("deaf", "another voice sounds the same"),
    ],
)
def test_check_names_what_a_converter_does_wrong(fault: str, problem: str) -> None:
    broken = [said for _, said in check(type("Faulty", (Louder,), {"fault": fault})) if said]
    assert len(broken) == 1
    assert problem in broken[0]


def test_a_converter_leaves_languages_to_who_speaks_for_it() -> None:
    broken = [
        said for _, said in check(type("Boasting", (Louder,), {"languages": ("en",)})) if said
    ]
    assert broken == ["it tells languages or a length, which are those of who speaks for it"]


class Either(Louder):
    """Of its two models one speaks with presets and the other clones and converts."""

    models = ("presets", "clones")
    speakers = (Speaker("one", "neutral", "plain"),)
    abilities: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "presets": ("presets",),
        "clones": ("enroll", "convert"),
    }


def test_check_asks_of_a_model_what_that_model_is_able_to() -> None:
    clones, presets = (
        Subject(type("Model", (Either,), {"model": name})) for name in ("clones", "presets")
    )
    assert clones.preset().kind == CLONED
    assert presets.preset().kind == PRESET
    able = ["presets", "enroll", "convert", "synthesize"]
    assert [clones.can(what) for what in able] == [False, True, True, False]
    assert [presets.can(what) for what in able] == [True, False, False, False]


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

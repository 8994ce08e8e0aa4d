"""Qwen3-TTS's fast path through the real packages, on a CPU: the same steps as on a GPU, but
started one by one where a GPU replays their graph. The plain package is what it must equal."""

import gc
import hashlib
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from polyvox.domain.errors import EngineFailed, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines import check as contract
from polyvox.engines.contract import Line, Synthesizer
from polyvox.engines.options import option
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.engines.qwen3.graphs import Drawing, Graphs
from polyvox.engines.qwen3.quick import quick

pytestmark = pytest.mark.filterwarnings("ignore")
SCRIPT = Path(__file__).parent / "checkpoints" / "qwen3.py"
PRESETS, CLONES = "qwen3-tts-1.7b-preset", "qwen3-tts-1.7b-voice-clone"
DESIGNS = "qwen3-tts-1.7b-voice-design"
HELLO = Segment("Hello there, how are you?", "en", seed=3)
RYAN = Voice("Ryan", "Ryan", "qwen3", PRESET, "Ryan")
LONG = 61
"""Most tokens of a line, if nothing else is said: sixty frames."""


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen3")
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return folder


def started(folder: Path, model: str, **settings: Any) -> Qwen3:
    engine = Qwen3()
    engine.model, engine.folder = model, folder
    engine.settings = Qwen3.Settings(**settings)
    engine.load("cpu")
    return engine


@dataclass(frozen=True)
class Pair:
    """The same model, spoken by the package and fast."""

    plain: Qwen3
    fast: Qwen3

    def check_same(self, voice: Voice = RYAN, seeds: range = range(3), **options: Any) -> None:
        """That they say the same, which is something."""
        lengths = []
        for seed in seeds:
            segment = replace(HELLO, seed=seed)
            plain, fast = (frames(each, voice, segment, **options) for each in self.both)
            assert np.array_equal(plain, fast)
            lengths.append(len(plain))
        assert max(lengths) > 10

    @property
    def both(self) -> tuple[Qwen3, Qwen3]:
        return self.plain, self.fast


def pair(checkpoints: Path, model: str) -> Pair:
    folder = checkpoints / model
    return Pair(started(folder, model, fast="no"), started(folder, model, fast="yes"))


@pytest.fixture(scope="session")
def presets(checkpoints: Path) -> Pair:
    return pair(checkpoints, PRESETS)


@pytest.fixture(scope="session")
def clones(checkpoints: Path) -> Pair:
    return pair(checkpoints, CLONES)


@pytest.fixture(scope="session")
def designs(checkpoints: Path) -> Pair:
    return pair(checkpoints, DESIGNS)


def frames(
    engine: Qwen3, voice: Voice = RYAN, segment: Segment = HELLO, most: int = LONG, **options: Any
) -> Any:
    """All frames of a line; (frames, codebooks)."""
    given = asdict(Qwen3.Options(max_new_tokens=most, **options))
    told = engine._talker.frames([engine._take(segment, voice)], given)
    return np.stack([frame for _, frame in told if frame is not None])


def long_line(engine: Qwen3, most: int = LONG) -> Segment:
    """One that the random model does not end before it must."""
    for seed in range(40):
        segment = replace(HELLO, seed=seed)
        if len(frames(engine, segment=segment, most=most)) == most - 1:
            return segment
    raise AssertionError("the random model is always brief")


def made(state: bytes) -> Voice:
    digest = hashlib.sha256(state).hexdigest()
    return Voice(digest, "made", "qwen3", CLONED, digest=digest, state=state)


def recording(transcript: str | None = None) -> Reference:
    moments = np.arange(72000) / 24000
    hum = np.sin(2 * np.pi * 150 * moments) * (1 + 0.5 * np.sin(2 * np.pi * 3 * moments))
    return Reference((0.3 * hum).astype(np.float32), 24000, transcript, "en")


@dataclass
class Counted:
    """How often a module was asked."""

    times: int = 0


@pytest.fixture
def count() -> Iterator[Any]:
    hooks = []

    def counting(module: Any) -> Counted:
        counted = Counted()

        def add(*_: Any) -> None:
            counted.times += 1

        hooks.append(module.register_forward_hook(add))
        return counted

    yield counting
    for hook in hooks:
        hook.remove()


# The same as the plain package

LIKELIEST = {"do_sample": False, "subtalker_dosample": False}


@pytest.mark.parametrize("options", [LIKELIEST, {}])
def test_presets_say_what_the_plain_package_says(presets: Pair, options: dict[str, Any]) -> None:
    presets.check_same(**options)
    presets.check_same(replace(RYAN, speaker="Serena"), **options)


@pytest.mark.parametrize("options", [LIKELIEST, {}])
@pytest.mark.parametrize("transcript", [None, "This is the reference."])
def test_clones_say_what_the_plain_package_says(
    clones: Pair, transcript: str | None, options: dict[str, Any]
) -> None:
    plain, fast = (each.enroll(recording(transcript)) for each in clones.both)
    assert plain == fast
    clones.check_same(made(plain), **options)


@pytest.mark.parametrize("options", [LIKELIEST, {}])
def test_designs_say_what_the_plain_package_says(
    designs: Pair, clones: Pair, options: dict[str, Any]
) -> None:
    wish = ("A calm old man.", "en", {}, "Good morning to you all, my friends.")
    plain, fast = (each.design(*wish) for each in designs.both)
    assert plain == fast
    designs.check_same(made(plain.state), **options)
    clones.check_same(made(plain.state), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"do_sample": False},
        {"subtalker_dosample": False},
        {"temperature": 0.3, "subtalker_temperature": 0.5},
        {"temperature": 1.0, "subtalker_temperature": 1.0},
        {"top_k": 0, "subtalker_top_k": 0},
        {"top_k": 3, "subtalker_top_k": 3},
        {"top_p": 0.6},
        {"subtalker_top_p": 0.6},
        {"repetition_penalty": 1.0},
        {"repetition_penalty": 4.0},
    ],
)
def test_each_option_draws_as_in_the_plain_package(presets: Pair, options: dict[str, Any]) -> None:
    presets.check_same(**options)


def test_the_sound_is_that_of_the_plain_package(presets: Pair) -> None:
    segment, options = long_line(presets.plain), Qwen3.Options(max_new_tokens=LONG)
    plain, fast = (list(each.synthesize(segment, RYAN, options)) for each in presets.both)
    assert [len(each.samples) for each in plain] == [len(each.samples) for each in fast]
    for one, other in zip(plain, fast, strict=True):
        assert np.array_equal(one.samples, other.samples)


def test_a_seed_repeats_itself(presets: Pair) -> None:
    segment = long_line(presets.fast)
    first = frames(presets.fast, segment=segment)
    frames(presets.fast, segment=replace(segment, seed=99), temperature=0.4)
    assert np.array_equal(frames(presets.fast, segment=segment), first)
    other = frames(presets.fast, segment=replace(segment, seed=segment.seed + 1))
    assert not np.array_equal(other, first)


# Which way a line goes


def test_a_line_alone_does_not_go_through_the_plain_generation(presets: Pair, count: Any) -> None:
    asked = count(presets.fast._package.model.talker.code_predictor)
    frames(presets.fast)
    assert asked.times == 0
    frames(presets.fast, subtalker_top_p=0.9)
    assert asked.times > 0, "a choice that is not the plain package's"


def test_lines_together_go_through_the_plain_generation(presets: Pair, count: Any) -> None:
    options = Qwen3.Options(max_new_tokens=12)
    lines = [Line(replace(HELLO, seed=seed), RYAN, options) for seed in (1, 2)]
    plain = list(presets.plain.synthesize_batch(lines))
    asked = count(presets.fast._package.model.talker.code_predictor)
    fast = list(presets.fast.synthesize_batch(lines))
    assert asked.times > 0
    assert [index for index, _ in plain] == [index for index, _ in fast]
    for (_, one), (_, other) in zip(plain, fast, strict=True):
        assert (one is None) == (other is None)
        assert one is None or np.array_equal(one.samples, other.samples)  # type: ignore[union-attr]


def test_fast_is_for_gpus_unless_one_asks(checkpoints: Path, presets: Pair) -> None:
    assert started(checkpoints / PRESETS, PRESETS)._talker._quick is None
    assert presets.plain._talker._quick is None
    assert presets.fast._talker._quick is not None


def test_fast_without_its_package_says_what_to_install(
    presets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("faster_qwen3_tts")]:
        monkeypatch.setitem(sys.modules, name, None)
    model = presets.plain._package.model
    with pytest.raises(Unavailable, match="polyvox engines install qwen3"):
        quick(model, "yes", 128)
    assert quick(model, "no", 128) is None
    assert quick(model, "auto", 128) is None


def test_fast_without_the_memory_says_so(presets: Pair) -> None:
    with pytest.raises(Unavailable, match=r"cannot be fast: .*memory.* 'fast' to 'no'"):
        quick(presets.plain._package.model, "yes", 2**50)


# Limits


@pytest.mark.parametrize("positions", [8, 36, 70])
def test_a_line_that_outgrows_its_room_goes_on(
    checkpoints: Path, presets: Pair, positions: int
) -> None:
    """It begins with 36 positions, and has 60 more to come."""
    tight = started(checkpoints / PRESETS, PRESETS, fast="yes", fast_positions=positions)
    Pair(presets.plain, tight).check_same()
    Pair(presets.plain, tight).check_same(**LIKELIEST)
    tight.unload()


@pytest.mark.parametrize("most", [2, 3])
def test_the_fewest_tokens(presets: Pair, most: int) -> None:
    assert len(frames(presets.fast, most=most)) == most - 1
    assert np.array_equal(frames(presets.fast, most=most), frames(presets.plain, most=most))


def test_few_ways_of_drawing_are_kept(presets: Pair) -> None:
    assert presets.fast._talker._quick is not None
    kept = presets.fast._talker._quick._graphs.fine
    for top_k in range(1, 8):
        frames(presets.fast, most=3, subtalker_top_k=top_k)
    assert kept.cache_info().currsize == 4  # type: ignore[attr-defined]
    presets.check_same(subtalker_top_k=1)


def test_no_step_of_a_graph_waits_for_a_value(presets: Pair) -> None:
    """On a GPU that ends the capture; here PyTorch calculates without values, and would refuse."""
    import torch
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    graphs = Graphs(presets.fast._package.model, 64)
    ways = (Drawing(), Drawing(do_sample=False), Drawing(top_k=0), Drawing(temperature=1.0))
    made = [graphs.fine(way) for way in ways]
    with torch.inference_mode(), FakeTensorMode(allow_non_fake_inputs=True):
        graphs.sounds._decode_step()
        for fine in made:
            fine._full_loop()
        with pytest.raises(DataDependentOutputException):
            int(torch.zeros(1))


# Streaming and cancelling


def test_frames_come_while_they_are_made(presets: Pair, count: Any) -> None:
    segment = long_line(presets.fast)
    steps = count(presets.fast._package.model.talker.model)
    options = Qwen3.Options(max_new_tokens=LONG)
    stream = presets.fast._talker.frames([presets.fast._take(segment, RYAN)], asdict(options))
    next(stream)
    assert steps.times < LONG / 2
    assert len(list(stream)) == LONG - 1
    assert steps.times == LONG


def test_closing_ends_the_generation(presets: Pair, count: Any) -> None:
    segment, options = long_line(presets.fast), Qwen3.Options(max_new_tokens=LONG)
    stream = presets.fast.synthesize(segment, RYAN, options)
    next(stream)
    steps = count(presets.fast._package.model.talker.model)
    stream.close()  # type: ignore[attr-defined]
    assert steps.times <= 2
    assert "generate" not in vars(presets.fast._package.model.talker)
    presets.check_same()


def test_two_streams_in_turns_sound_as_alone(presets: Pair) -> None:
    options, other = Qwen3.Options(max_new_tokens=24), replace(HELLO, seed=9)
    alone = list(presets.plain.synthesize(HELLO, RYAN, options))
    stream = presets.fast.synthesize(HELLO, RYAN, options)
    begun = [next(stream)]
    list(presets.fast.synthesize(other, RYAN, options))
    begun += stream
    for one, its in zip(alone, begun, strict=True):
        assert np.array_equal(one.samples, its.samples)


def test_plain_and_fast_lines_take_turns(presets: Pair) -> None:
    """The talker keeps positions in itself: neither way may leave them to the other."""
    for _ in range(2):
        presets.check_same()
        presets.check_same(subtalker_top_p=0.6)


# Failures and numbers


def test_numbers_that_are_none_are_no_audio(checkpoints: Path, tmp_path: Path) -> None:
    tensors = load_file(checkpoints / PRESETS / "model.safetensors")
    for each in (checkpoints / PRESETS).iterdir():
        (tmp_path / each.name).symlink_to(each)
    (tmp_path / "model.safetensors").unlink()
    damaged = np.full_like(tensors["talker.codec_head.weight"], np.nan)
    tensors["talker.codec_head.weight"] = damaged
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    engine = started(tmp_path, PRESETS, fast="yes")
    with pytest.raises(EngineFailed, match="damaged"):
        frames(engine)
    engine.unload()


def test_bfloat16(checkpoints: Path) -> None:
    engine = started(checkpoints / PRESETS, PRESETS, fast="yes", precision="bfloat16")
    spoken = frames(engine, segment=long_line(engine))
    assert spoken.min() >= 0
    assert spoken.max() < 64
    assert np.array_equal(spoken, frames(engine, segment=long_line(engine)))
    assert engine._talker._quick is not None
    fine = engine._talker._quick._graphs.fine(Drawing())
    assert str(fine.dtype) == "torch.bfloat16"
    heard = fine.input_buf.to(fine.dtype)
    assert all(str(head(heard).dtype) == "torch.float32" for head in fine.lm_heads)
    engine.unload()


def test_unloading_lets_the_model_go(checkpoints: Path) -> None:
    engine = started(checkpoints / PRESETS, PRESETS, fast="yes")
    frames(engine)
    gc.collect()
    gc.disable()
    try:
        model = weakref.ref(engine._package.model.talker.model)
        engine.unload()
        assert model() is None
    finally:
        gc.enable()


# The contract


@dataclass(frozen=True)
class Few(Qwen3.Options):
    max_new_tokens: int = option(30, "", ge=2, le=8192)


def test_the_contract_holds(checkpoints: Path) -> None:
    class Fast(Qwen3):
        model, folder, Options = PRESETS, checkpoints / PRESETS, Few
        settings = Qwen3.Settings(fast="yes")
        enroll, design = Synthesizer.enroll, Synthesizer.design

    assert [(rule, problem) for rule, problem in contract.check(Fast) if problem] == []

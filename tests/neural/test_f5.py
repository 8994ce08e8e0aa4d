"""F5 through the real package and its real loaders, on a tiny random checkpoint."""

import os
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, load_file, save, save_file

from polyvox.domain.errors import EngineFailed, InvalidInput, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines import options as declared_options
from polyvox.engines.check import check
from polyvox.engines.contract import capabilities
from polyvox.engines.f5.engine import F5
from polyvox.engines.f5.pieces import laid_over, pieces
from polyvox.engines.f5.prompt import RATE, made_of, unpack

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = Path(__file__).parent / "checkpoints" / "f5.py"
SAID = "Some call me nature, others mother nature."
TEXT = "Hello there, world."
WEIGHTS = "F5TTS_v1_Base/model_1250000.safetensors"
VOCABULARY = "F5TTS_v1_Base/vocab.txt"
SHAPE = "F5TTS_v1_Base.yaml"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("weights") / "f5-tts"
    subprocess.run([sys.executable, str(SCRIPT), str(made)], check=True)
    return made


@pytest.fixture(scope="session")
def engine(folder: Path) -> F5:
    return loaded(folder)


@pytest.fixture(scope="session")
def voice(engine: F5) -> Voice:
    return cloned(engine.enroll(somebody()))


@pytest.fixture
def other(folder: Path, tmp_path: Path) -> Path:
    """Another folder of the same files, which a test may change one by one."""
    for path in folder.rglob("*.*"):
        target = tmp_path / path.relative_to(folder)
        target.parent.mkdir(exist_ok=True)
        os.link(path, target)
    return tmp_path


def loaded(folder: Path | None, device: str = "cpu") -> F5:
    made = F5()
    made.model, made.folder = "f5-tts", folder
    made.load(device)
    return made


def changed(path: Path, data: bytes | str) -> None:
    """Other content, without changing the file that `path` shares its content with."""
    path.unlink()
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def spoken(
    engine: F5, voice: Voice, text: str = TEXT, language: str = "en", seed: int = 7, **options: Any
) -> np.ndarray:
    chosen = F5.Options(**{"nfe_step": 5, **options})
    stream = engine.synthesize(Segment(text, language, seed), voice, chosen)
    return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in stream)])


def cloned(state: bytes) -> Voice:
    return Voice("clone", "clone", "f5", CLONED, state=state)


def somebody(seconds: float = 3, transcript: str | None = SAID) -> Reference:
    """A buzz with a changing height: enough for what the tiny network can hear."""
    at = np.arange(int(seconds * RATE)) / RATE
    buzz = np.sign(np.sin(2 * np.pi * (120 + 30 * np.sin(3 * at)) * at))
    return Reference((0.2 * buzz).astype(np.float32), RATE, transcript, "en")


def test_keeps_the_contract(folder: Path) -> None:
    class Tiny(F5):
        model = "f5-tts"

        @dataclass(frozen=True)
        class Options(F5.Options):
            nfe_step: int = declared_options.option(8, "So that it does not take minutes.")

    Tiny.folder = folder
    assert [each for each in check(Tiny) if each[1]] == []
    assert capabilities(F5) == ("synthesize", "enroll")


def test_speaks_as_the_package_does(engine: F5, voice: Voice) -> None:
    import torch
    from f5_tts.infer.utils_infer import infer_batch_process

    prompt = unpack(voice.state or b"")
    torch.manual_seed(7)
    audio = torch.from_numpy(prompt.audio)[None, :]
    network, vocoder = engine._network._network, engine._network._vocoder
    wave, rate, _ = next(
        infer_batch_process(
            (audio, RATE),
            prompt.transcript,
            [TEXT],
            network,
            vocoder,
            progress=None,
            nfe_step=5,
            device="cpu",
        )
    )
    assert rate == F5.sample_rate
    assert np.array_equal(spoken(engine, voice), np.clip(wave, -1, 1))


def test_yields_short_chunks(engine: F5, voice: Voice) -> None:
    stream = engine.synthesize(Segment(TEXT, "en", 7), voice, F5.Options(nfe_step=5))
    chunks = [chunk for chunk in stream if len(chunk.samples)]
    assert len(chunks) > 5
    assert max(chunk.duration for chunk in chunks) <= 0.2


def test_can_be_left_while_it_works(engine: F5, voice: Voice) -> None:
    stream = engine.synthesize(Segment(TEXT, "en", 7), voice, F5.Options(nfe_step=128))
    began = time.monotonic()
    assert not len(next(stream).samples)
    assert time.monotonic() - began < 0.5
    chunks = [len(chunk.samples) for chunk in stream]
    assert chunks == sorted(chunks[:-1], key=bool) + chunks[-1:]


def test_cancelling_stops_the_network(engine: F5, voice: Voice) -> None:
    usual = spoken(engine, voice)
    steps: list[int] = []
    hook = engine._network._network.transformer.register_forward_hook(lambda *_: steps.append(1))
    stream = engine.synthesize(Segment(TEXT * 2, "en", 7), voice, F5.Options(nfe_step=128))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    after = len(steps)
    time.sleep(0.1)
    hook.remove()
    assert len(steps) == after < 100
    assert np.array_equal(spoken(engine, voice), usual)


def test_cancelling_while_it_gives_out_sound(engine: F5, voice: Voice) -> None:
    stream = engine.synthesize(Segment(TEXT, "en", 7), voice, F5.Options(nfe_step=5))
    assert any(len(chunk.samples) for chunk in stream)
    stream.close()  # type: ignore[attr-defined]
    assert len(spoken(engine, voice))


def test_a_seed_decides_what_is_heard(engine: F5, voice: Voice) -> None:
    assert np.array_equal(spoken(engine, voice), spoken(engine, voice))
    assert not np.array_equal(spoken(engine, voice), spoken(engine, voice, seed=8))
    assert np.array_equal(spoken(engine, voice, seed=-1), spoken(engine, voice, seed=-1))


@pytest.mark.parametrize(
    "options",
    [{"nfe_step": 6}, {"cfg_strength": 0.0}, {"cfg_strength": 5}, {"sway_sampling_coef": 0.0}],
    ids=str,
)
def test_options_are_heard(engine: F5, voice: Voice, options: dict[str, Any]) -> None:
    assert not np.array_equal(spoken(engine, voice), spoken(engine, voice, **options))


@pytest.mark.parametrize("bound", ["ge", "le"])
@pytest.mark.parametrize("name", ["nfe_step", "cfg_strength", "sway_sampling_coef", "speed"])
def test_options_work_at_their_bounds(engine: F5, voice: Voice, name: str, bound: str) -> None:
    rule = F5.Options.__dataclass_fields__[name].metadata
    given = declared_options.check(F5.Options, {name: rule[bound]})
    assert len(spoken(engine, voice, **{name: getattr(given, name)}))


def test_speed_changes_the_length(engine: F5, voice: Voice) -> None:
    usual = len(spoken(engine, voice))
    assert len(spoken(engine, voice, speed=2.0)) == pytest.approx(usual / 2, rel=0.1)
    assert len(spoken(engine, voice, speed=0.5)) == pytest.approx(usual * 2, rel=0.1)


def test_text_and_recording_are_heard(engine: F5, voice: Voice) -> None:
    assert not np.array_equal(spoken(engine, voice), spoken(engine, voice, "Hello where, world."))
    quieter = replace(somebody(), samples=somebody().samples[::-1])
    another = cloned(engine.enroll(quieter))
    assert not np.array_equal(spoken(engine, voice), spoken(engine, another))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("你好，世界。", "zh"),
        ("Hi", "en"),
        ("7", "en-GB"),
        ("I say 你好\nin 1990; “yes”.", "zh-CN"),
    ],
)
def test_speaks_english_and_chinese(engine: F5, voice: Voice, text: str, language: str) -> None:
    sound = spoken(engine, voice, text, language)
    assert 0.01 < np.abs(sound).max() <= 1


def test_refuses_other_languages(engine: F5, voice: Voice) -> None:
    with pytest.raises(InvalidInput, match="does not speak 'sv'"):
        spoken(engine, voice, language="sv")


def test_refuses_letters_that_it_does_not_know(engine: F5, voice: Voice) -> None:
    with pytest.raises(InvalidInput, match="none of these letters"):
        spoken(engine, voice, "ᚠᚢᚦᚨᚱᚲ")
    with pytest.raises(InvalidInput, match="none of these letters"):
        engine.enroll(somebody(transcript="ᚠᚢᚦᚨᚱᚲ " * 3))


@pytest.mark.parametrize("text", ["", "   ", "...", "☃", '"', "\n"])
def test_says_nothing_where_nothing_sounds(engine: F5, voice: Voice, text: str) -> None:
    assert len(spoken(engine, voice, text)) == 0


def test_has_no_voice_of_its_own(engine: F5) -> None:
    with pytest.raises(InvalidInput, match="clone one first"):
        spoken(engine, Voice("default", "default", "f5", PRESET, "default"))


@pytest.mark.parametrize("text", ["One sentence, of some length. " * 20, "word " * 120, "我" * 150])
def test_pieces_fit_into_what_the_network_was_trained_for(voice: Voice, text: str) -> None:
    prompt = unpack(voice.state or b"")
    for speed in (0.3, 1, 2):
        cut = pieces(text, prompt, speed)
        assert "".join("".join(cut).split()) == "".join(text.split())
        longest = max(len(each.encode()) for each in cut) / prompt.pace / speed
        assert prompt.seconds + longest <= 30


def test_pieces_of_a_slow_speaker_are_not_empty(engine: F5) -> None:
    prompt = made_of(somebody(12, "Well, that was slow now."))
    assert all(pieces("word " * 120, prompt, 0.3))


def test_a_long_text_is_one_sound_of_overlapping_pieces(engine: F5, voice: Voice) -> None:
    text = "One sentence, of some length. " * 14
    assert len(pieces(text, unpack(voice.state or b""), 1)) == 2
    apart = spoken(engine, voice, text, cross_fade_duration=0.0)
    over = spoken(engine, voice, text)
    assert len(apart) - len(over) == round(0.15 * RATE)
    first = np.nonzero(apart[: len(over)] != over)[0][0]
    assert np.array_equal(apart[first + 8000 :], over[first + 8000 - round(0.15 * RATE) :])


def test_sounds_fade_into_each_other() -> None:
    one, nothing = np.ones(10, np.float32), np.zeros(0, np.float32)
    assert laid_over(one[:4], one) == pytest.approx(one)
    assert np.array_equal(laid_over(nothing, one), one)
    assert np.array_equal(laid_over(one, nothing), one)
    assert laid_over(one, one[:4] * 3) == pytest.approx([1] * 6 + [1, 5 / 3, 7 / 3, 3])


def test_samples_that_are_no_numbers_are_an_error(folder: Path, voice: Voice) -> None:
    import torch

    broken = loaded(folder)
    with torch.no_grad():
        broken._network._network.transformer.proj_out.bias.fill_(float("nan"))
    with pytest.raises(EngineFailed, match="no numbers"):
        spoken(broken, voice)


def test_enrolling_keeps_recording_and_transcript(engine: F5) -> None:
    state = engine.enroll(somebody())
    assert state == engine.enroll(somebody())
    prompt = unpack(state)
    assert prompt.transcript == SAID + " "
    assert prompt.seconds == pytest.approx(3.05)
    assert np.abs(prompt.audio[: 3 * RATE] - somebody().samples).max() < 1e-4
    assert unpack(engine.enroll(somebody(transcript="你好，世界"))).transcript == "你好，世界. "
    assert unpack(engine.enroll(somebody(transcript="你好，世界。"))).transcript == "你好，世界。"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (somebody(transcript=None), "needs the text"),
        (somebody(transcript="  \n"), "needs the text"),
        (somebody(transcript="..."), "needs the text"),
        (somebody(transcript="No"), "cannot be what is spoken"),
        (somebody(1, "too much " * 20), "cannot be what is spoken"),
        (somebody(0.5), "takes 1 to 12 s"),
        (somebody(0), "takes 1 to 12 s"),
        (somebody(12.1), "takes 1 to 12 s"),
        (replace(somebody(), samples=np.zeros(3 * RATE, np.float32)), "Nobody speaks"),
        (replace(somebody(), samples=np.full(3 * RATE, np.nan, np.float32)), "no numbers"),
    ],
)
def test_refuses_recordings(engine: F5, reference: Reference, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        engine.enroll(reference)


def test_takes_a_recording_of_twelve_seconds(engine: F5) -> None:
    voice = cloned(engine.enroll(somebody(12, SAID * 3)))
    assert len(spoken(engine, voice))


@pytest.mark.parametrize(
    "tensors",
    [
        {"format": np.array(9)},
        {"samples": np.zeros(3 * RATE, np.int16)},
        {"samples": np.ones(3 * RATE, np.float32)},
        {"samples": np.ones((1, 3 * RATE), np.int16)},
        {"samples": np.ones(20 * RATE, np.int16)},
        {"samples": np.ones(10, np.int16)},
        {"transcript": np.zeros(0, np.uint8)},
        {"transcript": np.full(40, 255, np.uint8)},
        {"transcript": np.full(9999, 65, np.uint8)},
        {"transcript": np.zeros(40, np.float32)},
        {"format": np.array([1, 1])},
        {"transcript": None},
    ],
)
def test_refuses_states_that_it_did_not_make(
    engine: F5, voice: Voice, tensors: dict[str, Any]
) -> None:
    mixed = {**load(voice.state or b""), **tensors}
    state = save({name: value for name, value in mixed.items() if value is not None})
    with pytest.raises(InvalidInput, match="not a voice of F5"):
        spoken(engine, cloned(state))


def test_keeps_a_few_voices_unpacked(engine: F5, voice: Voice) -> None:
    before = engine._prepared.cache_info().hits
    spoken(engine, voice)
    spoken(engine, voice)
    assert engine._prepared.cache_info().hits > before
    assert engine._prepared.cache_info().maxsize == 16


def test_leaves_the_number_of_threads_alone(folder: Path) -> None:
    import torch

    before = torch.get_num_threads()
    loaded(folder).unload()
    assert torch.get_num_threads() == before


def test_opens_no_connection(folder: Path) -> None:
    program = f"""
import sys
sys.addaudithook(lambda name, _: name.startswith("socket.connect") and print("CONNECT"))
import numpy as np
from pathlib import Path
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Voice
from polyvox.engines.f5.engine import F5
assert "torch" not in sys.modules
engine = F5()
engine.model, engine.folder = "f5-tts", Path({str(folder)!r})
engine.load("cpu")
buzz = (np.arange(72000) % 200 / 1000).astype("float32")
state = engine.enroll(Reference(buzz, 24000, {SAID!r}))
voice = Voice("clone", "clone", "f5", "cloned", state=state)
options = F5.Options(nfe_step=4)
print("SPOKEN", sum(len(each.samples) for each in
    engine.synthesize(Segment({TEXT!r}, "en"), voice, options)))
left = {{"wandb", "gradio", "datasets", "bitsandbytes", "ema_pytorch", "hydra"}} & set(sys.modules)
print("LEFT", left)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert "SPOKEN" in done.stdout
    assert "CONNECT" not in done.stdout
    assert "LEFT set()" in done.stdout


def test_says_where_the_weights_come_from(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="polyvox models pull f5-tts"):
        loaded(None)
    with pytest.raises(Unavailable, match=r"vocab\.txt.*vocos/config\.yaml"):
        loaded(tmp_path)


@pytest.mark.parametrize(
    "name", [WEIGHTS, VOCABULARY, "vocos/config.yaml", "vocos/pytorch_model.bin"]
)
def test_names_a_missing_file(other: Path, name: str) -> None:
    (other / name).unlink()
    with pytest.raises(Unavailable, match=f"lacks {name}.*models pull"):
        loaded(other)


@pytest.mark.parametrize("name", [WEIGHTS, "vocos/pytorch_model.bin"])
def test_says_when_a_file_is_cut_short(other: Path, name: str) -> None:
    changed(other / name, (other / name).read_bytes()[:-1000])
    with pytest.raises(Unavailable, match="cut short"):
        loaded(other)


@pytest.mark.parametrize("content", [b"", b"rubbish" * 99, b"<html></html>"])
def test_says_when_weights_are_none(other: Path, content: bytes) -> None:
    changed(other / WEIGHTS, content)
    with pytest.raises(Unavailable, match="cut short or damaged"):
        loaded(other)


def test_reads_no_pickle_as_weights(other: Path) -> None:
    import torch

    (other / WEIGHTS).unlink()
    torch.save({"model": torch.zeros(3)}, other / WEIGHTS)
    with pytest.raises(Unavailable, match="is a pickle"):
        loaded(other)
    changed(other / WEIGHTS, pickle.dumps({"model": 1}))
    with pytest.raises(Unavailable, match="is a pickle"):
        loaded(other)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("trapped"),)


def test_runs_no_code_of_a_vocoder(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    (other / "vocos/pytorch_model.bin").unlink()
    torch.save({"weights": Trap()}, other / "vocos/pytorch_model.bin")
    with pytest.raises(Unavailable, match="more than weights"):
        loaded(other)
    assert not Path("trapped").exists()


@pytest.mark.parametrize(
    "content", ["", "- a", "a: [", "backbone: vocos", "backbone: {class_path: subprocess.Popen}"]
)
def test_takes_no_other_vocoder(other: Path, content: str) -> None:
    changed(other / "vocos/config.yaml", content)
    with pytest.raises(Unavailable, match=r"vocos/config\.yaml"):
        loaded(other)


def test_says_when_the_checkpoint_is_of_another_architecture(other: Path) -> None:
    (other / WEIGHTS).unlink()
    save_file({"talker.weight": np.zeros(3, np.float32)}, other / WEIGHTS)
    with pytest.raises(Unavailable, match="another architecture"):
        loaded(other)


def test_says_when_the_network_has_another_size(other: Path) -> None:
    content = (other / SHAPE).read_text()
    changed(other / SHAPE, content.replace("depth: 2", "depth: 3"))
    with pytest.raises(Unavailable, match="do not fit each other"):
        loaded(other)
    changed(other / SHAPE, content.replace("text_dim", "no_such_size"))
    with pytest.raises(Unavailable, match="do not fit each other"):
        loaded(other)
    for wrong in (content.replace("DiT", "UNetT"), "model: 3", "model: {arch: 3}", "{"):
        changed(other / SHAPE, wrong)
        with pytest.raises(Unavailable, match=r"F5TTS_v1_Base\.yaml"):
            loaded(other)


def test_says_when_a_tensor_is_missing(other: Path) -> None:
    tensors = load_file(other / WEIGHTS)
    del tensors["ema_model.transformer.proj_out.weight"]
    (other / WEIGHTS).unlink()
    save_file(tensors, other / WEIGHTS)
    with pytest.raises(Unavailable, match=r"proj_out\.weight"):
        loaded(other)


def test_says_when_the_vocabulary_is_another(other: Path) -> None:
    changed(other / VOCABULARY, (other / VOCABULARY).read_text() + "new\n")
    with pytest.raises(Unavailable, match="do not fit each other"):
        loaded(other)
    changed(other / VOCABULARY, "a\nb\n")
    with pytest.raises(Unavailable, match="not a vocabulary of F5"):
        loaded(other)


def test_says_when_the_vocoder_does_not_fit(other: Path) -> None:
    content = (other / "vocos/config.yaml").read_text()
    changed(other / "vocos/config.yaml", content.replace("num_layers: 2", "num_layers: 3"))
    with pytest.raises(Unavailable, match="do not fit each other"):
        loaded(other)


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "cuda:x"])
def test_says_when_there_is_no_such_device(folder: Path, device: str) -> None:
    with pytest.raises(Unavailable, match="no device"):
        loaded(folder, device)

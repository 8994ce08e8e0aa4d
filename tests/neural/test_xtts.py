"""XTTS through the real package and its real loader, on a tiny random checkpoint."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from polyvox.domain.errors import (
    EngineFailed,
    InvalidInput,
    NotFound,
    PolyvoxError,
    TooLarge,
    Unavailable,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.contract import capabilities
from polyvox.engines.xtts.engine import Xtts
from polyvox.engines.xtts.phrases import LIMITS, phrases

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = Path(__file__).parent / "checkpoints" / "xtts.py"
CLARIBEL = Voice("claribel", "Claribel", "xtts", PRESET, "Claribel Dervla")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("weights") / "xtts-v2"
    subprocess.run([sys.executable, str(SCRIPT), str(made)], check=True)
    return made


@pytest.fixture(scope="session")
def engine(folder: Path) -> Xtts:
    return loaded(folder)


@pytest.fixture
def other(folder: Path, tmp_path: Path) -> Path:
    """Another folder of the same files, which a test may change one by one."""
    for path in folder.iterdir():
        os.link(path, tmp_path / path.name)
    return tmp_path


def loaded(folder: Path | None, device: str = "cpu") -> Xtts:
    made = Xtts()
    made.model, made.folder = "xtts-v2", folder
    made.load(device)
    return made


def changed(path: Path, data: bytes | str) -> None:
    """Other content, without changing the file that `path` shares its content with."""
    path.unlink()
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def spoken(
    engine: Xtts,
    text: str = "Hello there.",
    language: str = "en",
    voice: Voice = CLARIBEL,
    seed: int = 7,
    **options: Any,
) -> np.ndarray:
    stream = engine.synthesize(Segment(text, language, seed), voice, Xtts.Options(**options))
    return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in stream)])


def cloned(state: bytes) -> Voice:
    return Voice("clone", "clone", "xtts", CLONED, state=state)


def somebody(seconds: float = 3, rate: int = Xtts.reference_rate) -> Reference:
    """A buzz with a changing height: enough for what the tiny model can hear."""
    time = np.arange(int(seconds * rate)) / rate
    buzz = np.sign(np.sin(2 * np.pi * (120 + 30 * np.sin(3 * time)) * time))
    return Reference((0.2 * buzz).astype(np.float32), rate, language="en")


def test_keeps_the_contract(folder: Path) -> None:
    class Tiny(Xtts):
        model = "xtts-v2"

    Tiny.folder = folder
    assert [each for each in check(Tiny) if each[1]] == []
    assert capabilities(Xtts) == ("synthesize", "enroll", "blend")


def test_lists_the_speakers_of_the_published_checkpoint() -> None:
    assert len({each.name for each in Xtts.speakers}) == 58
    assert "Camilla Holmström" in {each.name for each in Xtts.speakers}


def test_gives_out_audio_while_the_model_still_speaks(engine: Xtts) -> None:
    steps: list[int] = []
    hook = engine._xtts.gpt.gpt_inference.register_forward_hook(lambda *_: steps.append(1))
    options = Xtts.Options(stream_chunk_size=5)
    stream = engine.synthesize(Segment("Hello there.", "en", 7), CLARIBEL, options)
    first = next(stream)
    early = len(steps)
    chunks = [first, *stream]
    hook.remove()
    assert early <= 6 < len(steps)
    assert max(chunk.duration for chunk in chunks) <= 0.2


def test_cancelling_stops_the_model(engine: Xtts) -> None:
    steps: list[int] = []
    hook = engine._xtts.gpt.gpt_inference.register_forward_hook(lambda *_: steps.append(1))
    options = Xtts.Options(stream_chunk_size=5)
    stream = engine.synthesize(Segment("Hello there.", "en", 7), CLARIBEL, options)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    hook.remove()
    assert len(steps) <= 6
    assert len(spoken(engine))


def test_a_seed_decides_what_is_heard(engine: Xtts) -> None:
    assert np.array_equal(spoken(engine), spoken(engine))
    assert not np.array_equal(spoken(engine), spoken(engine, seed=8))
    assert np.array_equal(spoken(engine, seed=-1), spoken(engine, seed=-1))


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.1}, {"top_p": 0.1}, {"top_k": 2}],
    ids=str,
)
def test_options_are_heard(engine: Xtts, options: dict[str, Any]) -> None:
    assert not np.array_equal(spoken(engine), spoken(engine, **options))


def test_a_penalty_keeps_sounds_from_coming_again(engine: Xtts) -> None:
    narrow = {"top_k": 2, "temperature": 0.5}
    freely = spoken(engine, repetition_penalty=1.0, **narrow)
    assert not np.array_equal(freely, spoken(engine, repetition_penalty=15.0, **narrow))


def test_length_penalty_is_not_heard_as_its_description_says(engine: Xtts) -> None:
    assert np.array_equal(spoken(engine), spoken(engine, length_penalty=-2.0))
    rule = next(each for each in fields(Xtts.Options) if each.name == "length_penalty")
    assert "not heard" in rule.metadata["description"]


def test_speed_changes_the_length(engine: Xtts) -> None:
    usual = len(spoken(engine))
    assert len(spoken(engine, speed=2.0)) == pytest.approx(usual / 2, rel=0.1)
    assert len(spoken(engine, speed=0.5)) == pytest.approx(usual * 2, rel=0.1)


@pytest.mark.parametrize("language", sorted({*LIMITS} - {"ja"}))
def test_speaks_its_languages(engine: Xtts, language: str) -> None:
    assert len(spoken(engine, "A 你好 안녕 नमस्ते 12, 1990.", language))


def test_speaks_japanese_or_says_what_is_missing(engine: Xtts) -> None:
    try:
        import cutlet  # noqa: F401
    except ImportError:
        with pytest.raises(Unavailable, match="cutlet"):
            spoken(engine, "こんにちは", "ja")
    else:
        assert len(spoken(engine, "こんにちは", "ja"))


def test_refuses_other_languages(engine: Xtts) -> None:
    with pytest.raises(InvalidInput, match="does not speak 'sv'"):
        spoken(engine, language="sv")


@pytest.mark.parametrize("text", ["", "   ", "...", "☃", '"'])
def test_says_nothing_where_nothing_sounds(engine: Xtts, text: str) -> None:
    assert len(spoken(engine, text)) == 0


def test_speaks_symbols_that_have_words(engine: Xtts) -> None:
    assert len(spoken(engine, "%"))


def test_speaks_numbers_for_which_the_package_has_no_words(engine: Xtts) -> None:
    reader = engine._reader
    assert list(reader.phrases("Narozen 1990.", "cs")) == ["Narozen 1990 ."]
    assert list(reader.phrases("12 आदमी", "hi")) == ["एक दो आदमी"]
    assert list(reader.phrases("9" * 30, "es")) == [" ".join("9" * 30)]
    assert list(reader.phrases("In 1990.", "en")) == ["In 1990."]


def test_cuts_what_the_model_cannot_take_in_one_go(engine: Xtts) -> None:
    text = "One sentence of some length. " * 30
    cut = list(engine._reader.phrases(text, "en"))
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(len(each) <= 250 and each.endswith(".") for each in cut)
    numbers = list(engine._reader.phrases("123456789 " * 20, "en"))
    assert len(numbers) > 1
    assert len(spoken(engine, "123456789 " * 20)) == len(spoken(engine)) * len(numbers)


def test_refuses_a_character_that_never_fits() -> None:
    with pytest.raises(TooLarge):
        list(phrases("ab", lambda text: False))


def test_a_clone_speaks_and_differs(engine: Xtts) -> None:
    state = engine.enroll(somebody())
    tensors = load(state)
    assert tensors["gpt_cond_latent"].shape == (1, 32, 64)
    assert tensors["speaker_embedding"].shape == (1, 512, 1)
    assert state == engine.enroll(somebody())
    speech = spoken(engine, voice=cloned(state))
    assert len(speech)
    assert not np.array_equal(speech, spoken(engine))
    assert len(spoken(engine, voice=cloned(engine.enroll(somebody(40)))))


def test_gets_the_package_s_own_latents(engine: Xtts, tmp_path: Path) -> None:
    """The package reads a file (through FFmpeg); handing it the samples gives the same."""
    import soundfile

    reference = somebody(8)
    path = tmp_path / "somebody.wav"
    soundfile.write(path, reference.samples, reference.sample_rate, subtype="FLOAT")
    config = engine._xtts.config
    melody, colour = engine._xtts.get_conditioning_latents(
        str(path),
        max_ref_length=config.max_ref_len,
        gpt_cond_len=config.gpt_cond_len,
        gpt_cond_chunk_len=config.gpt_cond_chunk_len,
    )
    tensors = load(engine.enroll(reference))
    np.testing.assert_allclose(tensors["gpt_cond_latent"], melody.numpy(), atol=1e-5)
    np.testing.assert_allclose(tensors["speaker_embedding"], colour.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(22050, np.float32), "Nobody speaks"),
        (np.zeros(0, np.float32), "shorter"),
        (np.ones(5000, np.float32), "shorter"),
        (np.full(22050, np.nan, np.float32), "no numbers"),
    ],
    ids=["silence", "nothing", "short", "nan"],
)
def test_refuses_recordings_of_nobody(engine: Xtts, samples: np.ndarray, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        engine.enroll(replace(somebody(), samples=samples))


def states(engine: Xtts) -> Iterator[tuple[str, bytes]]:
    tensors = load(engine.enroll(somebody()))
    melody, colour = tensors["gpt_cond_latent"], tensors["speaker_embedding"]
    yield "empty", b""
    yield "bytes", b"nothing"
    yield "cut short", engine.enroll(somebody())[:-9]
    yield "one missing", save({"gpt_cond_latent": melody})
    for name, other in [
        ("width", melody[:, :, :8]),
        ("flat", melody[0]),
        ("double", melody.astype(np.float64)),
        ("long", np.tile(melody, (1, 9, 1))),
        ("none", melody[:, :0]),
        ("nan", melody * np.nan),
    ]:
        changed = {"gpt_cond_latent": np.ascontiguousarray(other), "speaker_embedding": colour}
        yield name, save(changed)


def test_refuses_states_that_are_none(engine: Xtts) -> None:
    for name, state in states(engine):
        try:
            spoken(engine, voice=cloned(state))
        except InvalidInput:
            continue
        pytest.fail(f"took a state with this wrong: {name}")


def test_blends(engine: Xtts) -> None:
    clone = cloned(engine.enroll(somebody()))
    state = engine.blend([CLARIBEL, clone], [0.3, 0.7])
    tensors = load(state)
    assert np.linalg.norm(tensors["speaker_embedding"]) == pytest.approx(1, abs=1e-5)
    assert len(spoken(engine, voice=cloned(state)))
    whole = load(engine.blend([CLARIBEL, clone], [0, 1]))
    np.testing.assert_allclose(
        whole["gpt_cond_latent"], load(clone.state or b"")["gpt_cond_latent"], atol=1e-6
    )


def test_a_checkpoint_without_speakers_says_to_clone(other: Path) -> None:
    (other / "speakers_xtts.pth").unlink()
    bare = loaded(other)
    with pytest.raises(NotFound, match=r"no speaker 'Claribel Dervla'.*clone"):
        spoken(bare)
    assert len(spoken(bare, voice=cloned(bare.enroll(somebody()))))


def test_says_when_the_weights_make_no_numbers(engine: Xtts) -> None:
    import torch

    post = engine._xtts.hifigan_decoder.waveform_decoder.conv_post.weight
    kept = post.detach().clone()
    with torch.no_grad():
        post.mul_(float("nan"))
    try:
        with pytest.raises(EngineFailed, match="no numbers"):
            spoken(engine)
    finally:
        with torch.no_grad():
            post.copy_(kept)


def test_leaves_the_files_as_they_are(folder: Path) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    loaded(folder).unload()
    after = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    assert before == after


def refusal(folder: Path | None, device: str = "cpu") -> str:
    with pytest.raises(PolyvoxError) as caught:
        loaded(folder, device)
    assert isinstance(caught.value, Unavailable)
    return caught.value.message


@pytest.mark.parametrize("name", ["config.json", "model.pth", "vocab.json"])
def test_names_missing_files(other: Path, name: str) -> None:
    (other / name).unlink()
    assert f"lacks {name}. Run `polyvox models pull xtts-v2`" in refusal(other)


def test_wants_a_folder() -> None:
    assert "polyvox models pull xtts-v2" in refusal(None)


def test_refuses_another_architecture(other: Path) -> None:
    changed(other / "config.json", json.dumps({"model": "vits"}))
    assert "'vits', not XTTS" in refusal(other)


@pytest.mark.parametrize("content", ["", "[]", "{", "version https://example.org/lfs"])
def test_refuses_a_config_that_is_none(other: Path, content: str) -> None:
    changed(other / "config.json", content)
    assert "config.json is not" in refusal(other)


def test_refuses_a_vocabulary_of_something_else(other: Path) -> None:
    changed(other / "vocab.json", json.dumps({"model": {"vocab": {"a": 1}}}))
    assert "not a vocabulary of XTTS" in refusal(other)


@pytest.mark.parametrize("name", ["model.pth", "speakers_xtts.pth"])
def test_says_when_weights_are_cut_short(other: Path, name: str) -> None:
    data = (other / name).read_bytes()
    changed(other / name, data[: len(data) // 2])
    assert f"{name} is cut short" in refusal(other)


def test_says_when_weights_do_not_fit_their_config(other: Path) -> None:
    config = json.loads((other / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 3
    changed(other / "config.json", json.dumps(config))
    assert "do not fit its config.json" in refusal(other)


class Intruder:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("name", ["model.pth", "speakers_xtts.pth"])
def test_runs_no_code_from_weights(other: Path, tmp_path: Path, name: str) -> None:
    import torch

    trace = tmp_path / "trace"
    (other / name).unlink()
    torch.save({"model": Intruder(trace)}, other / name)
    assert "more than weights" in refusal(other)
    assert not trace.exists()
    changed(other / name, pickle.dumps(Intruder(trace)))
    assert "not a PyTorch checkpoint" in refusal(other)
    assert not trace.exists()


def test_refuses_speakers_of_another_checkpoint(other: Path) -> None:
    import torch

    path = other / "speakers_xtts.pth"
    path.unlink()
    strange = {"gpt_cond_latent": torch.zeros(1, 32, 8), "speaker_embedding": torch.zeros(1, 8, 1)}
    torch.save({"Somebody": strange}, path)
    assert "of another checkpoint: see 'Somebody'" in refusal(other)
    path.unlink()
    torch.save({"Somebody": 1}, path)
    assert "not a list of XTTS speakers" in refusal(other)


@pytest.mark.parametrize("device", ["cuda:99", "cuda:x", "mps", "xpu:0"])
def test_says_when_a_device_is_not_there(folder: Path, device: str) -> None:
    assert f"no device '{device}'" in refusal(folder, device)

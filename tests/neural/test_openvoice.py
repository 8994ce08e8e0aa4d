"""OpenVoice v2 through the real package, on random checkpoints: tiny, and once of the real size."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from polyvox.domain.errors import EngineFailed, InvalidInput, PolyvoxError, Unavailable
from polyvox.domain.voice import CLONED, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.contract import capabilities
from polyvox.engines.openvoice.engine import OpenVoice
from polyvox.engines.openvoice.network import LONGEST, windows

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = Path(__file__).parent / "checkpoints" / "openvoice.py"
RATE, FRAME = 22050, 256
MODEL = "openvoice-v2"


def checkpoint(folder: Path, *given: str) -> Path:
    subprocess.run([sys.executable, str(SCRIPT), str(folder), *given], check=True)
    return folder / MODEL


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def real_size(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("real"), "--full")


@pytest.fixture(scope="session")
def engine(folder: Path) -> OpenVoice:
    return loaded(folder)


@pytest.fixture
def other(folder: Path, tmp_path: Path) -> Path:
    """A folder with the two files alone, which a test may change one by one."""
    for path in (folder / "converter").iterdir():
        os.link(path, tmp_path / path.name)
    return tmp_path


def loaded(folder: Path | None, device: str = "cpu") -> OpenVoice:
    made = OpenVoice()
    made.model, made.folder = MODEL, folder
    made.load(device)
    return made


def changed(path: Path, data: bytes | str) -> None:
    """Other content, without changing the file that `path` shares its content with."""
    path.unlink()
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def somebody(seconds: float = 3, rate: int = RATE, pitch: float = 120) -> Reference:
    """A buzz with a changing height: enough for what the tiny model can hear."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = np.sign(np.sin(2 * np.pi * (pitch + 30 * np.sin(3 * time)) * time))
    return Reference((0.2 * buzz).astype(np.float32), rate)


def cloned(state: bytes) -> Voice:
    return Voice("clone", "clone", "openvoice", CLONED, state=state)


def voice(engine: OpenVoice, pitch: float = 220) -> Voice:
    return cloned(engine.enroll(somebody(pitch=pitch)))


def converted(
    engine: OpenVoice, source: Reference, wanted: Voice | None = None, **given: Any
) -> np.ndarray:
    stream = engine.convert(source, wanted or voice(engine), OpenVoice.Options(**given))
    return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in stream)])


def test_keeps_the_contract(folder: Path) -> None:
    class Tiny(OpenVoice):
        model = MODEL

    Tiny.folder = folder
    assert [each for each in check(Tiny) if each[1]] == []
    assert capabilities(OpenVoice) == ("enroll", "convert")


# The same as the package


def as_the_package_converts(
    folder: Path, samples: np.ndarray, state: bytes, tau: float, seed: int = 0
) -> np.ndarray:
    """In one go, with the package's own loader and steps."""
    import torch
    from TTS.vc.configs.openvoice_config import OpenVoiceArgs, OpenVoiceConfig
    from TTS.vc.models.openvoice import OpenVoice as Package

    declared = json.loads((folder / "converter" / "config.json").read_text())
    config = OpenVoiceConfig(model_args=OpenVoiceArgs(**declared["model"]))
    package = Package(config)
    package.load_checkpoint(config, str(folder / "converter" / "checkpoint.pth"), eval=True)
    package.tau = tau
    own, spectrum = package.extract_se(samples)
    wanted = torch.tensor(load(state)["tone_colour"])[None, :, None]
    torch.manual_seed(seed)
    made = package.inference(spectrum, {"g_src": own, "g_tgt": wanted})
    return np.asarray(made["model_outputs"][0, 0].numpy())


@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_windows_give_what_the_package_gives_in_one_go(
    engine: OpenVoice, folder: Path, tau: float
) -> None:
    source = somebody(1100 * FRAME / RATE)
    wanted = voice(engine)
    whole = as_the_package_converts(folder, source.samples, wanted.state or b"", tau)
    mine = converted(engine, source, wanted, tau=tau)
    assert len(mine) == len(whole) == 1100 * FRAME
    assert len(list(windows(1100))) > 8
    np.testing.assert_allclose(mine, whole, atol=1e-5)
    assert whole.std() > 0.003


def test_windows_give_what_the_network_of_the_real_size_gives_in_one_go(real_size: Path) -> None:
    engine = loaded(real_size)
    source = somebody(250 * FRAME / RATE)
    wanted = voice(engine)
    whole = as_the_package_converts(real_size, source.samples, wanted.state or b"", 0.3)
    assert len(list(windows(250))) > 2
    np.testing.assert_allclose(converted(engine, source, wanted), whole, atol=1e-4)
    assert whole.std() > 0.01


@pytest.mark.parametrize("size", ["folder", "real_size"])
def test_windows_look_as_far_as_the_network_reaches(
    size: str, request: pytest.FixtureRequest
) -> None:
    """What is no number makes everything no number that depends on it."""
    import torch

    network = loaded(request.getfixturevalue(size))._network
    channels = network._converter.inter_channels
    target = torch.zeros(1, network.colour_size, 1)
    samples = somebody(300 * FRAME / RATE).samples.copy()
    samples[150 * FRAME : 151 * FRAME] = np.nan
    latents = network._latents(samples, torch.zeros(1, channels, 300), 0, 300, target, target)
    touched = np.flatnonzero(latents.isnan().any(dim=1)[0].numpy())
    reach = network._latent_reach
    assert (touched[0], touched[-1]) == (150 - reach, 150 + reach) == (60, 240)
    latents = torch.zeros(1, channels, 40)
    latents[..., 20] = np.nan
    heard = np.flatnonzero(np.isnan(network._sound(latents, target))) / FRAME
    reach = network._sound_reach
    assert reach == 13
    assert 20 - reach <= heard[0] < 20 - reach + 1
    assert 21 + reach - 1 <= heard[-1] < 21 + reach


# Streaming


def test_the_first_sound_comes_before_the_rest_is_made(engine: OpenVoice) -> None:
    frames: list[int] = []
    hook = engine._network._converter.dec.register_forward_pre_hook(
        lambda _, given: frames.append(given[0].shape[-1])
    )
    stream = engine.convert(somebody(10), voice(engine), OpenVoice.Options())
    chunks = [next(stream)]
    assert len(frames) == 1
    assert frames[0] <= 32 + 13
    chunks += stream
    hook.remove()
    assert len(frames) > 6
    assert max(frames) <= LONGEST + 2 * 13
    assert all(0.06 <= chunk.duration <= 0.2 for chunk in chunks)


def test_closing_the_stream_stops_the_network(engine: OpenVoice) -> None:
    calls: list[int] = []
    hook = engine._network._converter.dec.register_forward_hook(lambda *_: calls.append(1))
    stream = engine.convert(somebody(10), voice(engine), OpenVoice.Options())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    hook.remove()
    assert len(calls) == 1
    assert len(converted(engine, somebody()))


@pytest.mark.parametrize("frames", [1, 31, 32, 63, 64, 65, 500])
def test_windows_cover_every_frame_once(frames: int) -> None:
    found = list(windows(frames))
    assert [first for first, _ in found] == [0, *(last for _, last in found[:-1])]
    assert found[-1][1] == frames
    assert all(last - first >= min(frames, 32) for first, last in found)
    assert all(last - first < LONGEST + 32 for first, last in found)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("count", [1, 300, 12345])
def test_it_is_as_long_as_its_source(engine: OpenVoice, rate: int, count: int) -> None:
    source = Reference(somebody(3, rate).samples[:count], rate)
    assert len(converted(engine, source)) == -(-count * RATE // rate)


def test_a_source_without_samples_makes_none(engine: OpenVoice) -> None:
    assert len(converted(engine, Reference(np.zeros(0, np.float32), 24000))) == 0


def test_another_rate_of_the_source_sounds_the_same(engine: OpenVoice) -> None:
    time = np.arange(48000 * 2) / 48000
    hum = sum(np.sin(2 * np.pi * 150 * n * time) / n for n in range(1, 20))
    fast = Reference((0.2 * hum).astype(np.float32), 48000)
    slow = Reference(fast.samples[::2], 24000)
    wanted = voice(engine)
    one, two = converted(engine, fast, wanted), converted(engine, slow, wanted)
    inner = slice(2000, -2000)
    np.testing.assert_allclose(one[inner], two[inner], atol=0.05 * np.abs(one).max())


def test_silence_in_the_source_stays_silence(engine: OpenVoice) -> None:
    loud = somebody(2).samples
    source = Reference(np.concatenate([loud, np.zeros_like(loud), loud]), RATE)
    made = converted(engine, source)
    between = made[len(loud) + RATE // 10 : 2 * len(loud) - RATE // 10]
    assert not between.any()
    assert made[: len(loud)].std() > 0.001
    assert made[2 * len(loud) :].std() > 0.001
    assert not converted(engine, Reference(np.zeros(RATE, np.float32), RATE)).any()


# Voices and options


def test_the_same_source_gives_the_same_samples(engine: OpenVoice) -> None:
    import torch

    source, wanted = somebody(), voice(engine)
    once = converted(engine, source, wanted)
    torch.manual_seed(99)
    assert np.array_equal(once, converted(engine, source, wanted))
    assert not np.array_equal(once, converted(engine, source, voice(engine, 400)))
    assert not np.array_equal(once, converted(engine, source, wanted, tau=0.9))


def test_a_voice_is_the_package_s_own_tone_colour(engine: OpenVoice) -> None:
    reference = somebody(8)
    state = engine.enroll(reference)
    assert state == engine.enroll(reference)
    found, _ = engine._network._converter.extract_se(reference.samples)
    assert set(load(state)) == {"tone_colour"}
    np.testing.assert_allclose(load(state)["tone_colour"], found[0, :, 0].numpy(), atol=1e-6)


def test_a_long_recording_counts_as_the_mean_of_its_parts(engine: OpenVoice) -> None:
    low, high = somebody(10).samples, somebody(10, pitch=300).samples
    both = load(engine.enroll(Reference(np.concatenate([low, high]), RATE)))["tone_colour"]
    parts = [load(engine.enroll(Reference(each, RATE)))["tone_colour"] for each in (low, high)]
    np.testing.assert_allclose(both, np.mean(parts, axis=0), atol=1e-6)
    assert not np.allclose(*parts, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(2 * RATE, np.float32), "Nobody speaks"),
        (np.zeros(0, np.float32), "shorter than a second"),
        (np.ones(RATE - 1, np.float32), "shorter than a second"),
        (np.full(2 * RATE, np.nan, np.float32), "no numbers"),
        (np.ones((2 * RATE, 2), np.float32), "no numbers"),
    ],
    ids=["silence", "nothing", "short", "nan", "stereo"],
)
def test_refuses_recordings_of_nobody(
    engine: OpenVoice, samples: np.ndarray, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        engine.enroll(Reference(samples, RATE))


def states(engine: OpenVoice) -> Iterator[tuple[str, bytes | None]]:
    state = engine.enroll(somebody())
    colour = load(state)["tone_colour"]
    yield "none", None
    yield "empty", b""
    yield "bytes", b"nothing"
    yield "cut short", state[:-9]
    yield "another name", save({"colour": colour})
    yield "one more", save({"tone_colour": colour, "more": colour})
    yield "size", save({"tone_colour": colour[:-1].copy()})
    yield "square", save({"tone_colour": colour[None]})
    yield "double", save({"tone_colour": colour.astype(np.float64)})
    yield "nan", save({"tone_colour": colour * np.nan})


def test_refusals_come_before_the_first_byte(engine: OpenVoice) -> None:
    options = OpenVoice.Options()
    for name, state in states(engine):
        stranger = Voice("clone", "clone", "openvoice", CLONED, state=state)
        try:
            engine.convert(somebody(), stranger, options)
        except InvalidInput:
            continue
        pytest.fail(f"took a state with this wrong: {name}")
    with pytest.raises(InvalidInput, match="no numbers"):
        engine.convert(Reference(np.full(99, np.inf, np.float32), RATE), voice(engine), options)


def test_says_when_the_weights_make_no_numbers(folder: Path) -> None:
    import torch

    broken = loaded(folder)
    wanted = voice(broken)
    with torch.no_grad():
        broken._network._converter.dec.conv_post.weight.mul_(float("nan"))
    with pytest.raises(EngineFailed, match="no numbers"):
        converted(broken, somebody(), wanted)
    with torch.no_grad():
        broken._network._converter.ref_enc.proj.weight.mul_(float("nan"))
    with pytest.raises(EngineFailed, match="no usable voice"):
        broken.enroll(somebody())


# The checkpoint


def test_takes_a_folder_with_the_two_files_alone(other: Path, engine: OpenVoice) -> None:
    assert loaded(other).enroll(somebody()) == engine.enroll(somebody())


def refusal(folder: Path | None, device: str = "cpu") -> str:
    with pytest.raises(PolyvoxError) as caught:
        loaded(folder, device)
    assert isinstance(caught.value, Unavailable)
    return caught.value.message


@pytest.mark.parametrize("name", ["config.json", "checkpoint.pth"])
def test_names_missing_files(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "converter").mkdir()
    for path in (folder / "converter").iterdir():
        if path.name != name:
            os.link(path, tmp_path / "converter" / path.name)
    assert f"lacks converter/{name}. Run `polyvox models pull openvoice-v2`" in refusal(tmp_path)


def test_wants_a_folder() -> None:
    assert "polyvox models pull openvoice-v2" in refusal(None)


@pytest.mark.parametrize("content", ["", "[]", "{", "version https://example.org/lfs"])
def test_refuses_a_config_that_is_none(other: Path, content: str) -> None:
    changed(other / "config.json", content)
    assert "config.json is not" in refusal(other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "xtts"}, "'xtts', not the converter of OpenVoice v2"),
        ({"data": None}, "'unknown', not the converter"),
        ({"_version_": "v1"}, "holds OpenVoice v1, not"),
        ({"data": {"sampling_rate": 22050}}, "how its spectrum is made"),
        ({"model": {"layers": 4}}, "is not usable"),
        ({"model": {"upsample_rates": [4, 8, 2, 2]}}, "do not make a hop_length"),
        ({"model": {"hidden_channels": 18}}, "does not fit its config.json"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else None,
)
def test_refuses_another_architecture(other: Path, change: dict[str, Any], sentence: str) -> None:
    config = json.loads((other / "config.json").read_text())
    for name, value in change.items():
        part = name == "model" and isinstance(value, dict) and "layers" not in value
        config[name] = {**config[name], **value} if part else value
    changed(other / "config.json", json.dumps(config))
    assert sentence in refusal(other)


def test_refuses_a_checkpoint_of_another_rate(other: Path) -> None:
    config = json.loads((other / "config.json").read_text())
    config["data"]["sampling_rate"] = 44100
    changed(other / "config.json", json.dumps(config))
    assert "works at 44100 Hz" in refusal(other)


def test_says_when_weights_are_cut_short(other: Path) -> None:
    data = (other / "checkpoint.pth").read_bytes()
    changed(other / "checkpoint.pth", data[: len(data) // 2])
    assert "checkpoint.pth is cut short" in refusal(other)


@pytest.mark.parametrize("content", [{}, {"model": {}}, {"model": 1}, [1], {"model": {"a": 1}}])
def test_says_when_weights_are_of_something_else(other: Path, content: Any) -> None:
    import torch

    (other / "checkpoint.pth").unlink()
    torch.save(content, other / "checkpoint.pth")
    assert "does not fit its config.json" in refusal(other)


class Intruder:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.trace}",)


def test_runs_no_code_from_weights(other: Path, tmp_path: Path) -> None:
    import torch

    trace = tmp_path / "trace"
    (other / "checkpoint.pth").unlink()
    torch.save({"model": Intruder(trace)}, other / "checkpoint.pth")
    assert "more than weights" in refusal(other)
    changed(other / "checkpoint.pth", pickle.dumps(Intruder(trace)))
    assert "not a PyTorch checkpoint" in refusal(other)
    assert not trace.exists()


@pytest.mark.parametrize("device", ["cuda:99", "cuda:x", "mps", "xpu:0"])
def test_says_when_a_device_is_not_there(folder: Path, device: str) -> None:
    assert f"no device '{device}'" in refusal(folder, device)

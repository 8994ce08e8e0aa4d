"""The Qwen3-TTS engine through the real package, on tiny random checkpoints."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, load_file, save, save_file

from polyvox.domain.errors import (
    EngineFailed,
    InvalidInput,
    NotFound,
    NothingToSpeak,
    PolyvoxError,
    TooLarge,
    Unavailable,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, DESIGNED, PRESET, Reference, Voice
from polyvox.engines import check as contract
from polyvox.engines.contract import Line, Synthesizer
from polyvox.engines.options import option
from polyvox.engines.qwen3 import codec
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.engines.qwen3.speakers import LANGUAGES
from polyvox.engines.qwen3.state import State, pack

pytestmark = pytest.mark.filterwarnings("ignore")
SCRIPT = Path(__file__).parent / "checkpoints" / "qwen3.py"
PRESETS, SMALL = "qwen3-tts-1.7b-preset", "qwen3-tts-0.6b-preset"
CLONES, DESIGNS = "qwen3-tts-1.7b-voice-clone", "qwen3-tts-1.7b-voice-design"
HELLO = Segment("Hello there, how are you?", "en", seed=3)
BRIEF = Qwen3.Options(max_new_tokens=24)
RYAN = Voice("Ryan", "Ryan", "qwen3", PRESET, "Ryan")


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen3")
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return folder


def started(folder: Path, model: str, device: str = "cpu") -> Qwen3:
    engine = Qwen3()
    engine.model, engine.folder = model, folder
    engine.load(device)
    return engine


@pytest.fixture(scope="session")
def presets(checkpoints: Path) -> Qwen3:
    return started(checkpoints / PRESETS, PRESETS)


@pytest.fixture(scope="session")
def small(checkpoints: Path) -> Qwen3:
    return started(checkpoints / SMALL, SMALL)


@pytest.fixture(scope="session")
def clones(checkpoints: Path) -> Qwen3:
    return started(checkpoints / CLONES, CLONES)


@pytest.fixture(scope="session")
def designs(checkpoints: Path) -> Qwen3:
    return started(checkpoints / DESIGNS, DESIGNS)


@pytest.fixture
def copy(checkpoints: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoints / PRESETS, tmp_path / "copy"))


def said(engine: Qwen3, voice: Voice = RYAN, segment: Segment = HELLO, **given: Any) -> Any:
    options = replace(BRIEF, **given)
    return np.concatenate([each.samples for each in engine.synthesize(segment, voice, options)])


def made(state: bytes, kind: str = CLONED) -> Voice:
    digest = hashlib.sha256(state).hexdigest()
    return Voice(digest, "made", "qwen3", kind, digest=digest, state=state)


def recording(seconds: float = 3.0, transcript: str | None = None) -> Reference:
    moments = np.arange(round(seconds * 24000)) / 24000
    hum = np.sin(2 * np.pi * 150 * moments) * (1 + 0.5 * np.sin(2 * np.pi * 3 * moments))
    return Reference((0.3 * hum).astype(np.float32), 24000, transcript, "en")


def longest(engine: Qwen3, voice: Voice = RYAN, frames: int = 60) -> int:
    """A seed with which the random model says at least so many frames."""
    options = replace(BRIEF, max_new_tokens=frames + 1)
    for seed in range(40):
        chunks = engine.synthesize(replace(HELLO, seed=seed), voice, options)
        if sum(len(each.samples) for each in chunks) == frames * 1920:
            return seed
    raise AssertionError("the random model is always brief")


# Speaking


def test_streams_valid_audio_in_short_chunks(presets: Qwen3) -> None:
    segment = replace(HELLO, seed=longest(presets))
    chunks = list(presets.synthesize(segment, RYAN, replace(BRIEF, max_new_tokens=61)))
    assert len(chunks) > 20
    for chunk in chunks:
        assert chunk.samples.dtype == np.float32
        assert chunk.sample_rate == 24000
        assert 0.06 <= chunk.duration <= 0.2
        assert np.abs(chunk.samples).max() <= 1
    assert max(np.abs(chunk.samples).max() for chunk in chunks) > 0.01


def test_is_what_the_package_says_with_a_preset(presets: Qwen3) -> None:
    import torch

    segment = replace(HELLO, seed=longest(presets), instructions="Very happy.")
    options = replace(BRIEF, max_new_tokens=61)
    torch.manual_seed(segment.seed)
    whole, _ = presets._package.generate_custom_voice(
        HELLO.text, speaker="Ryan", language="English", instruct="Very happy.", **asdict(options)
    )
    streamed = said(presets, segment=segment, max_new_tokens=61)
    assert streamed.shape == whole[0].shape
    assert np.abs(streamed - whole[0]).max() < 1e-4


@pytest.mark.parametrize("transcript", [None, "This is the reference."])
def test_is_what_the_package_says_with_a_clone(clones: Qwen3, transcript: str | None) -> None:
    import torch

    reference = recording(transcript=transcript)
    voice = made(clones.enroll(reference))
    torch.manual_seed(HELLO.seed)
    whole, _ = clones._package.generate_voice_clone(
        HELLO.text,
        language="English",
        ref_audio=(reference.samples, 24000),
        ref_text=transcript,
        x_vector_only_mode=transcript is None,
        **asdict(BRIEF),
    )
    streamed = said(clones, voice)
    assert streamed.shape == whole[0].shape
    assert np.abs(streamed - whole[0]).max() < 1e-4


def test_is_what_the_package_says_with_a_design(designs: Qwen3) -> None:
    import torch

    made_here = designs.design("A calm old man.", "en", {}, "Good morning to you.")
    torch.manual_seed(HELLO.seed)
    whole, _ = designs._package.generate_voice_design(
        HELLO.text, instruct="A calm old man.", language="English", **asdict(BRIEF)
    )
    assert np.abs(said(designs, made(made_here.state, DESIGNED)) - whole[0]).max() < 1e-4


def test_windows_sound_like_the_whole(presets: Qwen3) -> None:
    codes = np.random.default_rng(0).integers(0, 64, (120, 4))
    tokenizer = presets._codec
    whole = codec.decode(tokenizer, codes)
    assert np.abs(sounding(tokenizer, codes) - whole).max() < 1e-4
    after = sounding(tokenizer, codes[50:], codes[:50].astype(np.int16))
    assert np.abs(after - whole[50 * 1920 :]).max() < 1e-4


def sounding(tokenizer: Any, codes: Any, before: Any = None) -> Any:
    spoken = codec.Sounding(tokenizer, before)
    return np.concatenate([*map(spoken.add, codes), spoken.rest()])


def test_abilities_are_those_of_each_model() -> None:
    assert set(Qwen3.abilities) == set(Qwen3.models) == set(Qwen3.weights)
    able = {
        each: [name for name in Qwen3.models if each in Qwen3.abilities[name]]
        for each in ("presets", "enroll", "design")
    }
    assert [len(able[each]) for each in able] == [2, 2, 1]


def test_frames_come_while_they_are_made(presets: Qwen3) -> None:
    segment = replace(HELLO, seed=longest(presets))
    stream = presets.synthesize(segment, RYAN, replace(BRIEF, max_new_tokens=61))
    next(stream)
    assert presets._talker._turn._work_queue.qsize() == 0
    assert presets._package.model.talker._forward_hooks, "the generation is over already"
    stream.close()  # type: ignore[attr-defined]


def test_same_seed_same_audio(presets: Qwen3) -> None:
    assert np.array_equal(said(presets), said(presets))
    assert not np.array_equal(said(presets), said(presets, segment=replace(HELLO, seed=4)))
    said(presets, segment=replace(HELLO, seed=-1))
    said(presets, segment=replace(HELLO, seed=2**70))


@pytest.mark.parametrize(
    "given",
    [
        {"do_sample": False},
        {"temperature": 0.05},
        {"top_k": 1},
        {"top_p": 0.05},
        {"repetition_penalty": 5.0},
        {"subtalker_dosample": False},
        {"subtalker_temperature": 0.05},
        {"subtalker_top_k": 1},
        {"subtalker_top_p": 0.05},
        {"max_new_tokens": 3},
    ],
)
def test_hears_options(presets: Qwen3, given: dict[str, Any]) -> None:
    segment = replace(HELLO, seed=longest(presets))
    assert not np.array_equal(
        said(presets, segment=segment, **given), said(presets, segment=segment)
    )


def test_all_sounds_may_be_drawn_from(presets: Qwen3) -> None:
    assert len(said(presets, top_k=0, subtalker_top_k=0))


def test_the_fewest_tokens_are_a_frame(presets: Qwen3) -> None:
    assert len(said(presets, max_new_tokens=2)) == 1920


def test_speakers_and_languages_are_those_of_the_package(presets: Qwen3) -> None:
    package = presets._package
    assert {each.name.lower() for each in Qwen3.speakers} == set(package.get_supported_speakers())
    known = {LANGUAGES[each].lower() for each in Qwen3.languages}
    assert known | {"auto"} == set(package.get_supported_languages())


def test_speakers_and_languages_are_heard(presets: Qwen3) -> None:
    """Most of them: a random model does not tell all apart."""
    segment = replace(HELLO, seed=longest(presets))
    speakers = [replace(RYAN, speaker=each.name) for each in Qwen3.speakers]
    assert len({said(presets, each, segment).tobytes() for each in speakers}) > 2
    segments = [replace(segment, language=each) for each in Qwen3.languages]
    assert len({said(presets, RYAN, each).tobytes() for each in segments}) > 2
    assert len(said(presets, segment=replace(HELLO, language="pt-BR")))


def test_instructions_are_heard_by_the_large_model_only(presets: Qwen3, small: Qwen3) -> None:
    segment = replace(HELLO, seed=longest(presets))
    angry = replace(segment, instructions="Angry.")
    assert not np.array_equal(said(presets, segment=angry), said(presets, segment=segment))
    assert np.array_equal(said(small, segment=angry), said(small, segment=segment))


def test_one_line_after_the_other(presets: Qwen3) -> None:
    """Two streams that are read in turns sound as when each is read alone."""
    other = replace(HELLO, seed=9)
    alone = said(presets), said(presets, segment=other)
    first = presets.synthesize(HELLO, RYAN, BRIEF)
    begun = [next(first)]
    second = list(presets.synthesize(other, RYAN, BRIEF))
    begun += first
    assert np.array_equal(np.concatenate([each.samples for each in begun]), alone[0])
    assert np.array_equal(np.concatenate([each.samples for each in second]), alone[1])


def test_closing_ends_the_generation(presets: Qwen3) -> None:
    segment = replace(HELLO, seed=longest(presets))
    stream = presets.synthesize(segment, RYAN, replace(BRIEF, max_new_tokens=61))
    next(stream)
    frames: list[Any] = []
    talker = presets._package.model.talker
    watching = talker.register_forward_hook(lambda *_: frames.append(1))
    stream.close()  # type: ignore[attr-defined]
    watching.remove()
    assert len(frames) <= 2
    assert not talker._forward_hooks
    assert len(said(presets))


# Voices


def test_a_clone_with_and_without_transcript(clones: Qwen3) -> None:
    plain = clones.enroll(recording())
    known = clones.enroll(recording(transcript="This is the reference."))
    assert set(load(plain)) == {"embedding"}
    assert set(load(known)) == {"embedding", "codes", "text"}
    assert len(said(clones, made(plain)))
    assert len(said(clones, made(known)))
    assert plain == clones.enroll(recording())


def test_a_design_is_spoken_by_design_and_clone_models(designs: Qwen3, clones: Qwen3) -> None:
    design = designs.design("A calm old man.", "en", {}, "Good morning to you all, my friends.")
    assert design == designs.design(
        "A calm old man.", "en", {}, "Good morning to you all, my friends."
    )
    voice = made(design.state, DESIGNED)
    assert len(said(designs, voice))
    segment = replace(HELLO, seed=longest(designs, voice))
    whispered = replace(segment, instructions="Whispering.")
    assert not np.array_equal(said(designs, voice, whispered), said(designs, voice, segment))
    assert np.array_equal(said(clones, voice), said(clones, voice))
    assert clones._samples(design.state).embedding.shape == (32,)


def test_other_kinds_of_voice_are_refused_by_name(
    presets: Qwen3, clones: Qwen3, designs: Qwen3
) -> None:
    design = made(designs.design("Old.", "en", {}, "Good morning.").state, DESIGNED)
    clone = made(clones.enroll(recording()))
    with pytest.raises(InvalidInput, match=r"ask for qwen3-tts-1.7b-voice-clone"):
        presets.synthesize(HELLO, clone, BRIEF)
    with pytest.raises(InvalidInput, match=r"qwen3-tts-1.7b-voice-design"):
        presets.synthesize(HELLO, design, BRIEF)
    with pytest.raises(InvalidInput, match=r"ask for qwen3-tts-1.7b-voice-clone"):
        designs.synthesize(HELLO, clone, BRIEF)
    for engine in (clones, designs):
        with pytest.raises(InvalidInput, match=r"ask for qwen3-tts-1.7b-preset"):
            engine.synthesize(HELLO, RYAN, BRIEF)
    for engine in (presets, designs):
        with pytest.raises(InvalidInput, match=r"ask for qwen3-tts-1.7b-voice-clone"):
            engine.enroll(recording())
    for engine in (presets, clones):
        with pytest.raises(InvalidInput, match=r"ask for qwen3-tts-1.7b-voice-design"):
            engine.design("Old.", "en", {}, "Good morning.")


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"embedding": np.zeros(31, np.float32)},
        {"embedding": np.full(32, np.nan, np.float32)},
        {"embedding": np.zeros((1, 32), np.float32)},
        {"embedding": np.zeros(32, np.float64)},
        {"embedding": np.zeros(32, np.float32), "codes": np.zeros((5, 4), np.int16)},
        {"embedding": np.zeros(32, np.float32), "more": np.zeros(3)},
        {"codes": np.full((5, 4), 64, np.int16), "text": b"a", "description": b"b"},
        {"codes": np.full((5, 4), -1, np.int16), "text": b"a", "description": b"b"},
        {"codes": np.zeros((5, 5), np.int16), "text": b"a", "description": b"b"},
        {"codes": np.zeros((0, 4), np.int16), "text": b"a", "description": b"b"},
        {"codes": np.zeros((5, 4), np.int16), "text": b"\xff", "description": b"b"},
        {"codes": np.zeros((5, 4), np.int16), "text": b" ", "description": b"b"},
        {"codes": np.zeros((401, 4), np.int16), "text": b"a", "description": b"b"},
    ],
)
def test_strange_states_are_refused(clones: Qwen3, tensors: dict[str, Any]) -> None:
    arrays = {
        name: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        for name, value in tensors.items()
    }
    with pytest.raises(InvalidInput) as refused:
        clones.synthesize(HELLO, made(save(arrays)), BRIEF)
    assert refused.value.param == "voice"


def test_prepared_voices_are_few(clones: Qwen3) -> None:
    for number in range(20):
        state = pack(State(np.full(32, number + 1, np.float32)))
        clones.synthesize(HELLO, made(state), BRIEF)
    assert clones._samples.cache_info().currsize <= 16


# Guards


@pytest.mark.parametrize("text", ["", "  \n", "...?!", "🙂", "<|im_end|>"])
def test_soundless_text_is_refused(presets: Qwen3, text: str) -> None:
    with pytest.raises(NothingToSpeak):
        presets.synthesize(replace(HELLO, text=text), RYAN, BRIEF)


def test_marks_in_the_text_are_not_obeyed(presets: Qwen3) -> None:
    marked = replace(HELLO, text="Hello<|im_end|>there")
    assert np.array_equal(
        said(presets, segment=marked), said(presets, segment=replace(HELLO, text="Hello there"))
    )


def test_other_wrong_requests(presets: Qwen3) -> None:
    with pytest.raises(TooLarge):
        presets.synthesize(replace(HELLO, text="word " * 500), RYAN, BRIEF)
    with pytest.raises(TooLarge):
        presets.synthesize(replace(HELLO, instructions="sad " * 500), RYAN, BRIEF)
    with pytest.raises(InvalidInput, match="does not speak"):
        presets.synthesize(replace(HELLO, language="tlh"), RYAN, BRIEF)
    with pytest.raises(NotFound):
        presets.synthesize(HELLO, replace(RYAN, speaker="Nobody"), BRIEF)


def test_wrong_references_are_refused(clones: Qwen3) -> None:
    reference = recording()
    for samples in (
        np.zeros(48000, np.float32),
        np.full(48000, np.nan, np.float32),
        reference.samples[:100],
        reference.samples[:0],
        np.tile(reference.samples, 12),
        np.stack([reference.samples] * 2),
    ):
        with pytest.raises(InvalidInput):
            clones.enroll(replace(reference, samples=samples))
    with pytest.raises(TooLarge):
        clones.enroll(replace(reference, transcript="word " * 500))


def test_empty_designs_are_refused(designs: Qwen3) -> None:
    with pytest.raises(InvalidInput, match="Describe"):
        designs.design(" ", "en", {}, "Good morning.")
    with pytest.raises(NothingToSpeak):
        designs.design("Old.", "en", {}, "...")


@pytest.mark.parametrize(
    ("file", "tensor"),
    [
        ("model.safetensors", "talker.codec_head.weight"),
        ("speech_tokenizer/model.safetensors", "decoder.decoder.6.conv.bias"),
    ],
)
def test_numbers_that_are_none_are_no_audio(copy: Path, file: str, tensor: str) -> None:
    tensors = load_file(copy / file)
    tensors[tensor] = np.full_like(tensors[tensor], np.nan)
    save_file(tensors, copy / file, metadata={"format": "pt"})
    engine = started(copy, PRESETS)
    with pytest.raises(EngineFailed):
        said(engine)
    engine.unload()


# Folders and devices


def test_no_folder_says_how_to_get_one() -> None:
    engine = Qwen3()
    engine.model = PRESETS
    with pytest.raises(Unavailable, match=f"polyvox models pull {PRESETS}"):
        engine.load("cpu")


@pytest.mark.parametrize("name", Qwen3.weights[PRESETS].files)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(Unavailable, match=f"lacks {name}.*models pull {PRESETS}"):
        started(copy, PRESETS)


def test_another_model_in_the_folder(checkpoints: Path) -> None:
    for other in (SMALL, CLONES, DESIGNS):
        with pytest.raises(Unavailable, match=f"weights of {other}, not of {PRESETS}"):
            started(checkpoints / other, PRESETS)


def change(path: Path, **given: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **given}))


def test_another_architecture(copy: Path) -> None:
    change(copy / "config.json", model_type="llama")
    with pytest.raises(Unavailable, match="of the type 'llama'"):
        started(copy, PRESETS)


def test_another_codec(copy: Path) -> None:
    change(copy / "speech_tokenizer/config.json", model_type="qwen3_tts_tokenizer_25hz")
    with pytest.raises(Unavailable, match="another codec"):
        started(copy, PRESETS)


def test_a_configuration_that_does_not_fit(copy: Path) -> None:
    talker = json.loads((copy / "config.json").read_text())["talker_config"]
    change(copy / "config.json", talker_config={**talker, "intermediate_size": 96})
    with pytest.raises(Unavailable, match="not usable"):
        started(copy, PRESETS)


def test_a_configuration_that_is_no_json(copy: Path) -> None:
    (copy / "config.json").write_text("{")
    with pytest.raises(Unavailable, match="not JSON"):
        started(copy, PRESETS)


@pytest.mark.parametrize("file", ["model.safetensors", "speech_tokenizer/model.safetensors"])
@pytest.mark.parametrize("part", [0, 6, 500, -10])
def test_weights_that_are_cut_short(copy: Path, file: str, part: int) -> None:
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[:part])
    with pytest.raises(Unavailable, match=f"{file} is cut short"):
        started(copy, PRESETS)


def test_weights_that_lack_a_part(copy: Path) -> None:
    path = copy / "model.safetensors"
    tensors = load_file(path)
    del tensors["talker.codec_head.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(Unavailable, match=r"lack 'talker\.codec_head\.weight'"):
        started(copy, PRESETS)


def test_a_pickle_is_not_read(copy: Path) -> None:
    import torch

    torch.save({}, copy / "model.safetensors")
    with pytest.raises(Unavailable, match="pickle"):
        started(copy, PRESETS)
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(Unavailable, match="pickle"):
        started(copy, PRESETS)


@pytest.mark.parametrize("device", ["cuda:99", "cuda:x", "mps", "tpu"])
def test_a_device_that_is_not_there(checkpoints: Path, device: str) -> None:
    with pytest.raises(Unavailable, match="There is no device"):
        started(checkpoints / PRESETS, PRESETS, device)


def test_bfloat16(checkpoints: Path) -> None:
    engine = Qwen3()
    engine.model, engine.folder = PRESETS, checkpoints / PRESETS
    engine.settings = Qwen3.Settings("bfloat16")
    engine.load("cpu")
    assert str(engine._package.model.dtype) == "torch.bfloat16"
    sound = said(engine)
    assert np.isfinite(sound).all()
    engine.unload()


def test_unloading_ends_its_thread(checkpoints: Path) -> None:
    engine = started(checkpoints / PRESETS, PRESETS)
    said(engine)
    before = threading.active_count()
    engine.unload()
    assert threading.active_count() == before - 1


def test_it_needs_none_of_the_older_codecs_packages(checkpoints: Path) -> None:
    program = f"""
import sys
for name in ("torchaudio", "sox", "onnxruntime"):
    sys.modules[name] = None
from pathlib import Path
from polyvox.engines.qwen3.engine import Qwen3
assert "torch" not in sys.modules and "transformers" not in sys.modules
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Voice
engine = Qwen3()
engine.model, engine.folder = "{PRESETS}", Path({str(checkpoints / PRESETS)!r})
engine.load("cpu")
voice = Voice("Ryan", "Ryan", "qwen3", "preset", "Ryan")
chunks = list(engine.synthesize(Segment("Hello.", "en"), voice, Qwen3.Options(max_new_tokens=5)))
assert chunks
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


# The contract


@dataclass(frozen=True)
class Few(Qwen3.Options):
    max_new_tokens: int = option(30, "", ge=2, le=8192)


def broken(engine: type[Synthesizer]) -> list[tuple[str, str]]:
    return [(rule, problem) for rule, problem in contract.check(engine) if problem]


def test_the_contract_with_presets(checkpoints: Path) -> None:
    class Presets(Qwen3):
        model, folder, Options = PRESETS, checkpoints / PRESETS, Few
        enroll, design = Synthesizer.enroll, Synthesizer.design

    assert broken(Presets) == []


class Speaking(Qwen3):
    """A model without presets, of which the contract's presets are voices it made."""

    def load(self, device: str) -> None:
        super().load(device)
        self.state = self.first()

    def first(self) -> bytes:
        return self.enroll(recording())

    def synthesize(self, segment: Segment, voice: Voice, options: Any) -> Iterator[Any]:
        known = voice if voice.state is not None else made(self.state)
        return super().synthesize(segment, known, options)


def test_the_contract_with_clones(checkpoints: Path) -> None:
    class Clones(Speaking):
        model, folder, Options = CLONES, checkpoints / CLONES, Few
        design = Synthesizer.design

    assert broken(Clones) == []


def test_the_contract_with_designs(checkpoints: Path) -> None:
    class Designs(Speaking):
        model, folder = DESIGNS, checkpoints / DESIGNS
        enroll = Synthesizer.enroll

        def first(self) -> bytes:
            return self.design("A calm old man.", "en", {}, "Good morning.").state

    assert broken(Designs) == []


def together(engine: Qwen3, lines: list[Line]) -> tuple[list[Any], list[int]]:
    """What each line sounded like, or its error; and whose chunks came, in order."""
    sound: dict[int, list[Any]] = {index: [] for index in range(len(lines))}
    ends: list[int] = []
    order = []
    for index, what in engine.synthesize_batch(lines):
        assert index not in ends, "something after the end"
        if what is None or isinstance(what, PolyvoxError):
            ends.append(index)
        if what is not None:
            sound[index].append(what)
            order.append(index)
    assert sorted(ends) == list(range(len(lines)))
    told = [
        each[0] if isinstance(each[0], PolyvoxError) else np.concatenate([c.samples for c in each])
        for each in sound.values()
    ]
    return told, order


TEXTS = ("Hello there, how are you?", "Good morning.", "It is a long way to the harbour, I think.")


def test_lines_spoken_together_sound_as_alone(presets: Qwen3) -> None:
    speakers = ("Ryan", "Serena", "Aiden")
    lines = [
        Line(Segment(text, "en", seed=7 + n), replace(RYAN, speaker=speaker), BRIEF)
        for n, (text, speaker) in enumerate(zip(TEXTS, speakers, strict=True))
    ]
    alone = [
        np.concatenate(
            [c.samples for c in presets.synthesize(each.segment, each.voice, each.options)]
        )
        for each in lines
    ]
    spoken, order = together(presets, lines)
    for own, one in zip(spoken, alone, strict=True):
        assert own.shape == one.shape
        assert np.abs(own - one).max() < 1e-3
    assert order[:3] == [0, 1, 2], "they come side by side"


def test_each_of_those_spoken_together_has_its_own_seed(presets: Qwen3) -> None:
    lines = [Line(replace(HELLO, seed=seed), RYAN, BRIEF) for seed in (1, 2, 1)]
    (one, other, same), _ = together(presets, lines)
    assert np.abs(one - same).max() < 1e-3
    assert one.shape != other.shape or np.abs(one - other).max() > 1e-2


def test_clones_with_and_without_transcript_are_spoken_together(clones: Qwen3) -> None:
    states = [clones.enroll(recording(3, said)) for said in (None, "Some words here.")]
    voices = [
        Voice(str(n), str(n), "qwen3", CLONED, digest=hashlib.sha256(s).hexdigest(), state=s)
        for n, s in enumerate(states)
    ]
    alone = [
        np.concatenate([c.samples for c in clones.synthesize(HELLO, voice, BRIEF)])
        for voice in voices
    ]
    spoken, _ = together(clones, [Line(HELLO, voice, BRIEF) for voice in voices])
    for own, one in zip(spoken, alone, strict=True):
        assert own.shape == one.shape
        assert np.abs(own - one).max() < 1e-3


def test_what_cannot_be_said_costs_only_its_own_line(presets: Qwen3) -> None:
    lines = [
        Line(replace(HELLO, text="..."), RYAN, BRIEF),
        Line(HELLO, RYAN, BRIEF),
        Line(HELLO, replace(RYAN, speaker="Nobody"), BRIEF),
    ]
    (empty, spoken, unknown), _ = together(presets, lines)
    assert isinstance(empty, NothingToSpeak)
    assert isinstance(unknown, NotFound)
    assert len(spoken) > 1000
    nothing, _ = together(presets, [lines[0], lines[2]])
    assert all(isinstance(each, PolyvoxError) for each in nothing)


def test_closing_a_batch_ends_its_generation(presets: Qwen3) -> None:
    long = Qwen3.Options(max_new_tokens=2000)
    stream = presets.synthesize_batch([Line(HELLO, RYAN, long)] * 3)
    next(stream)
    stream.close()
    assert len(list(presets.synthesize(HELLO, RYAN, BRIEF)))

"""Neural engines that cannot load, or whose process dies: each says why and what to do, the server
goes on speaking with espeak, and the next request starts the engine again."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from polyvox.api.errors import status_of
from polyvox.domain.errors import EngineCrashed, PolyvoxError, Unavailable
from tests.neural_home import CLONES, DESIGNS, PRESETS, SMALL, Running, serving
from tests.processes import killed, stopped, within

pytestmark = pytest.mark.engines
SPEECH = "/v1/audio/speech"
STORY = "A long story about a quiet harbour, told slowly by somebody who knows it well. " * 40


@pytest.fixture(scope="module")
def running(qwen_home: Callable[..., Path]) -> Iterator[Running]:
    home = qwen_home(PRESETS, CLONES)
    with serving(home) as running:
        yield running


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as clients:
        yield clients


# Weights that are none


@dataclass(frozen=True)
class Damage:
    harm: Callable[[Path, Path], object]
    """Does it to a model's folder; the second is the one with all models."""
    words: str
    """Of what is answered."""


def _shorten(model: Path, _: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def _pickle(model: Path, _: Path) -> None:
    (model / "model.safetensors").write_bytes(b"PK\x03\x04" + bytes(1000))


def _other_kind(model: Path, checkpoints: Path) -> None:
    shutil.copytree(checkpoints / CLONES, model, dirs_exist_ok=True)


def _other_architecture(model: Path, _: Path) -> None:
    (model / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")


def _no_json(model: Path, _: Path) -> None:
    (model / "config.json").write_text('{"model_type":', encoding="utf-8")


def _other_tensors(model: Path, _: Path) -> None:
    shutil.copy(model / "speech_tokenizer" / "model.safetensors", model)


DAMAGES = {
    "cut short": Damage(_shorten, "model.safetensors is cut short: "),
    "a pickle": Damage(_pickle, "model.safetensors is a pickle, not safetensors, and is not read"),
    "another model": Damage(_other_kind, f"holds the weights of {CLONES}, not of {PRESETS}"),
    "another architecture": Damage(_other_architecture, "holds a model of the type 'llama'"),
    "no JSON": Damage(_no_json, "config.json is not JSON"),
    "other tensors": Damage(_other_tensors, "lack '"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_with_weights_is_said(
    running: Running, clients: ThreadPoolExecutor, qwen_checkpoints: Path, damage: str
) -> None:
    model = running.home / "models" / PRESETS
    running.unload()
    DAMAGES[damage].harm(model, qwen_checkpoints)
    asking = [clients.submit(running.speak), clients.submit(running.generate, PRESETS)]
    answers = [each.result() for each in asking]
    state = running.client.get("/v1/engines/qwen3").json()
    shutil.rmtree(model)
    shutil.copytree(qwen_checkpoints / PRESETS, model)
    for answer in answers:
        _check_refused(answer, Unavailable, DAMAGES[damage].words)
        _check_refused(answer, Unavailable, f"Run `polyvox models pull {PRESETS}`.")
    assert DAMAGES[damage].words in state["failure"]
    assert running.hosts == []
    running.check_it_still_speaks()


def test_mended_weights_are_loaded_once_for_all_who_wait(
    running: Running, clients: ThreadPoolExecutor
) -> None:
    running.unload()
    speaking = [clients.submit(running.speak) for _ in range(3)]
    seen = set[int]()
    while not all(each.done() for each in speaking):
        seen |= set(running.hosts)
        time.sleep(0.02)
    assert [each.result().status_code for each in speaking] == [200, 200, 200]
    assert len(seen) == 1
    running.check_it_speaks_again()


def test_weights_that_are_not_here_come_with_the_command(running: Running) -> None:
    answer = running.generate(SMALL)
    _check_refused(answer, Unavailable, f"Run: polyvox models pull {SMALL}")
    designing = {"model_id": DESIGNS, "name": "Deep", "text": "Hello.", "instruct": "Deep."}
    answer = running.client.post("/speakers", json=designing)
    _check_refused(answer, Unavailable, f"Run: polyvox models pull {DESIGNS}")
    running.check_it_still_speaks()


def test_a_gpu_that_is_not_there_is_named(qwen_home: Callable[..., Path]) -> None:
    given = {"POLYVOX_ENGINES__DEVICE": "cuda:0", "CUDA_VISIBLE_DEVICES": ""}
    with serving(qwen_home(PRESETS), **given) as without_gpu:
        answer = without_gpu.speak()
        _check_refused(answer, Unavailable, "no device 'cuda:0' here: 0 GPUs can be used by")
        _check_refused(answer, Unavailable, "Choose 'cpu' or install a PyTorch that fits")
        without_gpu.check_it_still_speaks()


def test_a_private_address_is_not_fetched_for_a_clone(running: Running) -> None:
    audio = f"{running.server.url}/v1/voices"
    asked = {"model_id": CLONES, "name": "Inside", "text": "Hello.", "audio": audio}
    answer = running.client.post("/speakers", json=asked)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "The URL leads to a private address, which is refused."}


# Processes that die


def test_killed_while_it_loads(running: Running, clients: ThreadPoolExecutor) -> None:
    running.unload()
    speaking = clients.submit(running.speak)
    killed(within(30, lambda: running.hosts)[0])
    _check_refused(
        speaking.result(), Unavailable, "Engine 'qwen3' does not start: The process of engine"
    )
    running.check_it_still_speaks()
    running.check_it_speaks_again()


def test_killed_before_the_first_sound(running: Running, clients: ThreadPoolExecutor) -> None:
    running.check_it_speaks_again()
    (host,) = running.hosts
    stopped(host)
    streamed = partial(running.speak, stream=True, response_format="pcm")
    asked = [running.speak, streamed, partial(running.generate, PRESETS)]
    speaking = [clients.submit(each) for each in asked]
    time.sleep(0.5)
    killed(host)
    for each in speaking:
        _check_refused(each.result(), EngineCrashed, "The process of engine 'qwen3' ended")
    running.check_it_still_speaks()
    running.check_it_speaks_again()


def test_killed_after_the_first_sound_breaks_the_transfer(running: Running) -> None:
    running.check_it_speaks_again()
    (host,) = running.hosts
    asked = {"model": PRESETS, "input": STORY, "voice": "Ryan", "response_format": "pcm"}
    with running.client.stream("POST", SPEECH, json=asked) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        assert next(pieces)
        killed(host)
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            list(pieces)
    running.check_it_still_speaks()
    running.check_it_speaks_again()


def test_killed_after_the_first_event_is_an_event(running: Running) -> None:
    running.check_it_speaks_again()
    (host,) = running.hosts
    asked = {"model": PRESETS, "input": STORY, "voice": "Ryan", "stream_format": "sse"}
    with running.client.stream("POST", SPEECH, json=asked) as answer:
        events = answer.iter_lines()
        assert "speech.audio.delta" in next(events)
        killed(host)
        *_, last = filter(None, events)
    told = json.loads(last.removeprefix("data: "))
    assert (told["type"], told["error"]["code"]) == ("speech.audio.error", "engine_crashed")
    running.check_it_speaks_again()


def test_killed_while_it_listens_to_a_recording(
    running: Running, clients: ThreadPoolExecutor, recording: Path
) -> None:
    running.unload()
    running.load(CLONES)
    (host,) = running.hosts
    stopped(host)
    cloning = clients.submit(running.clone, recording, "Harbour")
    time.sleep(1)
    killed(host)
    _check_refused(cloning.result(), EngineCrashed, "The process of engine 'qwen3' ended")
    assert running.client.get("/v1/voices?kind=cloned").json()["total"] == 0
    running.check_it_still_speaks()
    again = running.clone(recording, "Harbour")
    assert again.status_code == 201, again.text


def _check_refused(answer: httpx.Response, kind: type[PolyvoxError], words: str) -> None:
    """With the status of that kind of error, before the first byte, and a time to try again."""
    assert answer.status_code == status_of(kind("")) >= 500, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert words in (answer.json().get("detail") or answer.json()["error"]["message"])

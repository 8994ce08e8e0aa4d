"""A neural engine behind the server against its package called directly in one process, on the same
random checkpoint and texts: what our path adds, how early the first sound comes, and what speaking
eight requests together brings.

    python -m bench.neural ENGINE --environment FOLDER
    python -m bench.neural qwen3 --environment .engines --full qwen3-tts-0.6b-preset
    python -m bench.neural qwen3 --environment .engines --device cuda:0 --streams 1,4,8,16,32
    python -m bench.neural qwen3 --environment .engines --device cuda:0 --fast no

The environment is the one that `make test-engines` makes, or `polyvox engines install`. Random
weights say nothing sensible, but take as long as real ones. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.processes import proportional, tree
from bench.texts import texts
from tests.neural_home import install, make_checkpoints, pull
from tests.server import served

_MODELS = {"qwen3": "qwen3-tts-0.6b-preset", "xtts": "xtts-v2", "f5": "f5-tts"}
_PEERS = {"qwen3": ("qwen3", "qwen3-fast")}
"""What is called directly of an engine on a GPU, where that is not its own package alone."""
_SAID = "The old harbour lay quiet in the evening light, and a few boats came home with the tide."
_SEED = 7


@dataclass(frozen=True)
class Spoken:
    """One request."""

    took: float
    """Seconds to the last byte."""
    first: float
    """Seconds to the first sound."""
    sound: float
    """Seconds of sound."""


@dataclass(frozen=True)
class Bench:
    """What is measured, and on what."""

    engine: str
    model: str
    environment: Path
    home: Path
    weights: Path
    device: str
    texts: list[str]
    reference: Path
    fast: str | None
    """Our own setting of Qwen3-TTS; its default when None."""

    @property
    def options(self) -> dict[str, Any]:
        """Such that both sides make as much sound: random weights rarely stop by themselves."""
        return {"max_new_tokens": 40} if self.engine == "qwen3" else {}

    def settings(self, batch: int) -> dict[str, str]:
        own = {self.engine: {"fast": self.fast}} if self.fast else {}
        return {
            "POLYVOX_ENGINES__SETTINGS": json.dumps(own),
            "POLYVOX_ENGINES__ENABLED": f"espeak,{self.engine}",
            "POLYVOX_ENGINES__DEVICE": self.device,
            "POLYVOX_ENGINES__MAX_BATCH": str(batch),
            "POLYVOX_CACHE__ENABLED": "false",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", choices=_MODELS)
    parser.add_argument("--environment", type=Path, required=True, help="with its packages")
    parser.add_argument("--full", metavar="MODEL", help="of the real one's size (qwen3)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--fast", choices=("auto", "yes", "no"), help="our setting (qwen3)")
    parser.add_argument("--texts", type=int, default=8, help="how many (8)")
    parser.add_argument("--streams", default="1,8", help="requests at once, with commas (1,8)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = _prepared(given, Path(name))
        direct = {peer: _direct(bench, peer) for peer in _peers(bench)}
        for batch in (1, 8):
            with (
                served(bench.home, **bench.settings(batch)) as server,
                httpx.Client(base_url=server.url, timeout=1200) as client,
            ):
                voice = _voice(client, bench)
                _ask(client, bench, voice, bench.texts[0])
                if batch == 1:
                    _compare(direct, [_ask(client, bench, voice, text) for text in bench.texts])
                for streams in map(int, given.streams.split(",")):
                    _together(client, bench, voice, streams, batch)
                held = sum(proportional(pid) for pid in tree(server.process.pid))
                print(f"memory of the server and its hosts: {held / 1e6:.0f} MB")


def _prepared(given: argparse.Namespace, folder: Path) -> Bench:
    """A storage folder with the engine and its weights, and a recording to clone."""
    engine, environment = given.engine, given.environment.absolute()
    model = given.full or _MODELS[engine]
    home = folder / "home"
    home.mkdir()
    install(engine, environment, home)
    print(f"making the weights of {model} …", flush=True)
    arguments = ("--full", model) if given.full else ()
    make_checkpoints(engine, environment, folder / "weights", *arguments)
    own = folder / "weights" / model
    pull(model, own if own.exists() else folder / "weights", home)
    reference = folder / "reference.wav"
    with served(folder, POLYVOX_CACHE__ENABLED="false") as server:
        asked = {"input": _SAID * 2, "voice": "male_deep", "response_format": "wav"}
        answer = httpx.post(f"{server.url}/v1/audio/speech", json={**asked, "stream": False})
        reference.write_bytes(answer.raise_for_status().content)
    weights = home / "models" / model
    chosen = texts(given.texts)
    return Bench(
        engine, model, environment, home, weights, given.device, chosen, reference, given.fast
    )


def _peers(bench: Bench) -> tuple[str, ...]:
    """faster-qwen3-tts does not speak on a CPU."""
    alone = (bench.engine,)
    return _PEERS.get(bench.engine, alone) if bench.device.startswith("cuda") else alone


def _direct(bench: Bench, peer: str) -> list[Spoken]:
    job = {
        "peer": peer,
        "model": bench.model,
        "folder": str(bench.weights),
        "device": bench.device,
        "seed": _SEED,
        "texts": bench.texts,
        "options": bench.options,
        "reference": str(bench.reference),
        "transcript": _SAID * 2,
    }
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        [str(bench.environment / "bin" / "python"), str(Path(__file__).parent / "direct.py")],
        input=json.dumps(job),
        env={"OMP_NUM_THREADS": "1", **os.environ, **quiet, "PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    print(f"package {peer}: loaded in {found['loaded']:.1f} s, peak {found['peak'] / 1e6:.0f} MB")
    return [Spoken(*each) for each in found["spoken"]]


def _voice(client: httpx.Client, bench: Bench) -> str:
    if bench.engine == "qwen3":
        return "Ryan"
    form = {"name": f"bench {time.time()}", "engine": bench.engine, "ref_text": _SAID * 2}
    files = {"audio": bench.reference.read_bytes()}
    answer = client.post("/v1/voices", data={**form, "language": "en"}, files=files)
    return str(answer.raise_for_status().json()["id"])


def _ask(client: httpx.Client, bench: Bench, voice: str, text: str) -> Spoken:
    asked = {
        "input": text,
        "voice": voice,
        "model": bench.model,
        "language": "en",
        "response_format": "pcm",
        "seed": _SEED,
        "options": bench.options,
    }
    begun, first, size = time.perf_counter(), 0.0, 0
    with client.stream("POST", "/v1/audio/speech", json=asked) as answer:
        if answer.status_code != 200:
            raise SystemExit(answer.read().decode())
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - begun
            size += len(piece)
    return Spoken(time.perf_counter() - begun, first, size / 48000)


def _compare(direct: dict[str, list[Spoken]], ours: list[Spoken]) -> None:
    """One request at a time."""
    packages = {f"package {peer}": found for peer, found in direct.items()}
    for name, found in {**packages, "Polyvox": ours}.items():
        sound, took = sum(each.sound for each in found), sum(each.took for each in found)
        print(
            f"{name}: {took / sound:.3f} s a second of sound, a request {_ms(found, 'took')} ms, "
            f"first sound after {_ms(found, 'first')} ms (medians), {sound:.1f} s of sound"
        )
    for name, theirs in packages.items():
        more = [1000 * (our.took - their.took) for our, their in zip(ours, theirs, strict=True)]
        slower = sum(each.took for each in ours) / sum(each.took for each in theirs)
        earlier = median(each.first for each in ours) / median(each.took for each in theirs)
        print(
            f"ours / {name}: {slower:.2f} × the time, {median(more):+.0f} ms a request; "
            f"our first sound after {earlier:.2f} of its whole time"
        )


def _ms(found: list[Spoken], what: str) -> str:
    return f"{1000 * median(getattr(each, what) for each in found):.0f}"


def _together(client: httpx.Client, bench: Bench, voice: str, streams: int, batch: int) -> None:
    """So many requests at once, each with another text."""
    chosen = [bench.texts[index % len(bench.texts)] for index in range(streams)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(streams) as threads:
        found = list(threads.map(lambda text: _ask(client, bench, voice, text), chosen))
    took = time.perf_counter() - begun
    sound = sum(each.sound for each in found)
    print(
        f"{streams} at once, at most {batch} together: {sound / took:.2f} s of sound a second, "
        f"first sound after {_ms(found, 'first')} ms (median), all after {took:.1f} s"
    )


if __name__ == "__main__":
    main()

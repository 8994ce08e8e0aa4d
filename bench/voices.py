"""A cloned voice over HTTP: how long 60 s of reference take, and what speaking with the clone
costs against the plain voice of the same engine, one request at a time. Then the largest upload:
what it adds to the server's memory, against the file's own size. Linux only (/proc).

    python -m bench.voices
    python -m bench.voices --quick      fewer sentences
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from bench.load import Ask
from bench.paths import environment, polyvox
from bench.processes import proportional, serving
from bench.texts import long_text, texts

_REFERENCE_SECONDS = 60
_RATE = 44100
_FASTEST_LIMIT = 5.0
"""Times real time that a clone must at least speak."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer sentences")
    sentences = texts(8 if parser.parse_args().quick else 40)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        settings = environment(folder) | {"POLYVOX_CACHE__ENABLED": "false"}
        command, ready = polyvox().command, Ask("Hello.", "mp3")
        with (
            serving(command, settings, folder / "log", ready, 60) as served,
            httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=300) as client,
        ):
            voice = _enrol(client)
            _speak(client, voice, sentences)
            _upload(client, served.pid)


def _enrol(client: httpx.Client) -> str:
    """Clones a preset from its own speech; the new voice's id."""
    reference = _wav(_speech(client, _REFERENCE_SECONDS), 24000, channels=1)
    begun = time.monotonic()
    answer = client.post(
        "/v1/voices", data={"name": "bench", "language": "en"}, files={"audio": reference}
    )
    took = time.monotonic() - begun
    answer.raise_for_status()
    print(
        f"enrolling {_REFERENCE_SECONDS} s of recording: {took:.1f} s, "
        f"{_REFERENCE_SECONDS / took:.0f} × real time"
    )
    return str(answer.json()["id"])


def _speak(client: httpx.Client, voice: str, sentences: list[str]) -> None:
    plain = [_ask(client, "male_deep", text) for text in sentences]
    clone = [_ask(client, voice, text) for text in sentences]
    for name, found in (("plain voice", plain), ("cloned voice", clone)):
        sound, took = (sum(each[index] for each in found) for index in (0, 2))
        print(
            f"{name}: {sound / took:.0f} × real time, first sound after "
            f"{1000 * statistics.median(each[1] for each in found):.0f} ms (median), "
            f"first sentence {1000 * found[0][1]:.0f} ms"
        )
    speeds = [
        sum(each[0] for each in some) / sum(each[2] for each in some) for some in (plain, clone)
    ]
    print(
        f"cloned / plain: {speeds[1] / speeds[0]:.2f} × the speed; "
        f"{speeds[1] / _FASTEST_LIMIT:.1f} × the limit of {_FASTEST_LIMIT:g} × real time"
    )


def _upload(client: httpx.Client, server: int) -> None:
    """Sends the longest recording in stereo and says what it cost."""
    seconds = 270
    upload = _wav(np.resize(_speech(client, 30), seconds * _RATE), _RATE, channels=2)
    size = len(upload)
    before = proportional(server)
    with _peak(server) as peaks:
        answer = client.post("/v1/voices/check", files={"audio": io.BytesIO(upload)})
    answer.raise_for_status()
    grown = max(peaks) - before
    print(
        f"a recording of {size / 1e6:.0f} MB: the server grows by at most {grown / 1e6:.0f} MB, "
        f"{grown / size:.2f} × the file"
    )


def _ask(client: httpx.Client, voice: str, text: str) -> tuple[float, float, float]:
    """Seconds of sound, seconds to the first byte of sound, seconds to the last."""
    asked = {"input": text, "voice": voice, "response_format": "pcm"}
    begun, first, size = time.monotonic(), 0.0, 0
    with client.stream("POST", "/v1/audio/speech", json=asked) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            first = first or time.monotonic() - begun
            size += len(piece)
    return size / 48000, first, time.monotonic() - begun


def _speech(client: httpx.Client, seconds: float) -> Any:
    """So much of male_deep at 24 kHz, 16 bits."""
    asked = {"input": long_text(250), "voice": "male_deep", "response_format": "pcm"}
    samples = np.frombuffer(client.post("/v1/audio/speech", json=asked).content, "<i2")
    return np.resize(samples, round(seconds * 24000))


def _wav(samples: Any, rate: int, *, channels: int) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).tobytes())
    return written.getvalue()


@contextmanager
def _peak(pid: int) -> Iterator[list[int]]:
    """Fills a list with the process's memory while the block runs."""
    found, over = [proportional(pid)], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            found.append(proportional(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    yield found
    over.set()
    watching.join()


if __name__ == "__main__":
    main()

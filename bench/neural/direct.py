"""The peer: an engine's package called directly, one text after the other in one process, as its
own documentation shows. Runs in the engine's environment; JSON in, JSON out.

    python bench/neural/direct.py < JOB > RESULT
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Speak = Callable[[str], tuple[float, float]]
"""Speaks a text; seconds to the first sound, and seconds of sound."""


def qwen3(folder: Path, job: dict[str, Any]) -> Speak:
    from polyvox.engines.qwen3 import checkpoint

    model = checkpoint.load(folder, job["model"], job["device"], job.get("precision", "auto"))
    import torch  # type: ignore[import-not-found, unused-ignore]

    def speak(text: str) -> tuple[float, float]:
        begun = time.perf_counter()
        torch.manual_seed(job["seed"])
        waves, rate = model.generate_custom_voice(
            text=text, speaker="Ryan", language="English", **job["options"]
        )
        return time.perf_counter() - begun, len(waves[0]) / rate

    return speak


def qwen3_fast(folder: Path, job: dict[str, Any]) -> Speak:
    """faster-qwen3-tts by itself, which speaks on a GPU only."""
    from polyvox.engines.qwen3.package import import_package

    import_package()
    import torch
    from faster_qwen3_tts import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        FasterQwen3TTS,
    )

    model = FasterQwen3TTS.from_pretrained(str(folder), device=job["device"])

    def speak(text: str) -> tuple[float, float]:
        begun, first, length = time.perf_counter(), 0.0, 0
        torch.manual_seed(job["seed"])
        for chunk, _, _ in model.generate_custom_voice_streaming(
            text=text, speaker="Ryan", language="English", chunk_size=8, **job["options"]
        ):
            first = first or time.perf_counter() - begun
            length += len(chunk)
        return first, length / 24000

    return speak


def xtts(folder: Path, job: dict[str, Any]) -> Speak:
    from polyvox.engines.xtts import checkpoint

    model = checkpoint.load(folder, job["model"], job["device"])
    import torch

    latents = model.get_conditioning_latents(audio_path=[job["reference"]], max_ref_length=30)

    def speak(text: str) -> tuple[float, float]:
        begun, first, length = time.perf_counter(), 0.0, 0
        torch.manual_seed(job["seed"])
        for chunk in model.inference_stream(text, "en", *latents, **job["options"]):
            first = first or time.perf_counter() - begun
            length += len(chunk)
        return first, length / 24000

    return speak


def f5(folder: Path, job: dict[str, Any]) -> Speak:
    from polyvox.engines.f5 import checkpoint

    network, vocoder = checkpoint.load(folder, job["model"], job["device"])
    from f5_tts.infer.utils_infer import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        infer_process,
        preprocess_ref_audio_text,
    )

    reference, said = preprocess_ref_audio_text(job["reference"], job["transcript"])

    def speak(text: str) -> tuple[float, float]:
        begun = time.perf_counter()
        wave, rate, _ = infer_process(
            reference, said, text, network, vocoder, device=job["device"], **job["options"]
        )
        return time.perf_counter() - begun, len(wave) / rate

    return speak


def main() -> None:
    job = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # packages print
    begun = time.perf_counter()
    peers = {"qwen3": qwen3, "qwen3-fast": qwen3_fast, "xtts": xtts, "f5": f5}
    speak = peers[job["peer"]](Path(job["folder"]), job)
    loaded = time.perf_counter() - begun
    speak(job["texts"][0])
    found = []
    for text in job["texts"]:
        begun = time.perf_counter()
        first, sound = speak(text)
        found.append((time.perf_counter() - begun, first, sound))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump({"loaded": loaded, "spoken": found, "peak": peak}, answers)
    answers.close()


if __name__ == "__main__":
    main()

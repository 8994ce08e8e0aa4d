"""Frames of codes as the model makes them, though the package gives them only when all are made.

The package's own generation runs in one thread; a hook on its talker hands out each frame, and
ends the generation by an error of ours when nobody listens any more.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import Cancelled, EngineFailed
from polyvox.engines.qwen3.codec import Frame
from polyvox.engines.qwen3.state import Codes

_SEEDS = 2**63


class _Stopped(Exception):
    """Nobody listens any more."""


@dataclass(frozen=True)
class Sample:
    """The voice that a clone model is given."""

    embedding: npt.NDArray[np.float32]
    codes: Optional[Codes] = None
    text: Optional[str] = None
    """What is said in `codes`."""


@dataclass(frozen=True)
class Line:
    """What is said, and how."""

    text: str
    language: str
    """As the package names it."""
    seed: int
    speaker: Optional[str] = None
    instructions: Optional[str] = None
    sample: Optional[Sample] = None


class Talker:
    """Says one line after the other; the model keeps positions in itself while it speaks."""

    def __init__(self, package: Any) -> None:
        """`package` is a `Qwen3TTSModel`."""
        self._package = package
        self._turn = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qwen3-talker")

    def close(self) -> None:
        self._turn.shutdown(cancel_futures=True)

    def frames(self, line: Line, sampling: dict[str, Any]) -> Generator[Frame, None, None]:
        """Each frame as soon as it is there. Closing the iterator ends the generation with the
        frame that is being made."""
        made: SimpleQueue[Optional[Frame]] = SimpleQueue()
        stop = Event()
        work = self._turn.submit(self._generate, line, sampling, made, stop)
        work.add_done_callback(lambda _: made.put(None))
        try:
            while (frame := made.get()) is not None:
                yield frame
        finally:
            stop.set()
            if not work.cancel():
                wait([work])
        if work.cancelled():
            raise Cancelled("Qwen3-TTS was unloaded while it spoke.")
        failure = work.exception()
        if failure is not None:
            raise _told(failure) from failure

    def _generate(
        self,
        line: Line,
        sampling: dict[str, Any],
        made: SimpleQueue[Optional[Frame]],
        stop: Event,
    ) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        model = self._package.model
        end = model.config.talker_config.codec_eos_token_id

        def hand_out(_module: Any, _given: Any, output: Any) -> None:
            if stop.is_set():
                raise _Stopped
            codes = output.hidden_states[1]
            if codes is not None:
                frame = codes[0].cpu().numpy()
                if frame[0] != end:
                    made.put(frame)

        hook = model.talker.register_forward_hook(hand_out)
        try:
            torch.manual_seed(line.seed % _SEEDS)
            model.generate(**self._arguments(line), **sampling)
        except _Stopped:
            return
        finally:
            hook.remove()

    def _arguments(self, line: Line) -> dict[str, Any]:
        """What the package's own methods for this kind of model would give to it."""
        read, write = self._package._tokenize_texts, self._package._build_assistant_text
        given: dict[str, Any] = {
            "input_ids": read([write(line.text)]),
            "languages": [line.language],
            "non_streaming_mode": line.sample is None,
        }
        if line.sample is not None:
            return {**given, **self._sample(line.sample)}
        instructions = [None]
        if line.instructions:
            instructions = read([self._package._build_instruct_text(line.instructions)])
        return {**given, "instruct_ids": instructions, "speakers": [line.speaker]}

    def _sample(self, sample: Sample) -> dict[str, Any]:
        import torch

        known = sample.codes is not None and sample.text is not None
        codes = torch.from_numpy(np.asarray(sample.codes, np.int64)) if known else None
        said = [self._package._build_ref_text(sample.text)] if known else []
        return {
            "ref_ids": self._package._tokenize_texts(said) or [None],
            "voice_clone_prompt": {
                "ref_code": [codes],
                "ref_spk_embedding": [torch.from_numpy(sample.embedding)],
                "x_vector_only_mode": [not known],
                "icl_mode": [known],
            },
        }


def _told(failure: BaseException) -> BaseException:
    """The package's failures that have a plain reason, in our words; any other as it is."""
    import torch

    if isinstance(failure, torch.OutOfMemoryError):
        return EngineFailed("The GPU has too little memory left for Qwen3-TTS.")
    if isinstance(failure, RuntimeError) and "probability tensor" in str(failure):
        return EngineFailed("Qwen3-TTS made numbers that are none; are its weights damaged?")
    return failure

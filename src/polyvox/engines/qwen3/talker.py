"""Frames of codes as the model makes them, though the package gives them only when all are made.

The package's own generation runs in one thread; a hook on its talker hands out each frame, and
ends the generation by an error of ours when nobody listens any more. A line that is spoken alone
may be spoken quickly: then the package only prepares it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import Cancelled, EngineFailed
from polyvox.engines.qwen3.codec import Frame
from polyvox.engines.qwen3.quick import Quick
from polyvox.engines.qwen3.seeds import seeded
from polyvox.engines.qwen3.state import Codes

_SEEDS = 2**63


class _Stopped(Exception):
    """Nobody listens any more."""


class _Prepared(Exception):
    """The package has made what its talker needs."""

    def __init__(self, **given: Any) -> None:
        super().__init__()
        self.given = given


@dataclass(frozen=True)
class Sample:
    """The voice that a clone model is given."""

    embedding: npt.NDArray[np.float32]
    codes: Optional[Codes] = None
    text: Optional[str] = None
    """What is said in `codes`."""


@dataclass(frozen=True)
class Take:
    """What is said, and how."""

    text: str
    language: str
    """As the package names it."""
    seed: int
    speaker: Optional[str] = None
    instructions: Optional[str] = None
    sample: Optional[Sample] = None


class Talker:
    """Says one thing after the other, or several at once; the model keeps positions in itself
    while it speaks."""

    def __init__(self, package: Any, quick: Optional[Quick] = None) -> None:
        """`package` is a `Qwen3TTSModel`, which `quick` speaks where it can."""
        self._package, self._quick = package, quick
        self._turn = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qwen3-talker")

    def close(self) -> None:
        self._turn.shutdown(cancel_futures=True)

    def frames(
        self, takes: Sequence[Take], sampling: Mapping[str, Any]
    ) -> Generator[tuple[int, Optional[Frame]], None, None]:
        """The index of a take with its next frame as soon as it is there, or with None at its
        end. Closing the iterator ends the generation with the frames that are being made."""
        made: SimpleQueue[Optional[tuple[int, Optional[Frame]]]] = SimpleQueue()
        stop = Event()
        alone = self._quick is not None and len(takes) == 1 and self._quick.can(sampling)
        generate = self._generate_quickly if alone else self._generate
        work = self._turn.submit(generate, takes, sampling, made, stop)
        work.add_done_callback(lambda _: made.put(None))
        left = set(range(len(takes)))
        try:
            while (told := made.get()) is not None:
                if told[1] is None:
                    left.discard(told[0])
                yield told
        finally:
            stop.set()
            if not work.cancel():
                wait([work])
        if work.cancelled():
            raise Cancelled("Qwen3-TTS was unloaded while it spoke.")
        failure = work.exception()
        if failure is not None:
            raise _told(failure) from failure
        for index in sorted(left):
            yield index, None

    def _generate(
        self,
        takes: Sequence[Take],
        sampling: Mapping[str, Any],
        made: SimpleQueue[Optional[tuple[int, Optional[Frame]]]],
        stop: Event,
    ) -> None:
        import torch  # type: ignore[import-not-found, unused-ignore]

        model = self._package.model
        end = model.config.talker_config.codec_eos_token_id
        going = set(range(len(takes)))

        def hand_out(_module: Any, _given: Any, output: Any) -> None:
            if stop.is_set():
                raise _Stopped
            codes = output.hidden_states[1]
            if codes is None:
                return
            for index, frame in enumerate(codes.cpu().numpy()):
                if index in going and frame[0] != end:
                    made.put((index, frame))
                elif index in going:
                    going.discard(index)
                    made.put((index, None))

        hook = model.talker.register_forward_hook(hand_out)
        try:
            with seeded(torch, [take.seed % _SEEDS for take in takes]):
                model.generate(**self._arguments(takes), **sampling)
        except _Stopped:
            return
        finally:
            hook.remove()

    def _generate_quickly(
        self,
        takes: Sequence[Take],
        sampling: Mapping[str, Any],
        made: SimpleQueue[Optional[tuple[int, Optional[Frame]]]],
        stop: Event,
    ) -> None:
        import torch

        assert self._quick is not None

        def hand_out(frame: Frame) -> None:
            if stop.is_set():
                raise _Stopped
            made.put((0, frame))

        self._quick.get_ready(sampling)
        with seeded(torch, [takes[0].seed % _SEEDS]):
            try:
                self._quick.say(self._prepared(takes, sampling), hand_out)
            except _Stopped:
                return

    def _prepared(self, takes: Sequence[Take], sampling: Mapping[str, Any]) -> dict[str, Any]:
        """What the package gives to its talker."""
        model = self._package.model

        def interrupt(**given: Any) -> None:
            raise _Prepared(**given)

        model.talker.generate = interrupt
        try:
            model.generate(**self._arguments(takes), **sampling)
        except _Prepared as prepared:
            return prepared.given
        finally:
            del model.talker.generate
        raise EngineFailed("This qwen-tts does not speak through its talker.")

    def _arguments(self, takes: Sequence[Take]) -> dict[str, Any]:
        """What the package's own methods for this kind of model would give to it."""
        package = self._package
        read = package._tokenize_texts
        samples = [take.sample for take in takes if take.sample is not None]
        given: dict[str, Any] = {
            "input_ids": read([package._build_assistant_text(take.text) for take in takes]),
            "languages": [take.language for take in takes],
            "non_streaming_mode": not samples,
        }
        if samples:
            return {**given, **self._samples(samples)}
        styles = [take.instructions for take in takes]
        return {
            **given,
            "instruct_ids": [_read(read, package._build_instruct_text, each) for each in styles],
            "speakers": [take.speaker for take in takes],
        }

    def _samples(self, samples: Sequence[Sample]) -> dict[str, Any]:
        import torch

        package = self._package
        known = [each.codes is not None and each.text is not None for each in samples]
        codes = [
            torch.from_numpy(np.asarray(each.codes, np.int64)) if knows else None
            for each, knows in zip(samples, known, strict=True)
        ]
        said = [each.text if knows else None for each, knows in zip(samples, known, strict=True)]
        read, write = package._tokenize_texts, package._build_ref_text
        return {
            "ref_ids": [_read(read, write, each) for each in said],
            "voice_clone_prompt": {
                "ref_code": codes,
                "ref_spk_embedding": [torch.from_numpy(each.embedding) for each in samples],
                "x_vector_only_mode": [not each for each in known],
                "icl_mode": known,
            },
        }


def _read(
    read: Callable[[list[str]], Any], write: Callable[[str], str], words: Optional[str]
) -> Any:
    """Words as the model reads them in one of its forms; None for none."""
    return read([write(words)])[0] if words else None


def _told(failure: BaseException) -> BaseException:
    """The package's failures that have a plain reason, in our words; any other as it is."""
    import torch

    if isinstance(failure, torch.OutOfMemoryError):
        return EngineFailed("The GPU has too little memory left for Qwen3-TTS.")
    if isinstance(failure, RuntimeError) and "probability tensor" in str(failure):
        return EngineFailed("Qwen3-TTS made numbers that are none; are its weights damaged?")
    return failure

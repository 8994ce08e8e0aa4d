"""The process that runs one engine. It reads requests from a socket that it inherits, speaks
them one after the other, and ends when the socket closes.

    python -m polyvox.runtime.host ENGINE --fd N

Standard output belongs to whatever the engine prints; messages have a socket of their own.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Optional

import numpy as np

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, PolyvoxError, to_message
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Voice
from polyvox.engines import options
from polyvox.engines.contract import Synthesizer
from polyvox.engines.registry import Registry
from polyvox.runtime.wire import (
    Message,
    States,
    WireBroken,
    chunk_message,
    from_fields,
    pack,
    read,
    samples_in,
    to_fields,
)

_GATHER = 0.01
"""Seconds for which a fast engine's chunks are gathered into one message."""
_LONGEST_MESSAGE = 2.0
"""Seconds of sound."""


class Host:
    """Answers the messages of one stream with one engine."""

    def __init__(self, stream: BinaryIO, engine: Synthesizer) -> None:
        self._stream = stream
        self._engine = engine
        self._requests: SimpleQueue[Message] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._states = States()

    def run(self) -> None:
        """Load what the first message says, then answer until the process ends with its stream."""
        asked = read(self._stream)
        if asked is None or not self._load(asked.fields):
            return
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            request = self._requests.get()
            self._answer(request)
            self._cancelled.discard(request.id)

    def _load(self, asked: Mapping[str, Any]) -> bool:
        engine = self._engine
        try:
            engine.model = asked["model"]
            engine.folder = Path(asked["weights"]) if asked["weights"] else None
            engine.settings = options.check(engine.Settings, asked["settings"], "setting")
            engine.load(asked["device"])
        except Exception as error:
            self._send(Message("error", fields=to_message(_own(error))))
            return False
        self._send(Message("ready"))
        return True

    def _listen(self) -> None:
        """Take messages in while the engine works, so that a cancellation is heard."""
        try:
            while message := read(self._stream):
                if message.kind == "cancel":
                    self._cancelled.add(message.id)
                else:
                    self._requests.put(message)
        except (WireBroken, OSError) as error:
            print(f"host of {self._engine.name}: {error}", file=sys.stderr)
        self._engine.unload()
        os._exit(0)

    def _answer(self, request: Message) -> None:
        try:
            if request.kind == "state":
                self._states.add(request.fields["digest"], bytes(request.body))
                return
            if request.kind == "speak":
                for chunk in _gathered(self._spoken(request)):
                    self._send(chunk_message(request.id, chunk))
                answer = Message("done", request.id)
            else:
                answer = self._made(request)
        except Exception as error:
            answer = Message("error", request.id, to_message(_own(error)))
        self._send(answer)

    def _made(self, request: Message) -> Message:
        """A voice state, of a recording, of words, or of other voices."""
        given = request.fields
        if request.kind == "enroll":
            reference = Reference(samples_in(request.body), **given)
            return Message("made", request.id, body=self._engine.enroll(reference))
        if request.kind == "design":
            design = self._engine.design(**given)
            return Message("made", request.id, to_fields(design), design.state)
        if request.kind == "blend":
            voices = [self._voice(each) for each in given["voices"]]
            state = self._engine.blend(voices, given["weights"])
            return Message("made", request.id, body=state)
        raise EngineFailed(f"A host does not know how to '{request.kind}'.")

    def _voice(self, fields: Mapping[str, Any]) -> Voice:
        """The voice, with its state, which has come before."""
        voice: Voice = from_fields(Voice, fields)
        if voice.digest is None:
            return voice
        state = self._states.use(voice.digest)
        if state is None:
            raise EngineFailed(f"The state of voice '{voice.id}' has not come.")
        return replace(voice, state=state)

    def _spoken(self, request: Message) -> Iterator[AudioChunk]:
        segment = from_fields(Segment, request.fields["segment"])
        voice = self._voice(request.fields["voice"])
        chosen = options.check(self._engine.Options, request.fields["options"])
        stream = self._engine.synthesize(segment, voice, chosen)
        try:
            for chunk in stream:
                if request.id in self._cancelled:
                    break
                yield chunk
        finally:
            stream.close()  # type: ignore[attr-defined]

    def _send(self, message: Message) -> None:
        self._stream.write(pack(message))
        self._stream.flush()


def _gathered(chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
    """The first chunk at once; later ones together where the engine is faster than a message
    is worth."""
    waiting: list[AudioChunk] = []
    sent, length = 0.0, 0.0
    for chunk in chunks:
        waiting.append(chunk)
        length += chunk.duration
        if time.monotonic() - sent >= _GATHER or length >= _LONGEST_MESSAGE:
            yield _together(waiting)
            waiting, sent, length = [], time.monotonic(), 0.0
    if waiting:
        yield _together(waiting)


def _together(chunks: list[AudioChunk]) -> AudioChunk:
    if len(chunks) == 1:
        return chunks[0]
    samples = np.concatenate([chunk.samples for chunk in chunks])
    words = tuple(word for chunk in chunks for word in chunk.words)
    return AudioChunk(samples, chunks[0].sample_rate, words)


def _own(error: Exception) -> PolyvoxError:
    if isinstance(error, PolyvoxError):
        return error
    return EngineFailed(f"{type(error).__name__}: {error}")


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser(description="Run one engine for a Polyvox server.")
    parser.add_argument("engine")
    parser.add_argument("--fd", type=int, required=True, help="the inherited socket")
    parser.add_argument("--folder", type=Path, help="folder of drop-in engines")
    given = parser.parse_args(arguments)
    stream = socket.socket(fileno=given.fd).makefile("rwb", buffering=1 << 18)
    os.dup2(2, 1)
    try:
        engine = Registry(given.folder).synthesizer(given.engine)()
        Host(stream, engine).run()  # type: ignore[arg-type]
    except PolyvoxError as error:
        stream.write(pack(Message("error", fields=to_message(error))))
        stream.flush()
    except BrokenPipeError:
        pass


if __name__ == "__main__":
    main()

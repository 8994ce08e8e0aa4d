"""The process that runs one engine. It reads requests from a socket that it inherits, serves them
one after the other, or together where the engine can, and ends when the socket closes.

    python -m polyvox.runtime.host ENGINE --fd N

Standard output belongs to whatever the engine prints; messages have a socket of their own.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Optional

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, PolyvoxError, to_message
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.engines import options
from polyvox.engines.contract import Line, Synthesizer, capabilities
from polyvox.engines.registry import Registry
from polyvox.runtime.gathering import gathered
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


@dataclass(frozen=True)
class _Work:
    """A request, understood."""

    id: int
    begin: Callable[[], Any]
    """Gives chunks, or what is made."""
    line: Optional[Line] = None
    """What is spoken, where that can be done together with others."""


class Host:
    """Answers the messages of one stream with one engine."""

    def __init__(self, stream: BinaryIO, engine: Synthesizer) -> None:
        self._stream = stream
        self._engine = engine
        self._most = engine.max_batch if "synthesize_batch" in capabilities(type(engine)) else 1
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: list[_Work] = []
        self._begun: set[int] = set()
        self._cancelled: set[int] = set()
        self._states = States()

    def run(self) -> None:
        """Load what the first message says, then answer until the process ends with its stream."""
        asked = read(self._stream)
        if asked is None or not self._load(asked.fields):
            return
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            together = self._next()
            if len(together) > 1:
                self._speak_together(together)
            else:
                self._answer(together[0])
            with self._changed:
                self._begun.clear()
                self._cancelled.clear()

    def _load(self, asked: Mapping[str, Any]) -> bool:
        engine = self._engine
        try:
            engine.model = asked["model"]
            engine.folder = Path(asked["weights"]) if asked["weights"] else None
            engine.settings = options.check(engine.Settings, asked["settings"], "setting")
            engine.load(asked["device"])
        except Exception as error:
            self._fail(0, error)
            return False
        self._send(Message("ready"))
        return True

    def _listen(self) -> None:
        """Take messages in while the engine works, so that a cancellation is heard."""
        try:
            while message := read(self._stream):
                if message.kind == "cancel":
                    self._cancel(message.id)
                elif message.kind == "state":
                    self._states.add(message.fields["digest"], bytes(message.body))
                else:
                    self._take(message)
        except (WireBroken, OSError) as error:
            print(f"host of {self._engine.name}: {error}", file=sys.stderr)
        self._engine.unload()
        os._exit(0)

    def _take(self, message: Message) -> None:
        try:
            work = self._understood(message)
        except Exception as error:
            self._fail(message.id, error)
            return
        with self._changed:
            self._waiting.append(work)
            self._changed.notify()

    def _cancel(self, request: int) -> None:
        """What waits is over at once; what has begun ends with its next chunk."""
        with self._changed:
            if request in self._begun:
                self._cancelled.add(request)
            waited = [work for work in self._waiting if work.id == request]
            self._waiting = [work for work in self._waiting if work.id != request]
        for work in waited:
            self._send(Message("done", work.id))

    def _understood(self, message: Message) -> _Work:
        """Voices are looked up in the order in which requests come, as the server counts them."""
        given, engine = message.fields, self._engine
        begin: Optional[Callable[[], Any]] = None
        if message.kind == "speak":
            chosen = options.check(engine.Options, given["options"])
            segment = from_fields(Segment, given["segment"])
            line = Line(segment, self._voice(given["voice"]), chosen)
            begin = partial(engine.synthesize, line.segment, line.voice, line.options)
            return _Work(message.id, begin, line)
        if message.kind == "convert":
            chosen = options.check(engine.Options, given["options"])
            source = Reference(samples_in(message.body), **given["source"])
            begin = partial(engine.convert, source, self._voice(given["voice"]), chosen)
        if message.kind == "enroll":
            begin = partial(engine.enroll, Reference(samples_in(message.body), **given))
        if message.kind == "design":
            begin = partial(engine.design, **given)
        if message.kind == "blend":
            voices = [self._voice(each) for each in given["voices"]]
            begin = partial(engine.blend, voices, given["weights"])
        if begin is None:
            raise EngineFailed(f"A host does not know how to '{message.kind}'.")
        return _Work(message.id, begin)

    def _voice(self, fields: Mapping[str, Any]) -> Voice:
        """The voice, with its state, which has come before."""
        voice: Voice = from_fields(Voice, fields)
        if voice.digest is None:
            return voice
        state = self._states.use(voice.digest)
        if state is None:
            raise EngineFailed(f"The state of voice '{voice.id}' has not come.")
        return replace(voice, state=state)

    def _next(self) -> list[_Work]:
        """What has waited longest, with as much as can be spoken together with it."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            first, *others = self._waiting
            together = [first]
            if first.line:
                alike = [w for w in others if w.line and w.line.options == first.line.options]
                together += alike[: self._most - 1]
            self._waiting = [work for work in others if work not in together]
            self._begun = {work.id for work in together}
        return together

    def _answer(self, work: _Work) -> None:
        try:
            made = work.begin()
            if isinstance(made, bytes):
                answer = Message("made", work.id, body=made)
            elif isinstance(made, Design):
                answer = Message("made", work.id, to_fields(made), made.state)
            else:
                for chunk in gathered(self._until_cancelled(work, made)):
                    self._send(chunk_message(work.id, chunk))
                answer = Message("done", work.id)
        except Exception as error:
            self._fail(work.id, error)
        else:
            self._send(answer)

    def _until_cancelled(
        self, work: _Work, chunks: Generator[AudioChunk, None, None]
    ) -> Iterator[AudioChunk]:
        try:
            for chunk in chunks:
                if work.id in self._cancelled:
                    break
                yield chunk
        finally:
            chunks.close()

    def _speak_together(self, together: Sequence[_Work]) -> None:
        """Each gets its own sound, its own error and its own end. Where the engine fails before
        there is any sound, they are spoken one by one."""
        left, sounded = dict(enumerate(together)), False
        stream = self._engine.synthesize_batch([work.line for work in together if work.line])
        try:
            for index, what in stream:
                for gone in [each for each, work in left.items() if work.id in self._cancelled]:
                    self._send(Message("done", left.pop(gone).id))
                if index not in left:
                    pass
                elif isinstance(what, AudioChunk):
                    self._send(chunk_message(left[index].id, what))
                    sounded = True
                elif what is None:
                    self._send(Message("done", left.pop(index).id))
                else:
                    self._fail(left.pop(index).id, what)
                if not left:
                    break
            else:
                raise EngineFailed(f"{len(left)} segments of a batch came to no end.")
        except Exception as error:
            for work in left.values():
                self._fail(work.id, error) if sounded else self._answer(work)
        finally:
            stream.close()

    def _fail(self, request: int, error: Exception) -> None:
        self._send(Message("error", request, to_message(_own(error))))

    def _send(self, message: Message) -> None:
        with self._sending:
            self._stream.write(pack(message))
            self._stream.flush()


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

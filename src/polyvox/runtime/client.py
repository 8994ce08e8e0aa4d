"""The server's end of a host: starts the process, speaks through it, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Any, Self

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineCrashed, TimedOut, Unavailable, from_message
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.runtime.launch import Launch
from polyvox.runtime.wire import (
    Message,
    States,
    WireBroken,
    chunk_in,
    from_fields,
    pack,
    receive,
    samples_out,
    to_fields,
)

_READ_AHEAD = 4 * 1024 * 1024
_SETTLE_WITHIN = 5.0
"""Seconds in which a cancelled engine must stop, or lose its process."""
_END_WITHIN = 3.0
_LOAD = 0
"""Number of the first request."""


class Host:
    """One running host. It takes several requests at once; how it serves them is its own affair."""

    def __init__(
        self,
        engine: str,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.engine, self.process = engine, process
        self._reader, self._writer = reader, writer
        self._patience = 0.0
        self._requests = _LOAD
        self._open: dict[int, _Request] = {}
        self._left: set[int] = set()
        """Requests that were left before their end, and at which the engine may still be."""
        self._settled = asyncio.Event()
        self._states = States()
        self.heard = monotonic()
        """When the process gave its last sign of life."""
        self._ended = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        launch: Launch,
        *,
        load_within: float = 300.0,
        patience: float = 120.0,
    ) -> Self:
        """A host that has loaded its model.

        `patience` is how many seconds a loaded engine may be silent while it is asked for sound.
        Raises what the engine's `load` raised, or Unavailable when its process ends or hangs.
        """
        ours, theirs = socket.socketpair()
        python = str(launch.python or sys.executable)
        command = [python, "-m", "polyvox.runtime.host", launch.engine]
        command += ["--fd", str(theirs.fileno())]
        if launch.folder:
            command += ["--folder", str(launch.folder)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, **launch.variables},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise _unable(launch, error) from error
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_READ_AHEAD)
        host = cls(launch.engine, process, reader, writer)
        try:
            await host._load(launch, load_within)
        except (EngineCrashed, TimedOut) as error:
            await host.close()
            raise _unable(launch, error) from error
        except BaseException:
            await host.close()
            raise
        host._patience = patience
        return host

    @property
    def alive(self) -> bool:
        return self.process.returncode is None and not self._ended

    @property
    def owing(self) -> bool:
        """Whether it may still be at a request that was left before its end; see `settle`."""
        return bool(self._left)

    def speak(
        self, segment: Segment, voice: Voice, options: Mapping[str, Any]
    ) -> AsyncGenerator[AudioChunk, None]:
        """The segment's audio as it comes. Leaving early cancels; the host then owes an end.

        Raises EngineFailed with the engine's reason, EngineCrashed when its process dies,
        TimedOut when it goes silent for longer than its patience.
        """
        asked = {"segment": to_fields(segment), "options": dict(options)}
        return self._sound("speak", voice, asked)

    def convert(
        self, source: Reference, voice: Voice, options: Mapping[str, Any]
    ) -> AsyncGenerator[AudioChunk, None]:
        """What is said in `source`, as if `voice` said it. Ends and raises as `speak` does."""
        asked = {"source": to_fields(source), "options": dict(options)}
        return self._sound("convert", voice, asked, samples_out(source.samples))

    async def enroll(self, reference: Reference) -> bytes:
        """The voice state of whoever speaks in `reference`. Raises as `speak` does."""
        body = samples_out(reference.samples)
        return bytes((await self._made("enroll", to_fields(reference), body)).body)

    async def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """The voice that a description asks for. Raises as `speak` does."""
        asked = {
            "description": description,
            "language": language,
            "settings": dict(settings),
            "text": text,
        }
        made = await self._made("design", asked)
        return from_fields(Design, {**made.fields, "state": bytes(made.body)})  # type: ignore[no-any-return]

    async def blend(self, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """The state of a voice between `voices`. Raises as `speak` does."""
        brought = [await self._bring(voice) for voice in voices]
        made = await self._made("blend", {"voices": brought, "weights": list(weights)})
        return bytes(made.body)

    async def settle(self) -> None:
        """Wait until the requests that were left have ended; ends the process if it will not."""
        try:
            async with asyncio.timeout(_SETTLE_WITHIN):
                while self._left and self.alive:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            self.kill()

    async def close(self) -> None:
        """End the process: its socket closes, and it is killed if that does not suffice."""
        self._reading.cancel()
        self._writer.close()
        try:
            async with asyncio.timeout(_END_WITHIN):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def kill(self) -> None:
        self._ended = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def _load(self, launch: Launch, within: float) -> None:
        self._patience = within
        async with self._asked("load", launch.told) as request:
            await request.answer()

    async def _bring(self, voice: Voice) -> Any:
        """The voice as fields, its state sent before when the host does not hold it yet."""
        if voice.digest and not self._states.use(voice.digest):
            state = voice.state or b""
            self._states.add(voice.digest, b"held")
            await self._send(Message("state", 0, {"digest": voice.digest}, state))
        return to_fields(voice)

    async def _sound(
        self, kind: str, voice: Voice, asked: Mapping[str, Any], body: memoryview | bytes = b""
    ) -> AsyncGenerator[AudioChunk, None]:
        brought = {**asked, "voice": await self._bring(voice)}
        async with self._asked(kind, brought, body) as request:
            while (answer := await request.answer()).kind == "chunk":
                yield chunk_in(answer)

    async def _made(
        self, kind: str, asked: Mapping[str, Any], body: memoryview | bytes = b""
    ) -> Message:
        async with self._asked(kind, asked, body) as request:
            return await request.answer()

    @contextlib.asynccontextmanager
    async def _asked(
        self, kind: str, asked: Mapping[str, Any], body: memoryview | bytes = b""
    ) -> AsyncIterator[_Request]:
        """A request that is cancelled when the block is left before its last answer has come."""
        if self._ended:
            raise self.crashed()
        request = _Request(self, self._patience)
        number, self._requests = self._requests, self._requests + 1
        self._open[number] = request
        try:
            await self._send(Message(kind, number, asked, body))
            yield request
        finally:
            del self._open[number]
            if self.alive and not request.over:
                self._left.add(number)
                self._writer.write(pack(Message("cancel", number)))

    async def _read(self) -> None:
        """Hand each answer to whoever asked, until the process ends."""
        with contextlib.suppress(WireBroken):
            while message := await receive(self._reader):
                self.heard = monotonic()
                if request := self._open.get(message.id):
                    request.hear(message)
                elif message.kind != "chunk":
                    self._left.discard(message.id)
                    self._settled.set()
        self._ended = True
        self._settled.set()
        for request in self._open.values():
            request.hear(None)

    async def _send(self, message: Message) -> None:
        try:
            self._writer.write(pack(message))
            await self._writer.drain()
        except ConnectionError as error:
            raise self.crashed() from error

    def crashed(self) -> EngineCrashed:
        return EngineCrashed(
            f"The process of engine '{self.engine}' ended while it was needed; "
            "it is started again for the next request."
        )


def _unable(launch: Launch, error: Exception) -> Unavailable:
    """With what to do where the engine has an environment of its own, which may be damaged."""
    mend = f" Run: polyvox engines install {launch.engine}" if launch.python else ""
    return Unavailable(f"Engine '{launch.engine}' does not start: {error}{mend}")


class _Request:
    """What a host has answered to one request."""

    def __init__(self, host: Host, patience: float) -> None:
        self._host, self._patience = host, patience
        self._answers: asyncio.Queue[Message | None] = asyncio.Queue()
        self.over = False
        """Whether the last answer has come, read or not."""

    def hear(self, answer: Message | None) -> None:
        """The next answer; None when there will be no more, because the process has ended."""
        self.over = answer is None or answer.kind != "chunk"
        self._answers.put_nowait(answer)

    async def answer(self) -> Message:
        """The next answer; raises the error that it tells of."""
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    answer = await self._answers.get()
                break
            except TimeoutError as error:
                if monotonic() - self._host.heard < self._patience:
                    continue  # it serves others
                self._host.kill()
                raise TimedOut(
                    f"Engine '{self._host.engine}' gave no sound for {self._patience:.0f} seconds."
                ) from error
        if answer is None:
            raise self._host.crashed()
        if answer.kind == "error":
            raise from_message(dict(answer.fields))
        return answer

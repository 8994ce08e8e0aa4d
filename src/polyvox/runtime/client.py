"""The server's end of a host: starts the process, speaks through it, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
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


class Host:
    """One running host. It speaks one segment at a time."""

    def __init__(
        self,
        engine: str,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience: float,
    ) -> None:
        self.engine = engine
        self.process = process
        self._reader, self._writer, self._patience = reader, writer, patience
        self._requests = 0
        self._states = States()
        self.owing = False
        """Whether the last request was left before its end; `settle` before the next one."""

    @classmethod
    async def start(
        cls,
        launch: Launch,
        *,
        load_within: float = 300.0,
        patience: float = 120.0,
    ) -> Self:
        """A host that has loaded its model.

        `patience` is how many seconds a loaded engine may take for its next chunk. Raises
        what the engine's `load` raised, or Unavailable when its process ends or hangs.
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
                env=_environment(launch),
                start_new_session=True,
            )
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_READ_AHEAD)
        host = cls(launch.engine, process, reader, writer, patience)
        try:
            await host._send(Message("load", 0, _load(launch)))
            answer = await host._next(load_within)
        except (EngineCrashed, TimedOut) as error:
            await host.close()
            raise Unavailable(f"Engine '{launch.engine}' does not start: {error}") from error
        except BaseException:
            await host.close()
            raise
        if answer.kind == "error":
            await host.close()
            raise from_message(dict(answer.fields))
        return host

    @property
    def alive(self) -> bool:
        return self.process.returncode is None and not self._reader.at_eof()

    async def speak(
        self, segment: Segment, voice: Voice, options: Mapping[str, Any]
    ) -> AsyncGenerator[AudioChunk, None]:
        """The segment's audio as it comes. Leaving early cancels; the host then owes an end.

        Raises EngineFailed with the engine's reason, EngineCrashed when its process dies,
        TimedOut when it goes silent for longer than its patience.
        """
        asked = {
            "segment": to_fields(segment),
            "voice": await self._bring(voice),
            "options": dict(options),
        }
        request = await self._ask("speak", asked)
        try:
            while True:
                answer = await self._next(self._patience)
                if answer.kind == "chunk":
                    yield chunk_in(answer)
                    continue
                self.owing = False
                if answer.kind == "error":
                    raise from_message(dict(answer.fields))
                return
        except TimedOut:
            self.kill()
            raise
        finally:
            if self.owing and self.alive:
                self._writer.write(pack(Message("cancel", request)))

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
        """Wait until a request that was left has ended; ends the process if it will not."""
        try:
            async with asyncio.timeout(_SETTLE_WITHIN):
                while (await self._next(_SETTLE_WITHIN)).kind == "chunk":
                    pass
            self.owing = False
        except (TimeoutError, TimedOut, EngineCrashed):
            self.kill()

    async def close(self) -> None:
        """End the process: its socket closes, and it is killed if that does not suffice."""
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
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def _bring(self, voice: Voice) -> Any:
        """The voice as fields, its state sent before when the host does not hold it yet."""
        if voice.digest and not self._states.use(voice.digest):
            state = voice.state or b""
            self._states.add(voice.digest, b"held")
            await self._send(Message("state", 0, {"digest": voice.digest}, state))
        return to_fields(voice)

    async def _ask(
        self, kind: str, asked: Mapping[str, Any], body: memoryview | bytes = b""
    ) -> int:
        self._requests += 1
        self.owing = True
        await self._send(Message(kind, self._requests, asked, body))
        return self._requests

    async def _made(
        self, kind: str, asked: Mapping[str, Any], body: memoryview | bytes = b""
    ) -> Message:
        await self._ask(kind, asked, body)
        try:
            answer = await self._next(self._patience)
        except TimedOut:
            self.kill()
            raise
        self.owing = False
        if answer.kind == "error":
            raise from_message(dict(answer.fields))
        return answer

    async def _send(self, message: Message) -> None:
        try:
            self._writer.write(pack(message))
            await self._writer.drain()
        except ConnectionError as error:
            raise self._crashed() from error

    async def _next(self, patience: float) -> Message:
        try:
            async with asyncio.timeout(patience):
                message = await receive(self._reader)
        except TimeoutError as error:
            raise TimedOut(
                f"Engine '{self.engine}' gave no sound for {patience:.0f} seconds."
            ) from error
        except WireBroken as error:
            raise self._crashed() from error
        if message is None:
            raise self._crashed()
        return message

    def _crashed(self) -> EngineCrashed:
        return EngineCrashed(
            f"The process of engine '{self.engine}' ended while it was needed; "
            "it is started again for the next request."
        )


def _load(launch: Launch) -> dict[str, Any]:
    """What the host is told first. Secrets travel here, not on a command line."""
    return {
        "device": launch.device,
        "model": launch.model,
        "weights": str(launch.weights) if launch.weights else None,
        "settings": dict(launch.settings),
    }


def _environment(launch: Launch) -> dict[str, str]:
    """Variables of the host, some of which numerical libraries read when they are loaded."""
    variables = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    if launch.threads:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        variables |= dict.fromkeys(names, str(launch.threads))
    if launch.path:
        variables["PYTHONPATH"] = str(launch.path)
    return variables

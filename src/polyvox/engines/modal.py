"""Qwen3-TTS on a GPU elsewhere: a node of `polyvox.cluster`, rented from Modal or one's own.

The same declarations as the engine itself, and the same messages as to a host on this machine,
over HTTP. Nothing of Qwen3-TTS is needed here.
"""

from __future__ import annotations

import io
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, ClassVar, Optional, cast
from urllib.parse import quote

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import (
    Busy,
    EngineFailed,
    InvalidInput,
    PolyvoxError,
    TimedOut,
    from_message,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.engines.contract import Synthesizer
from polyvox.engines.options import option
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.engines.remote import guards
from polyvox.engines.remote.guards import secret
from polyvox.engines.remote.http import Answer, Service
from polyvox.runtime.wire import (
    Message,
    WireBroken,
    chunk_in,
    from_fields,
    pack,
    read,
    samples_out,
    to_fields,
)

_HERE = "modal-"
"""Before the id that a model has on the node."""
_MEDIA_TYPE = "application/x-polyvox-wire"
_LONGEST_TEXT = 2000
"""Characters."""
_LONGEST_PAUSE = 10
"""Seconds; a busy node that asks for more is not waited for."""


class Modal(Synthesizer):
    name = "modal"
    version = f"{Qwen3.version}-1"
    summary = "Qwen3-TTS on a GPU elsewhere, rented from Modal or one's own."
    licence = Qwen3.licence
    models = tuple(f"{_HERE}{model}" for model in Qwen3.models)
    abilities: ClassVar[Mapping[str, tuple[str, ...]]] = {
        f"{_HERE}{model}": able for model, able in Qwen3.abilities.items()
    }
    also_speaks: ClassVar[Mapping[str, tuple[str, ...]]] = {
        f"{_HERE}{maker}": tuple(f"{_HERE}{model}" for model in others)
        for maker, others in Qwen3.also_speaks.items()
    }
    languages = Qwen3.languages
    speakers = Qwen3.speakers
    sample_rate = Qwen3.sample_rate
    reference_rate = Qwen3.reference_rate
    max_characters = Qwen3.max_characters
    parallel = True

    Options = Qwen3.Options

    @dataclass(frozen=True)
    class Settings:
        base_url: str = option("", "Address of the node, as `modal deploy` prints it.")
        api_key: str = secret("The node's POLYVOX_TOKEN.")
        start_seconds: float = option(
            600.0, "How long until the first sound, while a machine starts.", ge=0.1, le=3600
        )
        timeout_seconds: float = option(60.0, "How long it may be silent after.", ge=0.1, le=600)
        retries: int = option(2, "How often a busy or absent node is asked again.", ge=0, le=10)

    settings: Settings = Settings()

    def load(self, device: str) -> None:
        given = self.settings
        self._key = guards.key(given.api_key, "engines.settings.modal.api_key", needed=True)
        self._service = Service(
            self.name,
            given.base_url,
            {"Authorization": f"Bearer {self._key}"},
            self._key,
            given.timeout_seconds,
            given.retries,
            given.start_seconds,
        )

    def unload(self) -> None:
        self._service.close()

    def synthesize(self, segment: Segment, voice: Voice, options: Any) -> Iterator[AudioChunk]:
        guards.speakable(segment.text, _LONGEST_TEXT)
        usual = asdict(type(options)())
        asked = {
            "segment": to_fields(segment),
            "voice": to_fields(voice),
            "options": {name: it for name, it in asdict(options).items() if it != usual[name]},
        }
        state = b""
        if voice.digest:
            state = pack(Message("state", 0, {"digest": voice.digest}, voice.state or b""))
        for message in self._answers(state + pack(Message("speak", 1, asked))):
            if message.kind == "done":
                return
            yield self._chunk(message)

    def enroll(self, reference: Reference) -> bytes:
        self._demand("enroll")
        guards.audible(reference.samples)
        body = samples_out(reference.samples)
        return bytes(self._made(Message("enroll", 1, to_fields(reference), body)).body)

    def design(
        self, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        self._demand("design")
        asked = {"description": description, "language": language, "text": text}
        made = self._made(Message("design", 1, {**asked, "settings": dict(settings)}))
        try:
            design: Design = from_fields(Design, {**made.fields, "state": bytes(made.body)})
        except (TypeError, AttributeError) as error:
            raise EngineFailed(f"modal: not a design: {error}") from error
        return design

    def _demand(self, what: str) -> None:
        """Raises InvalidInput where the model cannot do it, before a machine starts for it."""
        if what not in self.abilities.get(self.model, (what,)):
            able = [name for name, deeds in self.abilities.items() if what in deeds]
            raise InvalidInput(
                f"The model '{self.model}' cannot {what}; ask for {' or '.join(able)}.",
                param="model",
            )

    def _made(self, asked: Message) -> Message:
        for message in self._answers(pack(asked)):
            if message.kind == "made":
                return message
            break
        raise EngineFailed("modal: the node answered something else than a voice.")

    def _chunk(self, message: Message) -> AudioChunk:
        if message.kind != "chunk":
            raise EngineFailed(f"modal: the node answered '{message.kind:.20}' instead of sound.")
        try:
            chunk = chunk_in(message)
        except WireBroken as error:
            raise EngineFailed(f"modal: {error}") from error
        if chunk.sample_rate != self.sample_rate:
            raise EngineFailed(
                f"modal: the node answered {chunk.sample_rate} Hz; {self.sample_rate} Hz were "
                "expected."
            )
        return chunk

    def _answers(self, body: bytes) -> Generator[Message, None, None]:
        """What the node answers, to the end of it. A busy node is asked again."""
        model = self.model.removeprefix(_HERE) or Qwen3.models[0]
        path = f"/host?model={quote(model, safe='')}"
        for left in range(self.settings.retries, -1, -1):
            began, heard = time.monotonic(), False
            with self._service.post(path, body, _MEDIA_TYPE) as answer:
                try:
                    for message in self._told(answer, began):
                        heard = True
                        yield message
                    return
                except Busy as error:
                    pause = error.retry_after or 1
                    if heard or not left or pause > _LONGEST_PAUSE:
                        raise
            time.sleep(pause)

    def _told(self, answer: Answer, began: float) -> Generator[Message, None, None]:
        """Raises what the far engine raised, and EngineFailed for a stream that breaks off."""
        if answer.media_type != _MEDIA_TYPE:
            raise EngineFailed(
                f"modal: {answer.media_type:.60} came instead of messages; is a node of Polyvox "
                "at engines.settings.modal.base_url?"
            )
        stream = io.BufferedReader(_Incoming(answer.pieces()))
        limit = self.settings.start_seconds
        while True:
            message = self._next(cast(BinaryIO, stream))
            if message.kind == "waiting":
                if time.monotonic() - began > limit:
                    raise TimedOut(f"modal: the far engine gave no sound for {limit:g} s.")
                continue
            if message.kind == "error":
                raise self._error(message.fields)
            if message.kind in ("done", "made"):
                stream.read()
                yield message
                return
            yield message
            began, limit = time.monotonic(), self.settings.timeout_seconds

    def _next(self, stream: BinaryIO) -> Message:
        try:
            message = read(stream)
        except WireBroken as error:
            raise EngineFailed(f"modal: the answer cannot be read: {error!s:.100}") from error
        if message is None:
            raise EngineFailed("modal: the node broke off in the middle of its answer.")
        return message

    def _error(self, fields: Mapping[str, Any]) -> PolyvoxError:
        said = str(fields.get("message", "")).replace(self._key, "…")
        param, wait = fields.get("param"), fields.get("retry_after")
        told = {"code": fields.get("code"), "message": said[:1000]}
        told |= {"param": param if isinstance(param, str) else None}
        told |= {"retry_after": wait if isinstance(wait, int) else None}
        return from_message(told)


class _Incoming(io.RawIOBase):
    """Pieces as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._left = self._left or next(self._pieces, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count

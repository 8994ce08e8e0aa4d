"""Messages between the server and a host: one JSON line, then raw bytes.

The same over a socket pair to a local host and over a network. A message that ends too early
or is too large is an error, never a wait.
"""

from __future__ import annotations

import json
import types
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Optional,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.speech import Word

if TYPE_CHECKING:
    import asyncio  # which a host does without

LONGEST_LINE = 4 * 1024 * 1024
LARGEST_BODY = 256 * 1024 * 1024
STATES_HELD = 32
_SAMPLE = np.dtype("<f4")


class WireBroken(Exception):
    """The other side went away in the middle of a message, or sent something else."""


@dataclass(frozen=True)
class Message:
    kind: str
    """To a host: load, state, speak, convert, enroll, design, blend, cancel. From it: ready,
    chunk, done, made, error; over HTTP also waiting, which says nothing."""
    id: int = 0
    """Of the request it belongs to."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    body: Union[bytes, memoryview] = b""


def pack(message: Message) -> bytes:
    """The message as it travels."""
    head = {"kind": message.kind, "id": message.id, "size": len(message.body)}
    line = json.dumps({**message.fields, **head}, ensure_ascii=True, separators=(",", ":"))
    return b"".join((line.encode("ascii"), b"\n", message.body))


def read(stream: BinaryIO) -> Optional[Message]:
    """The next message, or None when the other side has closed between messages."""
    line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    message, size = _opened(line)
    body = stream.read(size) if size else b""
    if len(body) < size:
        raise WireBroken(f"{len(body)} of {size} bytes came")
    return Message(message.kind, message.id, message.fields, body)


async def receive(stream: asyncio.StreamReader) -> Optional[Message]:
    """Like `read`, for asyncio."""
    try:
        line = await stream.readline()
        if not line:
            return None
        message, size = _opened(line)
        body = await stream.readexactly(size) if size else b""
    except (EOFError, ConnectionError, ValueError) as error:
        raise WireBroken(str(error)) from error
    return Message(message.kind, message.id, message.fields, body)


def _opened(line: bytes) -> tuple[Message, int]:
    try:
        parsed: Any = json.loads(line) if line.endswith(b"\n") else None
        kind, number, size = parsed.pop("kind"), parsed.pop("id"), parsed.pop("size")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise WireBroken(f"not a message: {line[:80]!r}") from error
    if not (isinstance(kind, str) and type(number) is int and type(size) is int):
        raise WireBroken(f"not a message: {line[:80]!r}")
    if not 0 <= size <= LARGEST_BODY:
        raise WireBroken(f"a body of {size} bytes")
    return Message(kind, number, parsed), size


def chunk_message(request: int, chunk: AudioChunk) -> Message:
    """A chunk of a request's audio, as 32-bit floats."""
    about = {"rate": chunk.sample_rate, "words": [_as_list(word) for word in chunk.words]}
    return Message("chunk", request, about, samples_out(chunk.samples))


def chunk_in(message: Message) -> AudioChunk:
    """The chunk that `chunk_message` packed."""
    try:
        words = tuple(Word(*values) for values in message.fields["words"])
        return AudioChunk(samples_in(message.body), int(message.fields["rate"]), words)
    except (KeyError, TypeError, ValueError) as error:
        raise WireBroken(f"not a chunk: {error}") from error


def _as_list(word: Word) -> list[Any]:
    return [word.text, round(word.start, 4), round(word.end, 4), word.first, word.last]


def samples_out(samples: Samples) -> memoryview:
    """Samples as a message's body."""
    body = np.ascontiguousarray(samples, dtype=_SAMPLE)
    return body.data.cast("B") if len(body) else memoryview(b"")


def samples_in(body: Union[bytes, memoryview]) -> Samples:
    """The samples that `samples_out` made a body of."""
    try:
        return np.frombuffer(body, dtype=_SAMPLE)
    except ValueError as error:
        raise WireBroken(f"not samples: {error}") from error


class States(OrderedDict[str, bytes]):
    """The voice states that a host holds, by digest. Both sides keep this book alike: each
    voice that is spoken with moves to the end, and the first leaves when there are too many."""

    def add(self, digest: str, state: bytes) -> None:
        self[digest] = state
        while len(self) > STATES_HELD:
            self.popitem(last=False)

    def use(self, digest: str) -> Optional[bytes]:
        """The state, when it is held."""
        if digest not in self:
            return None
        self.move_to_end(digest)
        return self[digest]


def to_fields(value: Any) -> Any:
    """A dataclass of the domain as plain JSON values, from its fields. Bytes and arrays travel as
    bodies and are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {each.name: getattr(value, each.name) for each in fields(value)}
        return {
            name: to_fields(each)
            for name, each in given.items()
            if not isinstance(each, (bytes, np.ndarray))
        }
    if isinstance(value, (list, tuple)):
        return [to_fields(each) for each in value]
    if isinstance(value, Mapping):
        return {key: to_fields(each) for key, each in value.items()}
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def from_fields(kind: Any, value: Any) -> Any:
    """What `to_fields` was given, told its type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        present = [each for each in inner if each is not type(None)]
        return None if value is None else from_fields(present[0], value)
    if origin is tuple:
        return tuple(from_fields(inner[0], each) for each in value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        known = {each.name for each in fields(kind)}
        given = {
            name: from_fields(hints[name], each) for name, each in value.items() if name in known
        }
        return kind(**given)
    return value

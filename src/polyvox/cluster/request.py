"""What a node is asked, as messages on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyvox.domain.voice import Voice
from polyvox.runtime.wire import Message, pack, to_fields


@dataclass(frozen=True)
class Request:
    kind: str
    """speak, convert, enroll, design or blend."""
    fields: Mapping[str, Any]
    body: memoryview | bytes = field(default=b"", repr=False)
    voices: tuple[Voice, ...] = ()

    def packed(self, holds: Callable[[str], bool]) -> bytes:
        """The messages, with the states of those voices that the node does not hold yet."""
        states = {voice.digest: voice.state or b"" for voice in self.voices if voice.digest}
        brought = [
            pack(Message("state", 0, {"digest": digest}, state))
            for digest, state in states.items()
            if not holds(digest)
        ]
        voices = [to_fields(voice) for voice in self.voices]
        told = {"voices": voices} if self.kind == "blend" else {}
        told |= {"voice": voices[0]} if self.kind in ("speak", "convert") else {}
        return b"".join([*brought, pack(Message(self.kind, 1, {**self.fields, **told}, self.body))])

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the voices that have states."""
        return tuple(voice.digest for voice in self.voices if voice.digest)

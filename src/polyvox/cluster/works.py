"""What a request's body asks for: voice states that are new here, then one thing to do."""

from __future__ import annotations

import contextlib
import io
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import InvalidInput
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Reference, Voice
from polyvox.runtime.pool import Pool
from polyvox.runtime.wire import (
    Message,
    WireBroken,
    chunk_message,
    from_fields,
    read,
    samples_in,
    to_fields,
)

Answers = AsyncGenerator[Message, None]
Work = Callable[[Pool, str], Answers]
"""Does what is asked with the model of that id, and yields what there is to answer."""
_MOST_STATES = 32


class StateMissing(Exception):
    """A voice is asked for whose state was not sent, and is not held."""


class Held:
    """Voice states that came before, by digest: those used last, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._states: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def add(self, digest: str, state: bytes) -> None:
        if digest not in self._states:
            self._size += len(state)
        self._states[digest] = state
        self._states.move_to_end(digest)
        while self._size > self._most and len(self._states) > 1:
            self._size -= len(self._states.popitem(last=False)[1])

    def get(self, digest: str) -> bytes:
        """Raises StateMissing."""
        if digest not in self._states:
            raise StateMissing(digest)
        self._states.move_to_end(digest)
        return self._states[digest]


def work_in(body: bytes, held: Held) -> Work:
    """What the body asks for; the states that it brings are held from now on. Raises InvalidInput
    for a body that is no such request, StateMissing."""
    brought = 0
    stream = io.BytesIO(body)
    try:
        while message := read(stream):
            if message.kind != "state":
                break
            held.add(str(message.fields["digest"]), _state(message))
            brought += 1
        else:
            raise InvalidInput("The request asks for nothing.")
        if stream.read(1):
            raise InvalidInput("The request goes on after what it asks for.")
        if message.kind not in _WORKS:
            raise InvalidInput(f"A node does not know how to '{message.kind:.40}'.")
        if brought > _MOST_STATES:
            raise InvalidInput(f"The request brings more than {_MOST_STATES} voice states.")
        return _WORKS[message.kind](message, held)
    except (WireBroken, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"The request cannot be read: {error!s:.200}") from error


def _state(message: Message) -> bytes:
    state = bytes(message.body)
    if sha256(state).hexdigest() != message.fields["digest"]:
        raise InvalidInput("A voice state is not what its digest says.", param="voice")
    return state


def _voice(fields: Mapping[str, Any], held: Held) -> Voice:
    voice: Voice = from_fields(Voice, fields)
    return replace(voice, state=held.get(voice.digest)) if voice.digest else voice


def _speak(message: Message, held: Held) -> Work:
    segment: Segment = from_fields(Segment, message.fields["segment"])
    voice = _voice(message.fields["voice"], held)
    options = dict(message.fields["options"])

    async def work(pool: Pool, model: str) -> Answers:
        async with contextlib.aclosing(pool.speak(model, segment, voice, options)) as chunks:
            async for chunk in chunks:
                yield chunk_message(message.id, chunk)
        yield Message("done", message.id)

    return work


def _convert(message: Message, held: Held) -> Work:
    source = Reference(samples_in(message.body), **message.fields["source"])
    spoken = AudioChunk(source.samples, source.sample_rate)
    voice = _voice(message.fields["voice"], held)
    options = dict(message.fields["options"])

    async def work(pool: Pool, model: str) -> Answers:
        async with contextlib.aclosing(pool.convert(model, [spoken], voice, options)) as chunks:
            async for chunk in chunks:
                yield chunk_message(message.id, chunk)
        yield Message("done", message.id)

    return work


def _enroll(message: Message, held: Held) -> Work:
    reference = Reference(samples_in(message.body), **message.fields)

    async def work(pool: Pool, model: str) -> Answers:
        yield Message("made", message.id, body=await pool.enroll(model, reference))

    return work


def _design(message: Message, held: Held) -> Work:
    given = message.fields
    description, language, text = given["description"], given["language"], given["text"]
    settings = dict(given["settings"])

    async def work(pool: Pool, model: str) -> Answers:
        design = await pool.design(model, description, language, settings, text)
        yield Message("made", message.id, to_fields(design), design.state)

    return work


def _blend(message: Message, held: Held) -> Work:
    voices = [_voice(each, held) for each in message.fields["voices"]]
    weights = [float(each) for each in message.fields["weights"]]

    async def work(pool: Pool, model: str) -> Answers:
        yield Message("made", message.id, body=await pool.blend(model, voices, weights))

    return work


_WORKS: Mapping[str, Callable[[Message, Held], Work]] = {
    "speak": _speak,
    "convert": _convert,
    "enroll": _enroll,
    "design": _design,
    "blend": _blend,
}

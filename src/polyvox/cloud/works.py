"""What a request's body asks for: voice states, then one thing to do with them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

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


def work_in(body: bytes) -> Work:
    """Raises InvalidInput for a body that is no such request."""
    states: dict[str, bytes] = {}
    stream = io.BytesIO(body)
    try:
        while message := read(stream):
            if message.kind != "state":
                break
            states[str(message.fields["digest"])] = _state(message)
        else:
            raise InvalidInput("The request asks for nothing.")
        if stream.read(1):
            raise InvalidInput("The request goes on after what it asks for.")
        if message.kind not in _WORKS:
            raise InvalidInput(f"A node does not know how to '{message.kind:.40}'.")
        if len(states) > _MOST_STATES:
            raise InvalidInput(f"The request brings more than {_MOST_STATES} voice states.")
        return _WORKS[message.kind](message, states)
    except (WireBroken, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"The request cannot be read: {error!s:.200}") from error


def _state(message: Message) -> bytes:
    state = bytes(message.body)
    if sha256(state).hexdigest() != message.fields["digest"]:
        raise InvalidInput("A voice state is not what its digest says.", param="voice")
    return state


def _voice(fields: Mapping[str, Any], states: Mapping[str, bytes]) -> Voice:
    voice: Voice = from_fields(Voice, fields)
    if voice.digest is None:
        return voice
    if voice.digest not in states:
        raise InvalidInput("The state of a voice has not come.", param="voice")
    return replace(voice, state=states[voice.digest])


def _speak(message: Message, states: Mapping[str, bytes]) -> Work:
    segment: Segment = from_fields(Segment, message.fields["segment"])
    voice = _voice(message.fields["voice"], states)
    options = dict(message.fields["options"])

    async def work(pool: Pool, model: str) -> Answers:
        async with contextlib.aclosing(pool.speak(model, segment, voice, options)) as chunks:
            async for chunk in chunks:
                yield chunk_message(message.id, chunk)
        yield Message("done", message.id)

    return work


def _enroll(message: Message, states: Mapping[str, bytes]) -> Work:
    reference = Reference(samples_in(message.body), **message.fields)

    async def work(pool: Pool, model: str) -> Answers:
        yield Message("made", message.id, body=await pool.enroll(model, reference))

    return work


def _design(message: Message, states: Mapping[str, bytes]) -> Work:
    given = message.fields
    description, language, text = given["description"], given["language"], given["text"]
    settings = dict(given["settings"])

    async def work(pool: Pool, model: str) -> Answers:
        design = await pool.design(model, description, language, settings, text)
        yield Message("made", message.id, to_fields(design), design.state)

    return work


def _blend(message: Message, states: Mapping[str, bytes]) -> Work:
    voices = [_voice(each, states) for each in message.fields["voices"]]
    weights = [float(each) for each in message.fields["weights"]]

    async def work(pool: Pool, model: str) -> Answers:
        yield Message("made", message.id, body=await pool.blend(model, voices, weights))

    return work


_WORKS: Mapping[str, Callable[[Message, Mapping[str, bytes]], Work]] = {
    "speak": _speak,
    "enroll": _enroll,
    "design": _design,
    "blend": _blend,
}

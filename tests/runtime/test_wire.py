"""Messages arrive as they were sent, or not at all."""

import asyncio
import io
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import every_error, from_message, to_message
from polyvox.domain.speech import Segment, Utterance, Word
from polyvox.domain.voice import Speaker, Voice
from polyvox.runtime.wire import (
    Message,
    WireBroken,
    chunk_in,
    chunk_message,
    from_fields,
    pack,
    read,
    receive,
    to_fields,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MESSAGES = st.builds(
    Message,
    kind=st.sampled_from(("speak", "chunk", "done", "cancel", "error")),
    id=st.integers(0, 2**53),
    fields=st.dictionaries(
        TEXT.filter(lambda k: k not in ("kind", "id", "size")), TEXT, max_size=4
    ),
    body=st.binary(max_size=200),
)


async def received(data: bytes) -> Message | None:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await receive(stream)


@given(st.lists(MESSAGES, max_size=4))
def test_messages_come_back_whole_and_in_order(messages: list[Message]) -> None:
    stream = io.BytesIO(b"".join(map(pack, messages)))
    came = [read(stream) for _ in messages]
    assert came == messages
    assert read(stream) is None


@given(MESSAGES)
async def test_both_readers_read_the_same(message: Message) -> None:
    assert await received(pack(message)) == message


@given(MESSAGES, st.data())
async def test_a_truncated_message_is_an_error_and_never_a_wait(
    message: Message, data: st.DataObject
) -> None:
    whole = pack(message)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(WireBroken):
        read(io.BytesIO(whole[:cut]))
    with pytest.raises(WireBroken):
        await received(whole[:cut])


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"no json\n",
        b"[]\n",
        b"{}\n",
        b'{"kind":"x","id":"1","size":0}\n',
        b'{"kind":"x","id":1,"size":-1}\n',
        b'{"kind":"x","id":1,"size":99999999999}\n',
        b'{"kind":7,"id":1,"size":1}\n',
    ],
)
async def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(WireBroken):
        read(io.BytesIO(line))
    with pytest.raises(WireBroken):
        await received(line)


@given(st.lists(st.floats(-1, 1, width=32), max_size=50))
def test_samples_and_words_survive_exactly(samples: list[float]) -> None:
    words = (Word("héllo", 0.25, 0.5, 0, 5), Word("世界", 0.5, 1.25, 6, 8))
    chunk = AudioChunk(np.array(samples, np.float32), 22050, words)
    message = read(io.BytesIO(pack(chunk_message(3, chunk))))
    assert message is not None
    back = chunk_in(message)
    assert back.samples.dtype == np.float32
    assert np.array_equal(back.samples, chunk.samples)
    assert (back.sample_rate, back.words) == (22050, words)


@pytest.mark.parametrize(
    "value",
    [
        Segment("Tschüß", "de", 7, "kindly"),
        Segment("x", "en"),
        Voice("a.b", "b", "a", "preset", "b", "female", "en", "soft", ("x", "y")),
        Voice("a.b", "b", "a", "preset"),
        Speaker("one", "male", "deep", None, ("uno",)),
        Utterance("hi", options={"rate": 2, "style": "x"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_domain_values_make_the_round_trip(value: Any) -> None:
    assert from_fields(type(value), to_fields(value)) == value
    assert set(to_fields(value)) == {each.name for each in fields(value)}


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.code)
def test_every_error_keeps_its_class_over_the_wire(kind: Any) -> None:
    error = from_message(to_message(kind("why", param="input", retry_after=3)))
    assert type(error) is kind
    assert (error.message, error.param, error.retry_after) == ("why", "input", 3)


def test_error_codes_are_unique() -> None:
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes))

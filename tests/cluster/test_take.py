"""A segment that is spoken again by another node goes on where the first one was lost."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.cluster.take import Take
from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import EngineFailed
from polyvox.domain.speech import Word

_RATE = 8000
_LENGTH = 400
_SOUND = np.sin(np.arange(_LENGTH, dtype=np.float32) / 5).astype(np.float32) / 2
_WORDS = tuple(Word(f"w{at}", at / 10, at / 10 + 0.1, at, at + 1) for at in range(6))
_cuts = st.lists(st.integers(0, _LENGTH), max_size=6).map(sorted)


async def _spoken(
    sound: Samples, cuts: Sequence[int], words: tuple[Word, ...] = (), rate: int = _RATE
) -> AsyncGenerator[AudioChunk, None]:
    """The sound in chunks, its words spread over them."""
    edges = [0, *cuts, len(sound)]
    told = 0
    for index, (start, end) in enumerate(pairwise(edges)):
        last = index + 2 == len(edges)
        upto = len(words) if last else len(words) * end // max(1, len(sound))
        yield AudioChunk(sound[start:end], rate, words[told:upto])
        told = max(told, upto)


async def _passed(
    take: Take, chunks: AsyncGenerator[AudioChunk, None], most: int | None = None
) -> list[AudioChunk]:
    """What comes through, until the node is lost after so many chunks."""
    came = list[AudioChunk]()
    async with contextlib.aclosing(take.rest(chunks)) as rest:
        while most is None or len(came) < most:
            chunk = await anext(rest, None)
            if chunk is None:
                break
            came.append(chunk)
    return came


def _joined(chunks: Sequence[AudioChunk]) -> Samples:
    return np.concatenate([np.empty(0, np.float32), *(chunk.samples for chunk in chunks)])


@given(_cuts, _cuts, _cuts, st.integers(0, 5), st.integers(0, 5))
async def test_no_sample_and_no_word_is_doubled_or_missing_however_often_nodes_are_lost(
    first: list[int], second: list[int], third: list[int], lost: int, again: int
) -> None:
    take = Take()
    came = await _passed(take, _spoken(_SOUND, first, _WORDS), lost)
    came += await _passed(take, _spoken(_SOUND, second, _WORDS), again)
    came += await _passed(take, _spoken(_SOUND, third, _WORDS))
    np.testing.assert_array_equal(_joined(came), _SOUND)
    assert tuple(word for chunk in came for word in chunk.words) == _WORDS


async def test_another_take_goes_on_without_a_step() -> None:
    """Where an engine never says the same twice, the second take is bent to meet the first."""
    take = Take()
    first = await _passed(take, _spoken(np.full(800, 0.5, np.float32), [400]), 1)
    rest = _joined(await _passed(take, _spoken(np.full(800, -0.5, np.float32), [390, 410])))
    assert first[0].samples[-1] == 0.5
    assert abs(rest[0] - 0.5) < 0.05
    assert np.abs(np.diff(rest)).max() < 0.05
    np.testing.assert_array_equal(rest[40:], np.full(360, -0.5, np.float32))


async def test_a_second_take_that_is_shorter_ends_the_segment() -> None:
    take = Take()
    await _passed(take, _spoken(_SOUND, [300]), 1)
    assert not len(_joined(await _passed(take, _spoken(_SOUND[:250], []))))


async def test_nodes_that_speak_at_two_rates_cannot_be_joined() -> None:
    take = Take()
    await _passed(take, _spoken(_SOUND, [200]), 1)
    with pytest.raises(EngineFailed, match="16000 Hz"):
        await _passed(take, _spoken(_SOUND, [], rate=16000))

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from polyvox.audio.encode import FORMATS, Encoder
from polyvox.domain.audio import Samples
from tests.sounds import pieces, voiced


class Page(NamedTuple):
    """An Ogg page."""

    flags: int
    position: int
    serial: int
    number: int
    packets: int
    data: bytes


def pages(stream: bytes) -> Iterator[Page]:
    """The pages of an Ogg stream, read after RFC 3533."""
    while stream:
        magic, version, flags, position, serial, number, checksum, segments = struct.unpack_from(
            "<4sBBqIIIB", stream
        )
        assert (magic, version) == (b"OggS", 0)
        sizes = stream[27 : 27 + segments]
        end = 27 + segments + sum(sizes)
        assert len(stream) >= end
        assert checksum == slow_checksum(stream[:22] + bytes(4) + stream[26:end])
        finished = sum(size < 255 for size in sizes)
        yield Page(flags, position, serial, number, finished, stream[27 + segments : end])
        stream = stream[end:]


def slow_checksum(page: bytes) -> int:
    """As RFC 3533 describes it: polynomial 0x04c11db7, highest bit first, starting at 0."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = register << 1 ^ (0x104C11DB7 if register & 0x80000000 else 0)
    return register


def opus(samples: Samples, size: int) -> list[bytes]:
    encoder = Encoder(FORMATS["opus"], 24000)
    return [*map(encoder.encode, pieces(samples, size)), encoder.finish()]


@pytest.mark.parametrize("size", [480, 1440, 10**6])
def test_opus_is_a_sound_ogg_stream(size: int) -> None:
    stream = list(pages(b"".join(opus(voiced(150, 2.013, 24000), size))))
    assert stream[0].data.startswith(b"OpusHead")
    assert stream[1].data.startswith(b"OpusTags")
    assert [page.number for page in stream] == list(range(len(stream)))
    assert len({page.serial for page in stream}) == 1
    assert [page.flags for page in stream] == [2] + [0] * (len(stream) - 2) + [4]
    skipped = struct.unpack_from("<H", stream[0].data, 10)[0]
    assert stream[-1].position == skipped + round(2.013 * 48000)
    sounding = 0
    for page in stream[2:-1]:
        sounding += page.packets
        assert page.position == 960 * sounding
        assert page.packets <= 50
    assert stream[-1].position <= 960 * (sounding + stream[-1].packets)


def test_every_piece_of_opus_leaves_as_whole_pages() -> None:
    for part in opus(voiced(150, 1.0, 24000), 1440):
        assert list(pages(part))


def test_streams_of_opus_can_be_told_apart() -> None:
    sound = voiced(150, 0.1, 24000)
    serials = {next(pages(b"".join(opus(sound, 480)))).serial for _ in range(3)}
    assert len(serials) == 3


def test_an_opus_stream_without_sound_begins_and_ends() -> None:
    encoder = Encoder(FORMATS["opus"], 24000)
    stream = list(pages(encoder.finish()))
    assert [page.flags for page in stream] == [2, 0, 4]


def test_aac_frames_follow_one_another_by_their_sizes() -> None:
    encoder = Encoder(FORMATS["aac"], 22050)
    stream = encoder.encode(voiced(150, 1.0, 22050)) + encoder.finish()
    frames = 0
    while stream:
        head = int.from_bytes(stream[:7], "big")
        assert head >> 40 == 0xFFF1
        rate_of_22050, mono = 7, 1
        assert (head >> 34 & 15, head >> 30 & 7) == (rate_of_22050, mono)
        size = head >> 13 & 0x1FFF
        assert 7 < size <= len(stream)
        stream, frames = stream[size:], frames + 1
    assert frames == int(np.ceil(22050 / 1024)) + 1


def test_a_flac_stream_that_is_not_marked_opens_with_its_description_alone() -> None:
    encoder = Encoder(replace(FORMATS["flac"], marked=False), 24000)
    stream = encoder.encode(voiced(150, 0.2, 24000))
    assert stream[:8] == b"fLaC" + bytes([0x80, 0, 0, 34])
    assert int.from_bytes(stream[18:21], "big") >> 4 == 24000
    assert stream[42:44] == b"\xff\xf8"

"""Files of every format that can say so say that their speech is synthetic, and sound the same."""

import contextlib
import io
import struct
import wave
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from polyvox.audio.audiobook import M4A, M4B, Audiobook
from polyvox.audio.encode import (
    FORMATS,
    Encoder,
    Format,
    completed,
    completed_head,
    output_rate,
)
from polyvox.audio.plain import Wav, to_int16
from polyvox.audio.provenance import SOURCE_TYPE, id3, riff_info
from polyvox.domain.audio import Samples
from tests.sounds import decode, pieces, tone, voiced

TELLING = ("mp3", "opus", "flac", "wav")
SILENT = ("aac", "pcm", "ulaw", "alaw")
"""What has no place for words."""
SIZE = 200
"""Bytes that may be added, at most."""

every_format = pytest.mark.parametrize("name", FORMATS)
telling = pytest.mark.parametrize("name", TELLING)


def parts(name: str, samples: Samples, *, marked: bool, size: int = 240) -> list[bytes]:
    fmt = replace(FORMATS[name], marked=marked)
    encoder = Encoder(fmt, output_rate(fmt, None))
    return [*map(encoder.encode, pieces(samples, size)), encoder.finish()]


def stream(name: str, samples: Samples, *, marked: bool) -> bytes:
    return b"".join(parts(name, samples, marked=marked))


def sound_for(name: str) -> Samples:
    return voiced(150, 1.0, output_rate(FORMATS[name], None))


def told(data: bytes) -> str:
    """All that a player reads in the file beside the sound, in one line."""
    with av.open(io.BytesIO(data), "r") as file:
        tags = {**file.metadata, **file.streams.audio[0].metadata}
    return "; ".join(f"{key.lower()}={value}" for key, value in tags.items())


def test_every_format_is_one_that_tells_or_one_that_cannot() -> None:
    assert {*TELLING, *SILENT} == set(FORMATS)


@telling
def test_a_stream_and_a_whole_file_say_that_the_voice_is_synthetic(name: str) -> None:
    data = stream(name, sound_for(name), marked=True)
    for file in (data, completed(FORMATS[name], data)):
        assert "Synthetic voice" in told(file)
        assert f"digitalsourcetype={SOURCE_TYPE}".lower() in told(file).lower()
        assert b"Polyvox" in file[: SIZE + 64]


def test_a_format_is_marked_unless_it_is_told_otherwise() -> None:
    assert all(fmt.marked for fmt in (*FORMATS.values(), M4A, M4B))


@telling
def test_without_the_mark_nothing_is_said(name: str) -> None:
    data = stream(name, sound_for(name), marked=False)
    assert "ynthetic" not in told(data)
    assert SOURCE_TYPE.encode() not in data


@pytest.mark.parametrize("name", SILENT)
def test_formats_without_a_place_for_words_stay_as_they_are(name: str) -> None:
    sound = sound_for(name)
    assert stream(name, sound, marked=True) == stream(name, sound, marked=False)


@every_format
def test_the_sound_is_the_same_with_the_mark_and_without(name: str) -> None:
    sound = sound_for(name)
    marked, plain = (stream(name, sound, marked=mark) for mark in (True, False))
    assert np.array_equal(decode(marked, name)[0], decode(plain, name)[0])
    assert 0 <= len(marked) - len(plain) < SIZE


@every_format
def test_the_first_bytes_come_with_the_same_piece_and_carry_sound(name: str) -> None:
    sound = sound_for(name)
    marked, plain = (parts(name, sound, marked=mark) for mark in (True, False))
    assert [bool(part) for part in marked] == [bool(part) for part in plain]
    first = next(number for number, part in enumerate(plain) if part)
    assert len(marked[first]) - len(plain[first]) < SIZE
    assert [len(part) for part in marked[first + 1 :]] == [len(part) for part in plain[first + 1 :]]


@telling
def test_players_find_the_same_length(name: str) -> None:
    lengths = []
    for marked in (True, False):
        data = completed(FORMATS[name], stream(name, sound_for(name), marked=marked))
        with av.open(io.BytesIO(data), "r") as file:
            lengths.append(file.duration)
    assert lengths[0] == lengths[1]


def test_the_sizes_of_a_marked_wav_are_open_in_a_stream_and_exact_in_a_file() -> None:
    sound = voiced(150, 0.5, 24000)
    open_sizes = stream("wav", sound, marked=True)
    place = open_sizes.index(b"data") + 4
    assert struct.unpack_from("<I", open_sizes, 4) == (0xFFFFFFFF,)
    assert struct.unpack_from("<I", open_sizes, place) == (0xFFFFFFFF,)
    whole = completed(FORMATS["wav"], open_sizes)
    assert len(whole) == len(open_sizes)
    assert struct.unpack_from("<I", whole, 4) == (len(whole) - 8,)
    assert struct.unpack_from("<I", whole, place) == (2 * len(sound),)
    with wave.open(io.BytesIO(whole)) as file:
        assert file.readframes(len(sound) + 1) == to_int16(sound).tobytes()


def test_the_beginning_of_a_marked_wav_is_enough_to_complete_it() -> None:
    data = stream("wav", voiced(150, 0.5, 24000), marked=True)
    head = completed_head(FORMATS["wav"], data[:64], len(data))
    assert head + data[len(head) :] == completed(FORMATS["wav"], data)
    assert head.endswith(b"data" + struct.pack("<I", len(data) - len(head)))
    assert len(head) % 2 == 0


def test_a_wav_that_was_announced_needs_no_completing() -> None:
    sound = voiced(150, 0.5, 24000)
    encoder = Encoder(FORMATS["wav"], 24000, total_samples=len(sound))
    data = encoder.encode(sound) + encoder.finish()
    assert completed(FORMATS["wav"], data) == data


def test_a_file_that_nobody_says_is_synthetic_is_not_marked() -> None:
    """Recordings of people are kept as WAV too."""
    assert riff_info() not in Wav(24000, 1).write(np.zeros(1, np.float32))


def test_a_tag_of_mp3_is_as_long_as_it_says_and_has_no_sync_of_a_frame_in_it() -> None:
    tag, data = id3(), stream("mp3", sound_for("mp3"), marked=True)
    sevens = tag[6:10]
    assert max(sevens) < 128
    assert len(tag) == 10 + (sevens[0] << 21 | sevens[1] << 14 | sevens[2] << 7 | sevens[3])
    assert b"\xff" not in tag
    assert data.startswith(tag)
    assert data[len(tag)] == 0xFF


def test_streams_of_opus_one_after_the_other_sound_as_before() -> None:
    marked, plain = (stream("opus", sound_for("opus"), marked=mark) for mark in (True, False))
    assert np.array_equal(decode(marked * 3, "opus")[0], decode(plain * 3, "opus")[0])


def test_an_mp3_after_another_is_heard_but_for_its_first_frames() -> None:
    """FFmpeg takes a tag in the middle for a broken frame, and the next frames lean on it."""
    marked, plain = (stream("mp3", sound_for("mp3"), marked=mark) for mark in (True, False))
    frame, one = 576, len(decode(plain, "mp3")[0])
    joined, wanted = heard_by_a_player(marked * 2), heard_by_a_player(plain * 2)
    assert len(wanted) - len(joined) == frame
    assert np.array_equal(joined[:one], wanted[:one])
    assert np.array_equal(joined[one + 3 * frame :], wanted[one + 4 * frame :])


def heard_by_a_player(data: bytes) -> Samples:
    """The samples of an MP3 whose broken packets are left out."""
    frames = []
    with av.open(io.BytesIO(data), "r") as file:
        for packet in file.demux(audio=0):
            with contextlib.suppress(av.error.InvalidDataError):
                frames += [frame.to_ndarray()[0] for frame in packet.decode()]
    return np.concatenate(frames)


@pytest.mark.parametrize("fmt", [M4A, M4B], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("marked", [True, False])
def test_an_audiobook_says_it_in_its_comment(tmp_path: Path, fmt: Format, marked: bool) -> None:
    path = tmp_path / "book"
    chosen = replace(fmt, marked=marked)
    with Audiobook(path, 24000, chosen, title="Die Nächte") as book:
        book.write(tone(200, 1, 24000))
    with av.open(str(path), "r") as file:
        assert file.metadata["title"] == "Die Nächte"
        comment = file.metadata.get("comment", "")
    assert (SOURCE_TYPE in comment) is marked
    assert ("Synthetic voice" in comment) is marked


@telling
def test_nothing_spoken_makes_a_small_file_still(name: str) -> None:
    encoder = Encoder(FORMATS[name], 24000)
    assert encoder.encode(np.zeros(0, np.float32)) == b""
    assert len(encoder.finish()) < 300

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from polyvox.audio.audiobook import M4A, Audiobook, Mark, write_m4a, write_m4b
from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput, Unavailable
from tests.sounds import pitch_of, tone

RATE = 24000


def picture() -> bytes:
    """A PNG file of one grey pixel."""

    def part(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def chapters_in(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as file:
        return [
            (
                float(each["start"] * each["time_base"]),
                float(each["end"] * each["time_base"]),
                each["metadata"]["title"],
            )
            for each in file.chapters()
        ]


def heard_in(path: Path) -> Samples:
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def boxes(data: bytes) -> list[str]:
    """The names of a file's outermost boxes, in order."""
    names, place = [], 0
    while place < len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        names.append(name.decode())
        place += size
    return names


def test_chapters_begin_and_end_where_they_were_marked(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    with Audiobook(path, RATE, title="Die Nächte", author="夏目漱石", cover=picture()) as book:
        for pitch, title in ((220, "Eins"), (330, "第二章"), (440, "Глава 3")):
            book.begin_chapter(title)
            book.write(tone(pitch, 1.5, RATE))
    assert chapters_in(path) == [(0, 1.5, "Eins"), (1.5, 3, "第二章"), (3, 4.5, "Глава 3")]
    heard = heard_in(path)
    for place, pitch in ((0.5, 220), (2.0, 330), (3.5, 440)):
        middle = heard[int(place * RATE) : int((place + 0.5) * RATE)]
        assert pitch_of(middle, RATE) == pytest.approx(pitch, rel=0.01)


def test_title_author_and_cover_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    write_m4b(
        path, [tone(200, 1, RATE)], RATE, title="Die Nächte", author="夏目漱石", cover=picture()
    )
    with av.open(str(path)) as file:
        assert file.metadata["title"] == "Die Nächte"
        assert file.metadata["artist"] == "夏目漱石"
        assert file.metadata["major_brand"] == "M4B "
        assert [stream.type for stream in file.streams] == ["audio", "video"]
        assert file.streams.video[0].disposition == av.stream.Disposition.attached_pic
        assert bytes(next(file.demux(video=0))) == picture()


def test_a_file_can_be_played_before_it_has_all_come(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    write_m4b(path, [tone(200, 3, RATE)], RATE, [Mark(0, "One")], cover=picture())
    found = boxes(path.read_bytes())
    assert found.index("moov") < found.index("mdat")


def test_the_length_is_that_of_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    sound = tone(200, 2.345, RATE)
    assert write_m4b(path, [sound[:7], sound[7:9000], sound[9000:]], RATE) == len(sound) / RATE
    with av.open(str(path)) as file:
        assert file.duration is not None
        assert file.duration / 1e6 == pytest.approx(len(sound) / RATE, abs=0.001)


def test_chapters_may_become_known_while_the_pieces_come(tmp_path: Path) -> None:
    marks: list[Mark] = []

    def pieces() -> Iterator[Samples]:
        for number in range(3):
            marks.append(Mark(number * 1.0, f"Chapter {number}"))
            yield tone(200, 1, RATE)

    path = tmp_path / "book.m4b"
    write_m4b(path, pieces(), RATE, marks)
    assert [title for _, _, title in chapters_in(path)] == ["Chapter 0", "Chapter 1", "Chapter 2"]


def test_more_chapters_than_neros_list_holds_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    marks = [Mark(number / 10, f"Psalm {number + 1}") for number in range(300)]
    write_m4b(path, [tone(200, 30, RATE)], RATE, marks)
    found = chapters_in(path)
    assert [title for _, _, title in found] == [mark.title for mark in marks]
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(found))


def test_the_first_chapter_begins_with_the_file_and_none_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    marks = [Mark(2, "Two"), Mark(0.5, "One"), Mark(2, "Two again"), Mark(3, "Nothing follows")]
    write_m4b(path, [tone(200, 3, RATE)], RATE, marks)
    assert chapters_in(path) == [(0, 2, "One"), (2, 3, "Two again")]


@pytest.mark.parametrize("start", [-0.1, 1.5])
def test_a_chapter_outside_the_sound_is_refused_and_no_file_stays(
    tmp_path: Path, start: float
) -> None:
    path = tmp_path / "book.m4b"
    with pytest.raises(InvalidInput, match="1 s"):
        write_m4b(path, [tone(200, 1, RATE)], RATE, [Mark(start, "Off")])
    assert not path.exists()


def test_a_long_title_is_cut_between_two_characters(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    write_m4b(path, [tone(200, 1, RATE)], RATE, [Mark(0, "a" + "章\n" + "章" * 100)])
    title = chapters_in(path)[0][2]
    assert title == "a章 " + "章" * 83
    assert len(title.encode()) <= 255


def test_m4a_has_no_chapters_and_says_that_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "speech.m4a"
    write_m4a(path, [tone(440, 1, RATE)], RATE, title="Speech")
    assert chapters_in(path) == []
    with av.open(str(path)) as file:
        assert file.metadata["major_brand"] == "M4A "
        assert file.metadata["title"] == "Speech"
    assert M4A.suffix == path.suffix


def test_a_failure_on_the_way_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    pieces = [tone(200, 1, RATE), np.array([np.nan], np.float32)]
    with pytest.raises(EngineFailed, match="not numbers"):
        write_m4b(path, pieces, RATE, cover=picture())
    assert not path.exists()


def test_nothing_written_still_makes_a_file_that_opens(tmp_path: Path) -> None:
    path = tmp_path / "book.m4b"
    assert write_m4b(path, [], RATE, [Mark(0, "Nothing")]) == 0
    assert path.stat().st_size > 0


@pytest.mark.parametrize("cover", [b"GIF89a", b"<svg/>", b"\x89PN"])
def test_another_kind_of_cover_is_refused_before_a_file_is_made(
    tmp_path: Path, cover: bytes
) -> None:
    path = tmp_path / "book.m4b"
    with pytest.raises(InvalidInput, match="JPEG"):
        Audiobook(path, RATE, cover=cover)
    assert not path.exists()


def test_a_rate_that_aac_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="24000") as refusal:
        Audiobook(tmp_path / "book.m4b", 23456)
    assert refusal.value.param == "sample_rate"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="could not be written"):
        Audiobook(tmp_path / "missing" / "book.m4b", RATE)


def test_a_full_disk_is_for_the_operator_to_mend() -> None:
    full = Path("/dev/full")
    with pytest.raises(Unavailable, match="disk is full"):
        _write_until_it_fails(full)


def _write_until_it_fails(path: Path) -> None:
    book = Audiobook(path, RATE)
    for _ in range(60):
        book.write(np.random.default_rng(1).uniform(-0.5, 0.5, RATE).astype(np.float32))
    book.finish()


_MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
from polyvox.audio.audiobook import Audiobook
noise = np.random.default_rng(1).uniform(-0.3, 0.3, 24000).astype(np.float32)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with Audiobook(Path(sys.argv[1]), 24000) as book:
    for minute in range(41):
        if minute == 1:
            before = peak()
        book.begin_chapter(str(minute))
        for _ in range(60):
            book.write(noise)
print(peak() - before)
"""


@pytest.mark.long
def test_memory_does_not_grow_with_the_sound(tmp_path: Path) -> None:
    """40 minutes are 220 MB of samples and 14 MB of AAC; FFmpeg's list of packets takes 5."""
    path = tmp_path / "long.m4b"
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert float(done.stdout) < 12
    assert path.stat().st_size > 10_000_000


def test_every_rate_of_aac_plays(tmp_path: Path) -> None:
    for rate in (8000, 22050, 44100, 48000):
        path = tmp_path / f"{rate}.m4b"
        write_m4b(path, [tone(440, 1, rate)], rate, [Mark(0, "One")])
        heard = heard_in(path)
        assert pitch_of(heard[rate // 4 : rate // 2], rate) == pytest.approx(440, rel=0.01)
        assert chapters_in(path) == [(0, 1, "One")]

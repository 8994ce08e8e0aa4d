"""Recordings of every kind are read; what is none, or is too much, is refused in plain words."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from polyvox.audio.decode import Decoded, Limits, decode, length_in_words
from polyvox.audio.encode import FORMATS, Encoder
from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput, TimedOut, TooLarge, UnsupportedMedia
from tests.audio.recordings import KINDS, Kind, kind, write
from tests.sounds import level_of, pitch_of, silence, tone

RATE = 24000


def read(path: Path, **limits: float) -> Decoded:
    return decode(path, RATE, Limits(**limits))  # type: ignore[arg-type]


def written(folder: Path, name: str, *channels: Samples) -> Path:
    write(folder / name, kind(name), *channels)
    return folder / name


@pytest.mark.parametrize("what", KINDS, ids=lambda what: what.name)
def test_every_kind_of_recording_sounds_as_it_did(what: Kind, tmp_path: Path) -> None:
    write(tmp_path / what.name, what, tone(440, 3, what.rate, 0.3))
    found = read(tmp_path / what.name)
    assert found.samples.dtype == np.float32
    assert found.samples.ndim == 1
    assert len(found.samples) / RATE == pytest.approx(3, abs=0.08)
    assert pitch_of(found.samples, RATE) == pytest.approx(440, rel=0.001)
    channels = av.AudioLayout(what.layout).nb_channels
    if channels <= 2:
        assert level_of(found.samples) == pytest.approx(-13.5, abs=2.5)
    assert (found.source.rate, found.source.channels) == (what.rate, channels)
    assert found.source.bits == what.bits
    assert found.complete


@pytest.mark.parametrize("name", ["eight.wav", "studio.wav", "float.wav", "disc.flac"])
def test_full_scale_is_one_whatever_the_sample_format(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, tone(440, 2, kind(name).rate, 0.99))
    assert np.abs(read(path).samples[2400:-2400]).max() == pytest.approx(0.99, abs=0.01)


def test_floats_above_full_scale_are_turned_down_without_a_change_of_shape(tmp_path: Path) -> None:
    samples = read(written(tmp_path, "float.wav", tone(440, 2, 48000, 3.0))).samples
    assert np.abs(samples).max() == 1
    assert level_of(samples) == pytest.approx(-3.01, abs=0.2)


def test_numbers_that_are_none_are_silent_and_wild_ones_do_not_drown_the_rest(
    tmp_path: Path,
) -> None:
    sound = tone(440, 2, 48000, 0.5)
    sound[5000:5100], sound[6000], sound[7000] = np.nan, np.inf, 1e30
    samples = read(written(tmp_path, "float.wav", sound)).samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1
    assert level_of(sound[20_000:]) - 12.5 < level_of(samples[10_000:]) < level_of(sound[20_000:])


def test_it_reads_what_polyvox_writes(tmp_path: Path) -> None:
    for name in ("mp3", "opus", "aac", "flac", "wav"):
        encoder = Encoder(FORMATS[name], RATE)
        data = encoder.encode(tone(440, 2, RATE)) + encoder.finish()
        (tmp_path / "it").write_bytes(data)
        found = read(tmp_path / "it")
        assert pitch_of(found.samples, RATE) == pytest.approx(440, rel=0.001), name
        assert len(found.samples) / RATE == pytest.approx(2, abs=0.1), name


def test_a_stream_from_a_browser_has_no_length_and_is_read_to_its_end(tmp_path: Path) -> None:
    class Pipe:
        """Cannot seek, so the writer cannot go back to fill in the length."""

        def __init__(self) -> None:
            self.data = io.BytesIO()
            self.write = self.data.write

    pipe = Pipe()
    write(pipe, kind("browser.webm"), tone(440, 3, 48000), container="webm")
    path = tmp_path / "recording"
    path.write_bytes(pipe.data.getvalue())
    with av.open(str(path)) as container:
        assert container.duration is None
    found = read(path)
    assert len(found.samples) == pytest.approx(3 * RATE, abs=0.02 * RATE)
    assert found.complete
    with pytest.raises(InvalidInput, match="At most 2 s of recording are taken; this one is long"):
        read(path, seconds=2)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = written(tmp_path, "cd.wav", tone(440, 2, 44100, 0.4), silence(2, 44100))
    assert level_of(read(path).samples) == pytest.approx(-11 - 6, abs=0.1)


def test_channels_of_opposite_polarity_do_not_cancel(tmp_path: Path) -> None:
    sound = tone(440, 2, 44100, 0.4)
    path = written(tmp_path, "cd.wav", -0.7 * sound, sound)
    assert level_of(read(path).samples) == pytest.approx(level_of(sound), abs=0.1)


def test_six_channels_become_one(tmp_path: Path) -> None:
    alone = tone(440, 2, 48000, 0.6)
    nothing = silence(2, 48000)
    path = written(tmp_path, "cinema.m4a", nothing, nothing, alone, nothing, nothing, nothing)
    found = read(path)
    assert found.source.channels == 6
    assert level_of(found.samples) == pytest.approx(level_of(alone / 6), abs=0.5)


def test_pictures_and_video_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    _film(path, tone(440, 3, 48000))
    found = read(path)
    assert pitch_of(found.samples, RATE) == pytest.approx(440, rel=0.001)
    assert len(found.samples) == pytest.approx(3 * RATE, abs=0.05 * RATE)


def test_a_film_without_sound_is_none(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    _film(path, None)
    with pytest.raises(UnsupportedMedia, match="no sound in this file"):
        read(path)


def _film(path: Path, sound: Samples | None) -> None:
    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = output.add_stream("aac", rate=48000, layout="mono") if sound is not None else None
        for _ in range(30):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
            frame.sample_rate = 48000
            output.mux(audio.encode(frame))
            output.mux(audio.encode(None))


NO_RECORDINGS = {
    "text.wav": b"Dear diary, today I said nothing at all.\n" * 100,
    "text.mp3": b"Dear diary, today I said nothing at all.\n" * 100,
    "page.html": b"<html><body>" + b"<p>hello</p>" * 500,
    "noise.bin": np.random.default_rng(1).bytes(50_000),
    "noise.mp3": np.random.default_rng(2).bytes(50_000),
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "head.wav": b"RIFF\xff\xff\xff\xffWAVE",
}


@pytest.mark.parametrize("name", NO_RECORDINGS)
def test_what_is_no_recording_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(NO_RECORDINGS[name])
    with pytest.raises(UnsupportedMedia, match="not a recording that can be read"):
        read(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(UnsupportedMedia, match="empty"):
        read(tmp_path / "empty.wav")
    for nothing in (tmp_path, tmp_path / "missing.wav"):
        with pytest.raises(UnsupportedMedia, match="no file"):
            read(nothing)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nbare.aac\n#EXT-X-ENDLIST\n"),
        ("list.wav", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nbare.aac\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile 'cd.wav'\n"),
        ("song.wav", "ffconcat version 1.0\nfile 'cd.wav'\n"),
        ("call.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                     "m=audio 5004 RTP/AVP 97\na=rtpmap:97 L16/16000/1\n"),
        ("show.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'
                     "<Period><AdaptationSet><Representation><BaseURL>cd.wav</BaseURL>"
                     "</Representation></AdaptationSet></Period></MPD>"),
    ],
)  # fmt: skip
def test_a_list_that_points_elsewhere_is_refused(name: str, text: str, tmp_path: Path) -> None:
    written(tmp_path, "cd.wav", tone(440, 3, 44100))
    written(tmp_path, "bare.aac", tone(440, 3, 24000))
    (tmp_path / name).write_text(text)
    with pytest.raises(UnsupportedMedia, match="not a recording that can be read"):
        read(tmp_path / name)


def test_a_name_is_never_taken_for_an_address_or_a_pattern(tmp_path: Path) -> None:
    for name in ("concat:a|b.wav", "http:x.wav", "take%03d.wav", "a b?c#d.wav", "ü.wav"):
        write(tmp_path / "cd.wav", kind("cd.wav"), tone(440, 2, 44100))
        (tmp_path / "cd.wav").rename(tmp_path / name)
        assert len(read(tmp_path / name).samples) == 2 * RATE


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "cd.wav", tone(440, 3, 44100))
    with pytest.raises(TooLarge, match=r"The file has 0\.529 MB; at most 0\.2 MB are taken"):
        read(path, bytes=200_000)


def test_too_long_and_too_short_are_told_with_both_lengths(tmp_path: Path) -> None:
    path = written(tmp_path, "cd.wav", tone(440, 3, 44100))
    with pytest.raises(InvalidInput, match="At most 2 s of recording are taken; this one is 3 s"):
        read(path, seconds=2)
    with pytest.raises(InvalidInput, match="too short: 3 s; at least 4 s"):
        read(path, shortest=4)


@pytest.mark.parametrize("told", [True, False], ids=["length in its header", "no length"])
def test_an_hour_in_a_small_file_costs_no_more_than_the_limit(told: bool, tmp_path: Path) -> None:
    what = Kind("hour.flac", "flac", "s16", 8000)
    path = tmp_path / what.name
    write(path, what, silence(3600, 8000))
    if not told:
        data = bytearray(path.read_bytes())
        data[21] &= 0xF0
        data[22:26] = bytes(4)
        path.write_bytes(data)
    said = "1 h long" if told else "longer"
    with pytest.raises(InvalidInput, match=f"At most 5 min of recording .* this one is {said}"):
        read(path)


def test_a_header_that_cannot_be_true_is_not_believed(tmp_path: Path) -> None:
    path = written(tmp_path, "disc.flac", tone(440, 2, 44100))
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    assert len(read(path).samples) == pytest.approx(2 * RATE, abs=0.01 * RATE)


def test_a_song_that_breaks_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = written(tmp_path, "song.mp3", tone(440, 10, 44100, 0.3))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = read(path)
    assert not found.complete
    assert len(found.samples) / RATE == pytest.approx(5, abs=0.2)
    assert pitch_of(found.samples, RATE) == pytest.approx(440, rel=0.001)


@pytest.mark.parametrize("name", ["song.mp3", "disc.flac", "browser.webm"])
def test_when_little_of_a_broken_file_can_be_read_it_says_how_much(
    name: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, _chord(10, kind(name).rate))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 4])
    with pytest.raises(InvalidInput, match=r"damaged: only [12](\.\d)? s of it could be read"):
        read(path, shortest=3)


def test_a_hole_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "song.mp3", _chord(10, 44100))
    data = bytearray(path.read_bytes())
    data[20_000:28_000] = np.random.default_rng(1).bytes(8000)
    path.write_bytes(data)
    found = read(path)
    assert not found.complete
    assert 8.5 < len(found.samples) / RATE < 10


def test_a_memo_without_its_table_cannot_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, "memo.m4a", _chord(3, 44100))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(UnsupportedMedia):
        read(path)


def test_damage_anywhere_ends_in_sound_or_in_an_error_of_ours(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    for name in ("cd.wav", "song.mp3", "memo.m4a", "old.ogg", "new.ogg", "disc.flac", "pack.wv"):
        whole = written(tmp_path, name, _chord(2, kind(name).rate)).read_bytes()
        for _ in range(15):
            data = bytearray(whole)
            for place in rng.integers(0, min(len(data), 20_000), 12):
                data[place] = rng.integers(256)
            (tmp_path / name).write_bytes(data)
            try:
                samples = read(tmp_path / name).samples
            except (InvalidInput, TooLarge):
                continue
            assert np.isfinite(samples).all()
            assert np.abs(samples).max() <= 1


def _chord(seconds: float, rate: int) -> Samples:
    return tone(300, seconds, rate, 0.2) + tone(433, seconds, rate, 0.2)


def test_shapes_beyond_the_limits_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "cd.wav", tone(440, 2, 44100))
    with pytest.raises(InvalidInput, match="2 channels; at most 1"):
        read(path, channels=1)
    with pytest.raises(InvalidInput, match="44100 Hz is outside 4000 to 40000"):
        read(path, highest_rate=40000)


def test_the_clock_stops_it(tmp_path: Path) -> None:
    path = written(tmp_path, "cd.wav", tone(440, 2, 44100))
    with pytest.raises(TimedOut):
        read(path, decode_seconds=0.0)


def test_lengths_are_said_as_people_say_them() -> None:
    said = [length_in_words(each) for each in (0.43, 7.5, 12, 59.97, 60, 200, 300, 7380, 3600)]
    assert said == [
        "0.4 s", "7.5 s", "12 s", "1 min", "1 min", "3 min 20 s", "5 min", "2 h 3 min", "1 h"
    ]  # fmt: skip

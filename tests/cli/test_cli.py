"""The command line, as a user runs it: a process, its output, its exit code."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.sounds import decode


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user with nothing of their own yet."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    return given | {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }


def polyvox(
    environment: dict[str, str], folder: Path, *arguments: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "polyvox", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("suffix", ["mp3", "opus", "aac", "flac", "wav"])
def test_speak_writes_the_format_that_the_name_says(
    environment: dict[str, str], tmp_path: Path, suffix: str
) -> None:
    done = polyvox(environment, tmp_path, "speak", "Hello there.", "-o", f"out.{suffix}")
    assert done.returncode == 0, done.stderr
    heard, rate = decode((tmp_path / f"out.{suffix}").read_bytes(), suffix)
    assert 0.4 < len(heard) / rate < 2
    assert np.abs(heard).max() > 0.1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [f"out.{suffix}"]


def test_a_written_wav_has_exact_sizes(environment: dict[str, str], tmp_path: Path) -> None:
    polyvox(environment, tmp_path, "speak", "Hello there.", "-o", "out.wav")
    data = (tmp_path / "out.wav").read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    samples = data.index(b"data") + 8
    assert struct.unpack_from("<I", data, samples - 4)[0] == len(data) - samples


def test_text_comes_from_standard_input_and_sound_goes_to_standard_output(
    environment: dict[str, str], tmp_path: Path
) -> None:
    text = "Grüße aus München.".encode()
    done = polyvox(
        environment, tmp_path, "speak", "-o", "-", "--format", "mp3", "-v", "onyx", stdin=text
    )
    assert done.returncode == 0, done.stderr
    assert len(decode(done.stdout, "mp3")[0]) > 20000


def test_a_long_file_is_spoken_with_captions(environment: dict[str, str], tmp_path: Path) -> None:
    sentences = [f"This is sentence number {number} of the file." for number in range(120)]
    (tmp_path / "long.txt").write_text("\n\n".join(sentences), encoding="utf-8")
    done = polyvox(
        environment, tmp_path, "speak", "-f", "long.txt", "-o", "long.mp3", "--captions", "l.srt"
    )
    assert done.returncode == 0, done.stderr
    heard, rate = decode((tmp_path / "long.mp3").read_bytes(), "mp3")
    written = (tmp_path / "l.srt").read_text(encoding="utf-8")
    assert "sentence number 119" in " ".join(written.split())
    last = [line for line in written.splitlines() if "-->" in line][-1].split(" --> ")[1]
    hours, minutes, seconds = last.replace(",", ".").split(":")
    ends = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    assert ends == pytest.approx(len(heard) / rate, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("speak", "", "-o", "x.mp3"), "nothing to speak"),
        (("speak", "hi", "-o", "x.xyz"), "format"),
        (("speak", "hi", "-o", "x.mp3", "-v", "nobody"), "no voice 'nobody'"),
        (("speak", "hi", "-o", "x.mp3", "-l", "klingonese"), "language"),
        (("speak", "hi", "-o", "x.mp3", "--speed", "9"), "Speed"),
        (("speak", "hi", "-o", "x.mp3", "--option", "pitch"), "NAME=VALUE"),
        (("speak", "hi", "-o", "x.mp3", "--option", "pitch=500"), "pitch"),
        (("speak", "hi", "-o", "no/such/folder/x.mp3"), "cannot be written"),
        (("speak", "-f", "nothing.txt", "-o", "x.mp3"), "cannot be read"),
        (("speak", "hi", "-o", "x.mp3", "--captions", "x.doc"), ".srt"),
        (("engines", "check", "nobody"), "no engine 'nobody'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_leaves_nothing_behind(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = polyvox(environment, tmp_path, *arguments)
    assert done.returncode != 0
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_without_a_file_it_plays_with_the_player_there_is(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The player here is a script that keeps what it is given to play."""
    programs = tmp_path / "programs"
    programs.mkdir()
    player = programs / "aplay"
    player.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cp "$last" "{tmp_path}/played"\n')
    player.chmod(0o755)
    done = polyvox(environment | {"PATH": str(programs)}, tmp_path, "speak", "Hello there.")
    assert done.returncode == 0, done.stderr
    heard, rate = decode((tmp_path / "played").read_bytes(), "wav")
    assert len(heard) / rate > 0.4


def test_without_a_file_and_a_player_it_says_what_to_do(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = polyvox(environment | {"PATH": str(tmp_path)}, tmp_path, "speak", "Hello there.")
    assert done.returncode == 1
    assert "-o speech.mp3" in done.stderr.decode()


@pytest.mark.long
def test_voices_are_listed_and_filtered(environment: dict[str, str], tmp_path: Path) -> None:
    done = polyvox(environment, tmp_path, "voices", "list", "--json", "--text", "deep")
    assert {voice["name"] for voice in json.loads(done.stdout)} == {"male_deep", "onyx"}
    table = polyvox(environment, tmp_path, "voices", "list").stdout.decode()
    assert "female_generic" in table
    assert "Vivian" in table


@pytest.mark.long
def test_engines_are_listed_and_checked(environment: dict[str, str], tmp_path: Path) -> None:
    table = polyvox(environment, tmp_path, "engines", "list").stdout.decode()
    assert "espeak" in table
    assert "tone" in table
    done = polyvox(environment, tmp_path, "engines", "check", "tone")
    assert done.returncode == 0, done.stdout
    assert "BROKEN" not in done.stdout.decode()


def test_config_init_writes_a_file_once_and_show_reads_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = polyvox(environment, tmp_path, "config", "init")
    written = Path(done.stdout.decode().strip())
    assert written.is_file()
    assert polyvox(environment, tmp_path, "config", "init").returncode == 2
    assert polyvox(environment, tmp_path, "config", "init", "--force").returncode == 0
    secret = environment | {"DATABASE_URL": "postgresql://me:pa55word@host/db"}
    shown = polyvox(secret, tmp_path, "config", "show").stdout.decode()
    assert str(written) in shown
    assert "port = 8080" in shown
    assert "pa55word" not in shown


@pytest.mark.long
def test_the_doctor_says_what_works_and_what_does_not(
    environment: dict[str, str], tmp_path: Path
) -> None:
    well = polyvox(environment, tmp_path, "doctor")
    assert well.returncode == 0, well.stdout
    assert "engine espeak: spoke" in well.stdout.decode()
    ill = polyvox(
        environment
        | {"DATABASE_URL": "postgresql://x:y@127.0.0.1:1/z", "REDIS_URL": "redis://127.0.0.1:1"},
        tmp_path,
        "doctor",
    )
    assert ill.returncode == 1
    said = ill.stdout.decode()
    assert "BROKEN database" in said
    assert "BROKEN redis" in said
    assert "POLYVOX_STORAGE__DATABASE" in said


def test_serve_refuses_a_port_that_is_taken_with_the_line_that_helps(
    environment: dict[str, str], tmp_path: Path
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = polyvox(environment, tmp_path, "serve", "--port", str(port))
    assert done.returncode == 1
    assert "--port" in done.stderr.decode()


def test_serve_leaves_a_settings_file_for_its_user_and_none_in_the_folder(
    environment: dict[str, str], tmp_path: Path
) -> None:
    polyvox(environment, tmp_path, "serve", "--host", "192.0.2.1")  # no address of ours
    assert (tmp_path / "config" / "polyvox" / "polyvox.toml").is_file()
    assert not (tmp_path / "polyvox.toml").exists()


def test_help_helps(environment: dict[str, str], tmp_path: Path) -> None:
    for command in ((), ("speak",), ("serve",), ("voices", "list"), ("config", "init")):
        done = polyvox(environment, tmp_path, *command, "--help")
        assert done.returncode == 0
        assert b"Usage:" in done.stdout
    assert polyvox(environment, tmp_path, "--version").stdout.startswith(b"polyvox ")

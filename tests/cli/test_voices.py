"""Voices are made, heard, carried and deleted on the command line, without a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import sounds
from tests.cli.test_cli import environment, polyvox

pytestmark = pytest.mark.long

__all__ = ["environment"]


def listed(environment: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    done = polyvox(environment, folder, "voices", "list", "--json", "--kind", "cloned")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_voice_is_cloned_spoken_with_carried_and_deleted(
    environment: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    def run(*arguments: str) -> str:
        done = polyvox(environment, tmp_path, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    said = run("voices", "clone", "My voice", str(recording), "--language", "en")
    assert "cloned voice" in said
    assert "still sounds like a synthesizer" in said
    assert [voice["name"] for voice in listed(environment, tmp_path)] == ["My voice"]
    run("speak", "It speaks with my voice.", "-v", "my voice", "-o", "mine.wav")
    run("speak", "It speaks with my voice.", "-o", "plain.wav")
    mine, rate = sounds.decode((tmp_path / "mine.wav").read_bytes(), "wav")
    plain, _ = sounds.decode((tmp_path / "plain.wav").read_bytes(), "wav")
    assert len(mine) > rate
    assert sounds.level_of(mine) > -40
    assert len(mine) != len(plain)
    run("voices", "preview", "My voice", "-o", "preview.mp3")
    assert (tmp_path / "preview.mp3").stat().st_size > 5000

    run("voices", "export", "My voice")
    carried = tmp_path / "My voice.voice.zip"
    assert carried.is_file()
    assert "Deleted" in run("voices", "delete", "My voice", "--yes")
    assert listed(environment, tmp_path) == []
    run("voices", "import", str(carried), "--name", "Come back")
    run("speak", "It speaks with my voice.", "-v", "Come back", "-o", "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "mine.wav").read_bytes()


def test_a_voice_is_designed_and_blended(environment: dict[str, str], tmp_path: Path) -> None:
    done = polyvox(environment, tmp_path, "voices", "design", "Grandpa", "a deep old man, quixotic")
    said = done.stdout.decode()
    assert "deep: " in said
    assert "not understood: quixotic" in said
    done = polyvox(environment, tmp_path, "voices", "blend", "Half", "Grandpa=1", "nova=3")
    assert "blended voice" in done.stdout.decode(), done.stderr.decode()
    done = polyvox(environment, tmp_path, "speak", "Hello.", "-v", "Half", "-o", "half.wav")
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clone", "Me", "short.wav"), "10 s"),
        (("clone", "nova", "short.wav"), "preset"),
        (("clone", "Me", "short.wav", "--engine", "nothing"), "no engine"),
        (("clone", "Me", "missing.wav"), "missing.wav"),
        (("design", "Me", ""), "how the voice should sound"),
        (("design", "Me", "deep", "--set", "pitch"), "NAME=NUMBER"),
        (("design", "Me", "deep", "--set", "pitch=99999"), "pitch"),
        (("blend", "Me", "nova"), "2 to 8"),
        (("blend", "Me", "nova", "nobody"), "nobody"),
        (("export", "nova"), "reset"),
        (("delete", "nobody", "--yes"), "nobody"),
        (("import", "short.wav"), "not an exported voice"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    import av
    import numpy as np

    with av.open(str(tmp_path / "short.wav"), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        silence = np.zeros((1, 16000 * 3), np.int16)
        frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
        frame.rate = 16000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    done = polyvox(environment, tmp_path, "voices", *arguments)
    assert done.returncode == 2, done.stderr.decode()
    message = done.stderr.decode()
    assert said in message
    assert "Traceback" not in message

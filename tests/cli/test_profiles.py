"""Profiles are made, spoken with and deleted on the command line, without a server."""

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import environment, polyvox

pytestmark = pytest.mark.long

__all__ = ["environment"]


def test_a_profile_is_made_spoken_with_made_the_default_and_deleted(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        done = polyvox(environment, tmp_path, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def heard(*arguments: str) -> bytes:
        run("speak", "It speaks.", "-o", "out.wav", *arguments)
        return (tmp_path / "out.wav").read_bytes()

    plain = heard()
    run("profiles", "create", "Deep", "--like", "espeak.clear", "--option", "pitch=20")
    shown = json.loads(run("profiles", "show", "deep"))
    assert shown["options"] == {"speed": 0.85, "word_gap": 2, "pitch": 20}
    assert shown["effects"] == {"high_pass": 80.0}
    deep = heard("--profile", "deep")
    assert deep != plain
    assert heard("-p", "standard") == plain
    assert "the default" in run("profiles", "default", "Deep")
    assert heard() == deep
    listed = json.loads(run("profiles", "list", "--engine", "espeak", "--json"))
    assert [each["name"] for each in listed if each["default"]] == ["Deep"]
    run("profiles", "default", "standard")
    assert heard() == plain
    assert "Deleted Deep" in run("profiles", "delete", "DEEP")
    table = run("profiles", "list")
    assert "espeak.telephone" in table
    assert "Deep" not in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("profiles", "show", "nothing"), "standard, clear"),
        (("profiles", "create", "New", "--option", "pitch"), "--option needs NAME=VALUE"),
        (("profiles", "create", "New", "--effect", "denoise=7"), "between 0 and 1"),
        (("profiles", "create", "clear"), "built-in"),
        (("profiles", "create", "New", "--engine", "nothing"), "no engine"),
        (("profiles", "delete", "clear"), "duplicate"),
        (("profiles", "default", "nothing"), "no profile"),
        (("speak", "Hello.", "-o", "x.wav", "--profile", "nothing"), "standard, clear"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = polyvox(environment, tmp_path, *arguments)
    assert done.returncode == 2, done.stderr.decode()
    assert said in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not (tmp_path / "x.wav").exists()

"""Long work on the command line: a book is narrated without a server and goes on after Ctrl-C; jobs
are listed and steered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest

from tests import sounds
from tests.cli.test_cli import environment, polyvox

pytestmark = pytest.mark.long

__all__ = ["environment"]

LINE = "x" * 19 + "."
"""Hummed for two seconds by `tone`."""
SLOW = ("-m", "tone", "-v", "low", "-l", "en", "--option", "real_time_factor=0.1")


@pytest.fixture(autouse=True)
def hums(environment: dict[str, str]) -> None:
    environment["POLYVOX_ENGINES__ENABLED"] = "espeak,tone"


def units(folder: Path) -> dict[str, int]:
    """Files of spoken segments, and when each was written."""
    found = (folder / "data").glob("polyvox/blobs/jobs/*/units/*.pcm")
    return {path.name: path.stat().st_mtime_ns for path in found}


def listed(environment: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    done = polyvox(environment, folder, "jobs", "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def stopped(environment: dict[str, str], folder: Path, *arguments: str, after: int) -> int:
    """The exit code of a narration that is interrupted after so many segments."""
    command = [sys.executable, "-m", "polyvox", "narrate", *arguments]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
    until = time.monotonic() + 30
    while len(units(folder)) < after:
        assert process.poll() is None, (folder / "said").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    return process.wait(20)


def test_a_book_becomes_an_audiobook_with_chapters(
    environment: dict[str, str], tmp_path: Path
) -> None:
    text = "# The Harbour\n\n## Morning\n\nThe boats left.\n\n## Evening\n\nThe boats came home.\n"
    (tmp_path / "book.md").write_text(text)
    done = polyvox(environment, tmp_path, "narrate", "book.md", "-o", "book.m4b")
    assert done.returncode == 0, done.stderr.decode()
    with av.open(str(tmp_path / "book.m4b")) as file:
        assert file.metadata["title"] == "The Harbour"
        titles = [chapter["metadata"]["title"] for chapter in file.chapters()]
        assert titles == ["Morning", "Evening"]
        assert file.duration is not None
        assert file.duration / 1e6 > 4
    titled = polyvox(
        environment, tmp_path, "narrate", "book.md", "-o", "other.m4b", "--title", "Mine"
    )
    assert titled.returncode == 0
    with av.open(str(tmp_path / "other.m4b")) as file:
        assert file.metadata["title"] == "Mine"
    assert len(listed(environment, tmp_path)) == 1, "what is spoken is not spoken again"


@pytest.mark.parametrize("fmt", ["mp3", "wav", "flac"])
def test_the_name_says_the_format(environment: dict[str, str], tmp_path: Path, fmt: str) -> None:
    done = polyvox(
        environment, tmp_path, "narrate", "-", "-o", f"out.{fmt}", stdin="Grüße. Hallo.".encode()
    )
    assert done.returncode == 0, done.stderr.decode()
    heard, rate = sounds.decode((tmp_path / f"out.{fmt}").read_bytes(), fmt)
    assert len(heard) > rate


def test_what_is_stopped_goes_on_with_the_same_command(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("\n\n".join([LINE] * 40))
    asked = ("long.txt", "-o", "long.wav", *SLOW)
    assert stopped(environment, tmp_path, *asked, after=8) == 130
    assert "same command goes on" in (tmp_path / "said").read_text()
    assert not (tmp_path / "long.wav").exists()
    assert [job["status"] for job in listed(environment, tmp_path)] == ["cancelled"]
    before = units(tmp_path)
    done = polyvox(environment, tmp_path, "narrate", *asked)
    assert done.returncode == 0, done.stderr.decode()
    assert "Goes on at segment" in done.stderr.decode()
    heard, rate = sounds.decode((tmp_path / "long.wav").read_bytes(), "wav")
    assert len(heard) / rate == pytest.approx(40 * 2 + 39 * 0.6, abs=0.1)
    now = units(tmp_path)
    assert len(now) == 40
    assert len([name for name, moment in before.items() if now[name] != moment]) <= 4
    assert not list(tmp_path.glob(".*.part"))


def test_jobs_are_listed_shown_cancelled_begun_again_and_deleted(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        done = polyvox(environment, tmp_path, "jobs", *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    (tmp_path / "long.txt").write_text("\n\n".join([LINE] * 20))
    stopped(environment, tmp_path, "long.txt", *SLOW, after=2)
    id = listed(environment, tmp_path)[0]["id"]
    assert id in run("list", "--status", "cancelled")
    assert id not in run("list", "--status", "completed")
    shown = run("show", id)
    assert "cancelled" in shown
    assert "of 20 segments" in shown
    assert "narration by tone" in shown
    assert json.loads(run("show", id, "--json"))["total"] == 20
    assert run("retry", id) == f"{id}: queued\n"
    assert run("cancel", id) == f"{id}: cancelled\n"
    assert run("delete", id, "--yes") == f"{id}: deleted\n"
    assert listed(environment, tmp_path) == []
    assert units(tmp_path) == {}


def test_a_segment_is_written_by_itself(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("\n\n".join([LINE] * 20))
    stopped(environment, tmp_path, "long.txt", *SLOW, after=3)
    id = listed(environment, tmp_path)[0]["id"]

    def run(number: int, output: str, *more: str) -> subprocess.CompletedProcess[bytes]:
        arguments = ("jobs", "segment", id, str(number), "-o", output, *more)
        return polyvox(environment, tmp_path, *arguments)

    assert b"a.flac: 2.0 s, segment 0" in run(0, "a.flac").stderr
    heard, rate = sounds.decode((tmp_path / "a.flac").read_bytes(), "flac")
    assert len(heard) / rate == pytest.approx(2, abs=0.1)
    piped = run(0, "-", "--format", "wav")
    assert len(sounds.decode(piped.stdout, "wav")[0]) / rate == pytest.approx(2, abs=0.1)
    for number, output, said in (
        (19, "b.wav", "Segment 19 is not spoken: the job is cancelled."),
        (20, "b.wav", "The job has segments 0 to 19."),
        (0, "b.midi", "midi"),
        (0, "nowhere/b.wav", "nowhere"),
    ):
        done = run(number, output)
        assert (done.returncode, said in done.stderr.decode()) == (2, True), done.stderr
    assert not (tmp_path / "b.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("jobs", "show", "nothing"), "no job 'nothing'"),
        (("jobs", "segment", "nothing", "0", "-o", "a.mp3"), "no job 'nothing'"),
        (("jobs", "cancel", "nothing"), "no job 'nothing'"),
        (("jobs", "list", "--status", "odd"), "queued, running"),
        (("jobs", "work"), "POLYVOX_JOBS__QUEUE"),
        (("narrate", "missing.txt"), "missing.txt"),
        (("narrate", "-"), "-o"),
        (("narrate", "empty.txt", "-o", "a.mp3"), "no text"),
        (("narrate", "book.pdf"), "PDF"),
        (("narrate", "book.txt", "-o", "a.midi"), "midi"),
        (("narrate", "book.txt", "-v", "nobody"), "nobody"),
        (("narrate", "book.txt", "--option", "levle=1"), "levle"),
        (("narrate", "book.txt", "-o", "nowhere/a.mp3"), "nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty.txt").write_text(" ")
    (tmp_path / "book.txt").write_text("A book.")
    (tmp_path / "book.pdf").write_bytes(b"%PDF-1.7 ")
    done = polyvox(environment, tmp_path, *arguments)
    assert done.returncode == 2, done.stderr.decode()
    message = done.stderr.decode()
    assert said in message
    assert "Traceback" not in message

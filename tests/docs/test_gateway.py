"""The page on gateways: its five minutes work as they are written, and what it names is there."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from polyvox.cluster.balance import BALANCES
from polyvox.domain.node import STATES
from polyvox.settings import known_keys
from tests.cli.test_cli import environment
from tests.jobs.rabbit import free_ports
from tests.processes import within
from tests.sounds import decode

__all__ = ["environment"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "gateway.md"
SCRIPT = Path(__file__).parents[2] / "src/polyvox/web/static/nodewords.js"


def chapter(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(title: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", chapter(title), re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").splitlines()


@pytest.fixture
def placed() -> Callable[[str], str]:
    """A command as it is written, run from here on ports that are free."""
    ports = dict(zip(("8080", "8001", "8002"), map(str, free_ports(3)), strict=True))

    def place(command: str) -> str:
        for written, port in ports.items():
            command = command.replace(written, port)
        words = command.split()
        if words[:2] == ["polyvox", "gateway"]:
            command += f" --port {ports['8080']}"
        if words[:2] == ["polyvox", "nodes"]:
            command += f" --url http://127.0.0.1:{ports['8080']}"
        command = command.replace("curl", "curl -sf", 1)
        return re.sub(r"^polyvox", f"{sys.executable} -m polyvox", command)

    return place


@pytest.fixture
def started(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Starts a command that goes on; all end with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: str) -> None:
        with (tmp_path / f"log-{len(running)}").open("wb") as log:
            running.append(
                subprocess.Popen(
                    f"exec {command}",
                    shell=True,
                    cwd=tmp_path,
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            )

    yield start
    for process in reversed(running):
        process.send_signal(signal.SIGTERM)
    for process in running:
        process.wait(20)


@pytest.mark.long
def test_its_five_minutes_and_its_commands_work_as_they_are_written(
    placed: Callable[[str], str],
    started: Callable[[str], None],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    def run(command: str) -> str:
        done = subprocess.run(
            placed(command), shell=True, cwd=tmp_path, env=environment, capture_output=True
        )
        assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
        return done.stdout.decode()

    def ready() -> list[str]:
        asked = "polyvox nodes list --json --state ready"
        return [str(node["id"]) for node in json.loads(run(asked))]

    gateway, *workers = commands("In five minutes, on one machine")[:3]
    started(placed(gateway))
    url = placed("http://127.0.0.1:8080")
    within(30, lambda: answers(f"{url}/health/ready"))
    for worker in workers:
        started(placed(worker))
    until = time.monotonic() + 30
    while len(ready()) < 2:
        assert time.monotonic() < until, "two workers become ready"
    for command in commands("In five minutes, on one machine")[3:]:
        assert run(command) or command.startswith("curl")
    assert len(decode((tmp_path / "two.mp3").read_bytes(), "mp3")[0]) > 5000
    assert json.loads(run("curl http://127.0.0.1:8080/api/status"))["online_nodes"] == 2
    first, _ = ready()
    for command in commands("What workers are told"):
        run(command.replace("ID", first[:8]))
    until = time.monotonic() + 20
    while len(json.loads(run("polyvox nodes list --json"))) > 1:
        assert time.monotonic() < until, "the one that is stopped leaves"


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


def test_every_setting_that_it_names_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"`((?:cluster|rates|speech|engines|jobs|storage)\.\w+)`", text)
    named += [
        name.lower().replace("__", ".") for name in re.findall(r"POLYVOX_([A-Z_]+__\w+)", text)
    ]
    assert set(named) <= set(known_keys())
    assert len(set(named)) > 12


def test_every_way_to_choose_is_explained() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", chapter("Which worker speaks"), re.MULTILINE)
    assert rows == list(BALANCES)


def test_every_state_is_explained_in_the_word_of_the_page() -> None:
    words = dict(re.findall(r'^  (\w+): \["(\w+)"', SCRIPT.read_text(), re.MULTILINE))
    assert set(words) == set(STATES)
    rows = re.findall(r"^\| (\w+) \| ", chapter("What /nodes shows"), re.MULTILINE)
    assert [row for row in rows if row in words.values()] == list(words.values())


def test_its_options_are_those_of_the_commands() -> None:
    for command in ("gateway", "worker"):
        done = subprocess.run(
            [sys.executable, "-m", "polyvox", command, "--help"],
            env=os.environ | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        lines = re.findall(rf"polyvox {command}\b([^\n`]*)", PAGE.read_text(encoding="utf-8"))
        for option in re.findall(r"--[a-z-]+", " ".join(lines)):
            assert f"{option} " in done.stdout, f"{command} {option}"

"""The page on profiles names what there is, and its commands work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from polyvox.engines.registry import BUILT_IN
from polyvox.services.built_in import built_in
from polyvox.services.effects import rules
from tests.cli.test_cli import environment
from tests.server import Server
from tests.sounds import decode

__all__ = ["environment"]
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "profiles.md"


def commands(program: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith(program)]


def test_every_built_in_profile_and_every_effect_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for engine in BUILT_IN:
        names = ", ".join(f"`{each.name}`" for each in built_in(engine))
        assert f"| {engine} | {names} |" in text or names == "`standard`"
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(rules()["properties"])


@pytest.mark.parametrize("command", commands("curl"))
def test_its_requests_work(command: str, server: Server, tmp_path: Path) -> None:
    sent = command.replace("http://127.0.0.1:8080", server.url).replace("curl", "curl -sf", 1)
    done = subprocess.run(sent, shell=True, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0
    for path in tmp_path.iterdir():
        assert len(decode(path.read_bytes(), path.suffix[1:])[0]) > 5000
    assert done.stdout or list(tmp_path.iterdir())


def test_its_commands_work(environment: dict[str, str], tmp_path: Path) -> None:
    for command in commands("polyvox"):
        done = subprocess.run(
            command.replace("polyvox", f"{sys.executable} -m polyvox", 1),
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert len(decode((tmp_path / "phone.mp3").read_bytes(), "mp3")[0]) > 5000

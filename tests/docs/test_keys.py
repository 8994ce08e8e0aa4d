"""The page on keys tells the scope of every route, and its commands work."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from docs.http import openapi
from polyvox.api.permissions import LISTS, NODES, PUBLIC, needed
from polyvox.domain.account import SCOPES
from polyvox.services.keys import Keys
from polyvox.settings import known_keys
from tests.cli.test_cli import environment
from tests.server import served

__all__ = ["environment"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "keys.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORDS = {"any key": LISTS, "no key": PUBLIC}
ROUTES = [
    (method.upper(), path)
    for path, methods in openapi()["paths"].items()
    for method in methods
    if needed(method.upper(), path) != NODES
]


def rows() -> dict[str, list[tuple[str, str]]]:
    """What the table says that each scope opens: methods, "" for all of them, and paths."""
    table = TEXT.partition("| scope | opens |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| `?([\w ]+)`? \| (.*) \|$", table, re.MULTILINE)
    opens = r"`(?:([A-Z]+) )?(/[^`]*)`"
    return {WORDS.get(name, name): re.findall(opens, told) for name, told in found}


def fits(line: tuple[str, str], method: str, path: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(line[1]))
    return line[0] in ("", method) and bool(re.match(rf"{pattern}(/|$)", path))


def told(method: str, path: str) -> str:
    """The scope that a reader of the table would find."""
    fitting = [
        (len(line[1]), line[0] != "", scope)
        for scope, lines in rows().items()
        for line in lines
        if fits(line, method, path)
    ]
    return max(fitting)[2] if fitting else "admin"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_table_tells_the_scope_of_a_route(method: str, path: str) -> None:
    assert told(method, path) == needed(method, path)


def test_every_scope_is_in_the_table_with_routes_that_there_are() -> None:
    assert set(rows()) == {*SCOPES, LISTS, PUBLIC}
    for scope, lines in rows().items():
        for line in lines:
            assert any(fits(line, *route) and needed(*route) == scope for route in ROUTES), (
                f"{scope}: {line}"
            )


def test_what_the_page_says_beside_the_table_is_so() -> None:
    assert needed("GET", "/ws") == needed("GET", "/gradio/") == "speak"
    assert needed("GET", "/openapi.json") == needed("GET", "/docs") == PUBLIC
    for method, path in (
        ("POST", "/v1/audio/speech"),
        ("POST", "/v1/audio/voices"),
        ("GET", "/v1/models"),
    ):
        assert needed(method, f"/api{path}") == needed(method, path)
    for method, path in (("POST", "/generate"), ("GET", "/speakers"), ("DELETE", "/speakers")):
        assert needed(method, f"/api/v1{path}") == needed(method, path)
    believed = inspect.signature(Keys).parameters["believed_for"].default
    assert f"within {believed:.0f} seconds" in TEXT


def test_every_setting_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:access|server|cluster|rates)\.\w+)`", TEXT)
    named += [each.lower().replace("__", ".") for each in re.findall(r"POLYVOX_(\w+__\w+)", TEXT)]
    assert set(named) <= set(known_keys())
    assert len(set(named)) > 5


@pytest.mark.long
def test_its_commands_work(environment: dict[str, str], tmp_path: Path) -> None:
    kept = {"POLYVOX_STORAGE__FOLDER": str(tmp_path)}
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    made = ""
    for command in lines:
        if command.startswith("polyvox keys"):
            done = subprocess.run(
                command.replace("polyvox", f"{sys.executable} -m polyvox", 1),
                shell=True,
                cwd=tmp_path,
                env=environment | kept,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            made = made or done.stdout.strip()
    (asked,) = [command for command in lines if command.startswith("curl")]
    with served(tmp_path, POLYVOX_ACCESS__KEYS="on") as server:
        done = subprocess.run(
            asked.replace("http://127.0.0.1:8080", server.url).replace("curl", "curl -sf", 1),
            shell=True,
            env=environment | {"KEY": made},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        sent = {"Authorization": f"Bearer {made}"}
        keys = httpx.get(f"{server.url}/v1/keys", headers=sent).json()["keys"]
    assert [key["name"] for key in keys] == ["radio", "guest", "radio", "admin"]

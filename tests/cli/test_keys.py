"""Keys on the command line: made, listed, revoked; and shown to a gateway that asks for one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cli.test_cli import environment, polyvox
from tests.server import Server, served

pytestmark = pytest.mark.long

__all__ = ["environment"]

WRITTEN = r"pv_([a-z0-9]{12})_([A-Za-z0-9_-]{43})"
GATEWAY = {
    "POLYVOX_ACCESS__KEYS": "on",
    "POLYVOX_ACCESS__BOOTSTRAP": "true",
    "POLYVOX_CLUSTER__ENABLED": "true",
    "POLYVOX_ENGINES__ENABLED": "tone",
    "POLYVOX_SPEECH__MODEL": "tone",
}


@dataclass(frozen=True)
class Line:
    """The command line of somebody, who may know a key."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """What it says; on the error stream where it fails."""
        done = polyvox(self.environment | variables, self.folder, *arguments)
        assert done.returncode == code, done.stderr.decode()
        return (done.stderr if code else done.stdout).decode()

    def made(self, *options: str) -> str:
        return self("keys", "create", "--quiet", *options).strip()


@pytest.fixture
def line(environment: dict[str, str], tmp_path: Path) -> Line:
    return Line(environment | {"POLYVOX_STORAGE__FOLDER": str(tmp_path / "kept")}, tmp_path)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that asks for keys, has printed one, and knows a node."""
    with served(tmp_path_factory.mktemp("gateway"), **GATEWAY) as server:
        node = {"node_id": "n1", "url": "http://127.0.0.1:9", "engine_type": "tone"}
        httpx.post(f"{server.url}/api/nodes/register", json=node).raise_for_status()
        yield server


@pytest.fixture
def nodes(environment: dict[str, str], tmp_path: Path) -> Line:
    """Of somebody at another machine, who has neither the gateway's settings nor its database."""
    return Line(environment, tmp_path)


def key_of(gateway: Server) -> str:
    found = re.search(WRITTEN, gateway.log.read_text())
    assert found
    return found[0]


def id_of(written: str) -> str:
    found = re.fullmatch(WRITTEN, written)
    assert found
    return found[1]


def row(listed: str, id: str) -> str:
    return next(line for line in listed.splitlines() if id in line)


def test_a_key_is_printed_alone_where_a_program_reads_it(line: Line) -> None:
    said = line("keys", "create", "--name", "reader", "--quiet")
    assert re.fullmatch(rf"{WRITTEN}\n", said)


def test_a_key_stands_on_standard_output_and_what_is_said_of_it_does_not(line: Line) -> None:
    done = polyvox(line.environment, line.folder, "keys", "create", "--name", "reader")
    assert re.fullmatch(rf"{WRITTEN}\n", done.stdout.decode())
    said = done.stderr.decode()
    assert "for reader (speak), shown this once" in said
    assert id_of(done.stdout.decode().strip()) in said
    assert done.stdout.decode().strip() not in said


def test_a_list_tells_everything_of_a_key_but_its_secret(line: Line) -> None:
    written = line.made("--name", "app", "--scope", "jobs", "--scope", "speak")
    listed = line("keys", "list")
    assert re.search(r" app +speak, jobs +\d{4}-\d\d-\d\d +for good +never", listed)
    assert id_of(written) in listed
    assert written.rpartition("_")[2] not in listed


def test_the_database_holds_no_secret(line: Line, tmp_path: Path) -> None:
    written = line.made("--name", "app")
    id, secret = id_of(written), written[len("pv_") + 13 :]
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert id.encode() in kept
    assert secret.encode() not in kept
    assert written.encode() not in kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--name", "x", "--scope", "everything"), "There is no scope 'everything'. Known: speak,"),
        (("--name", " "), "A key has a name of 1 to 100 characters."),
        (("--name", "x" * 101), "A key has a name of 1 to 100 characters."),
        (("--name", "x", "--expires-in", "0"), "--expires-in takes more than 0"),
        (("--name", "x", "--expires-in", "nan"), "--expires-in takes more than 0"),
        (("--name", "x", "--expires-in", "1e9"), "up to 36500 days"),
    ],
)
def test_a_wrong_wish_makes_no_key(line: Line, options: tuple[str, ...], words: str) -> None:
    assert words in line("keys", "create", *options, code=2)
    assert "pv_" not in line("keys", "list")


def test_a_time_is_said_in_days_and_seen_in_the_list(line: Line) -> None:
    long, short = (line.made("--name", "guest", "--expires-in", days) for days in ("30", "1e-6"))
    time.sleep(0.1)
    listed = line("keys", "list")
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 30 * 86400))
    assert re.search(rf" {day} +never *$", row(listed, id_of(long)))
    assert re.search(r" over *$", row(listed, id_of(short)))


def test_a_revoked_key_stays_in_the_list_as_such(line: Line) -> None:
    first, second, third = (line.made("--name", name) for name in ("one", "two", "three"))
    said = line("keys", "revoke", id_of(first), id_of(second))
    assert said.splitlines() == [f"Revoked {id_of(key)}." for key in (first, second)]
    listed = line("keys", "list")
    assert [row(listed, id_of(key)).rstrip().endswith("revoked") for key in (first, second)]
    assert "revoked" not in row(listed, id_of(third))


def test_a_key_that_nobody_knows_is_not_revoked(line: Line) -> None:
    assert "There is no key 'zzz'." in line("keys", "revoke", "zzz", code=2)


def test_a_name_is_shown_as_it_was_given(line: Line) -> None:
    line.made("--name", "the [bold]loud[/] one [/]")
    assert "the [bold]loud[/] one [/]" in line("keys", "list")


def test_a_gateway_that_asks_for_a_key_is_shown_one(nodes: Line, gateway: Server) -> None:
    key = key_of(gateway)
    assert "n1" in nodes("nodes", "list", "--url", gateway.url, "--key", key)
    assert "n1" in nodes("nodes", "list", "--url", gateway.url, POLYVOX_KEY=f" {key}\n")
    assert "http://127.0.0.1:9" in nodes("nodes", "show", "n1", "--url", gateway.url, "--key", key)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "This needs a key"),
        (f"pv_{'a' * 12}_{'b' * 43}", "The key is unknown, revoked or over its time."),
        ("schlüssel", "That is no key"),
        ("two\nlines", "That is no key"),
    ],
)
def test_without_a_key_that_works_the_ways_to_give_one_are_told(
    nodes: Line, gateway: Server, key: str, words: str
) -> None:
    said = nodes("nodes", "list", "--url", gateway.url, POLYVOX_KEY=key, code=2)
    assert words in said
    assert "--key" in said
    assert "POLYVOX_KEY" in said


def test_a_key_that_may_look_only_commands_nothing(nodes: Line, gateway: Server) -> None:
    asked = {"name": "looks", "scopes": ["speak"]}
    admin = {"Authorization": f"Bearer {key_of(gateway)}"}
    made = httpx.post(f"{gateway.url}/v1/keys", json=asked, headers=admin).json()["key"]
    assert "n1" in nodes("nodes", "list", "--url", gateway.url, "--key", made)
    said = nodes("nodes", "standby", "n1", "--url", gateway.url, "--key", made, code=2)
    assert "it needs the scope 'admin'" in said


def test_the_variable_of_a_key_disturbs_no_other_command(line: Line) -> None:
    line("keys", "list", POLYVOX_KEY="pv_of_a_gateway")

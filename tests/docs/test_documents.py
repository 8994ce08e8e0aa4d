"""Documents are complete, current, and their commands work."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from docs.generate import FOLDER, errors_there_are, pages
from docs.http import ANY_RATE, HEADERS
from polyvox.audio.encode import FORMATS, output_rate
from polyvox.domain.errors import InvalidInput
from polyvox.settings import known_keys
from tests.server import Server
from tests.sounds import decode

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
PLACE = "http://127.0.0.1:8080"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert read(f"docs/reference/{name}") == pages()[name], "run `make docs`"


def test_every_setting_and_every_error_is_in_the_reference() -> None:
    settings, errors = read("docs/reference/settings.md"), read("docs/reference/errors.md")
    for key in known_keys():
        section, _, name = key.partition(".")
        assert f"POLYVOX_{section}__{name}".upper() in settings
    for kind in errors_there_are():
        assert f"| `{kind.code}` |" in errors


def test_nothing_in_the_reference_is_left_from_earlier() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pages())


def test_every_route_that_a_server_has_is_in_the_reference(client: httpx.Client) -> None:
    page = read("docs/reference/http.md")
    routes = client.get("/openapi.json").json()["paths"]
    assert len(routes) > 10
    for path, methods in routes.items():
        for method, operation in methods.items():
            assert f"\n## {method.upper()} {path}\n\n{operation['description']}" in page


def test_every_option_of_every_engine_is_in_the_reference(client: httpx.Client) -> None:
    page = read("docs/reference/engines.md")
    for engine in client.get("/v1/engines").json()["engines"]:
        described = page.partition(f"\n## {engine['name']}\n")[2].partition("\n## ")[0]
        for name, rule in engine["options"]["properties"].items():
            assert re.search(rf"\| `{name}` \|.*{re.escape(rule['description'])} \|", described)
        for speaker in engine["speakers"]:
            assert f"\n| {speaker['name']} | {speaker['gender']} |" in described


def test_every_command_and_option_that_help_names_is_in_the_reference() -> None:
    page = read("docs/reference/command-line.md")
    commands = dict(commands_with_options())
    assert re.findall(r"^## (polyvox [a-z ]+[a-z])", page, re.MULTILINE) == list(commands)
    for command, options in commands.items():
        described = page.partition(f"\n## {command}")[2].partition("\n## ")[0]
        for option in options - {"--help"}:
            assert f"`{option}`" in described, f"{command} {option}"


def commands_with_options(*command: str) -> Iterator[tuple[str, set[str]]]:
    """What can be run, as its help tells it."""
    done = subprocess.run(
        [sys.executable, "-m", "polyvox", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    options, _, below = done.stdout.partition("\nCommands:\n")
    for name in re.findall(r"^  ([a-z]+)  ", below, re.MULTILINE):
        yield from commands_with_options(*command, name)
    if not below:
        found = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", options, re.MULTILINE)
        yield " ".join(("polyvox", *command)), set(found)


def test_the_headers_of_speech_are_those_of_the_reference(client: httpx.Client) -> None:
    answer = client.post("/v1/audio/speech", json={"input": "Headers.", "stream": False})
    sent = {name.lower() for name in answer.headers if name.lower().startswith("x-")}
    assert sent == {name.lower() for name in HEADERS} - {"x-node-id"}  # no node speaks here


@pytest.mark.parametrize("name", ["flac", "wav"])
def test_formats_without_a_list_take_the_rates_of_the_reference(name: str) -> None:
    for rate in ANY_RATE:
        assert output_rate(FORMATS[name], rate) == rate
    for rate in (ANY_RATE[0] - 1, ANY_RATE[1] + 1):
        with pytest.raises(InvalidInput):
            output_rate(FORMATS[name], rate)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_other_server_and_no_folder_of_this_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"127.0.0.1", "HOST"}
    assert str(Path.home()) not in text
    assert str(ROOT) not in text


def test_the_readme_is_one_screen_and_draws_the_tree_as_it_is() -> None:
    text = read("README.md")
    assert text.count("\n") <= 70
    drawn = set(re.findall(r"^[├└]── ([\w.]+)/?  ", text, re.MULTILINE))
    source = ROOT / "src" / "polyvox"
    there = {
        path.name
        for path in source.iterdir()
        if not path.name.startswith("__") and (path.is_dir() or path.suffix == ".py")
    }
    assert drawn == there


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/start.md",
        "docs/how-to/long-texts.md",
        "docs/how-to/voices.md",
    ],
)
def test_its_requests_work_as_they_are_written(name: str, server: Server, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", read(name), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    commands = [line for line in lines if line.startswith("curl")]
    assert commands
    for command in commands:
        done = subprocess.run(
            command.replace(PLACE, server.url).replace("curl", "curl -sf", 1),
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, command
        output = re.search(r"-o (\S+)\.(\w+)", command)
        if output:
            data = (tmp_path / f"{output[1]}.{output[2]}").read_bytes()
            assert len(decode(data, output[2])[0]) > 5000
        else:
            assert done.stdout


def test_the_python_of_the_first_five_minutes_works(server: Server, tmp_path: Path) -> None:
    program = re.search(r"```python\n(.*?)```", read("docs/start.md"), re.DOTALL)
    assert program
    written = program[1].replace(PLACE, server.url)
    subprocess.run([sys.executable, "-c", written], cwd=tmp_path, check=True)
    assert len(decode((tmp_path / "hello.mp3").read_bytes(), "mp3")[0]) > 5000


def test_the_engine_of_the_how_to_works(tmp_path: Path) -> None:
    program = re.search(r"```python\n(.*?)```", read("docs/how-to/engine.md"), re.DOTALL)
    assert program
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "beep.py").write_text(program[1], encoding="utf-8")
    settings = {
        "POLYVOX_ENGINES__FOLDER": str(tmp_path / "engines"),
        "POLYVOX_ENGINES__ENABLED": "espeak,beep",
    }
    for command in (
        ("engines", "check", "beep"),
        ("speak", "one two three", "-m", "beep", "-o", "beeps.wav"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "polyvox", *command],
            cwd=tmp_path,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    heard, rate = decode((tmp_path / "beeps.wav").read_bytes(), "wav")
    assert len(heard) / rate == pytest.approx(0.6, abs=0.15)

"""Documents are complete, current, and their commands work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import pages
from polyvox.domain.errors import every_error
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
    for kind in every_error()[1:]:
        assert f"| `{kind.code}` |" in errors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_registry_or_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for word in ("pypi.org", "files.pythonhosted", "npmjs", "index-url", "/root/", "/home/"):
        assert word not in text


def test_the_readme_is_one_screen_and_draws_the_tree_as_it_is() -> None:
    text = read("README.md")
    assert text.count("\n") <= 75
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

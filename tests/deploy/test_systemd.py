"""The units are read by systemd itself, without a word of complaint, and are shut off from the rest
of the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.deploy

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
NAMES = ("polyvox-gateway.service", "polyvox-jobs.service", "polyvox-worker@xtts.service")
EXPOSED = 2.0
"""Of 10, by systemd's own count; a unit without hardening has 9.6."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with systemd's units, these, and a program where they look for it."""
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    ours = tmp_path / "etc/systemd/system"
    shutil.copytree(UNITS, ours)
    program = tmp_path / "opt/polyvox/bin/polyvox"
    program.parent.mkdir(parents=True)
    shutil.copy(shutil.which("true") or "", program)
    return tmp_path


def analyze(root: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *arguments, f"--root={root}", "--no-pager"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_nothing_amiss(root: Path, name: str) -> None:
    assert analyze(root, "verify", "--man=no", name) == (0, "")


def test_systemd_would_find_what_is_amiss(root: Path) -> None:
    unit = root / "etc/systemd/system/polyvox-jobs.service"
    unit.write_text(unit.read_text().replace("PrivateDevices=yes", "PrivateDevice=yes"))
    _, said = analyze(root, "verify", "--man=no", unit.name)
    assert "Unknown key 'PrivateDevice'" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_is_shut_off(root: Path, name: str) -> None:
    _, said = analyze(root, "security", "--offline=true", name)
    level = re.search(r"exposure level for \S+ ([\d.]+)", said)
    assert level, said
    assert float(level[1]) < EXPOSED

"""The image is built by buildah, from a Debian that debootstrap made, and its processes run.

Docker's `python:3.11-slim` needs a registry of images, which these tests do without.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sounds import decode

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).parents[2]
BASE, IMAGE = "polyvox-test-base", "polyvox-test"
MIRROR = "http://deb.debian.org/debian"
HERS = [path for path in ("/etc/pip.conf", "/etc/ssl/certs") if Path(path).exists()]
"""How this machine reaches its package index, for the steps of the build."""


def run(*command: str, seconds: float = 120, **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **more)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return str(done.stdout).strip()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the image, built anew."""
    debian = tmp_path_factory.mktemp("debian") / "root"
    packages = "python3,python3-venv,ca-certificates"
    make = ("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm")
    run(*make, str(debian), MIRROR, seconds=600)
    empty = run("buildah", "from", "scratch")
    run("buildah", "add", "--quiet", empty, str(debian), "/", seconds=300)
    run("buildah", "commit", "--quiet", "--rm", empty, BASE, seconds=300)
    build = ["buildah", "bud", "--isolation=chroot", "--network=host", "--format=docker"]
    build += [f"--volume={path}:{path}:ro" for path in HERS]
    build += [f"--build-arg=BASE=localhost/{BASE}", "--file=deploy/docker/Dockerfile"]
    run(*build, f"--tag={IMAGE}", ".", cwd=ROOT, seconds=600)
    name = run("buildah", "from", f"localhost/{IMAGE}")
    yield name
    run("buildah", "rm", name)
    run("buildah", "rmi", "--force", IMAGE, BASE)


def settings(container: str) -> dict[str, Any]:
    return json.loads(run("buildah", "inspect", container))["Docker"]["config"]  # type: ignore[no-any-return]


def inside(container: str, *command: str, **variables: str) -> list[str]:
    """A command line that runs another as the image's user."""
    given = [f"--env={name}={value}" for name, value in variables.items()]
    return ["buildah", "run", "--isolation=chroot", *given, container, "--", *command]


def polyvox(container: str, *arguments: str, **variables: str) -> list[str]:
    return inside(container, *settings(container)["Entrypoint"], *arguments, **variables)


@pytest.fixture
def port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def test_it_speaks(container: str) -> None:
    run(*polyvox(container, "speak", "It works.", "-o", "/tmp/hello.wav"))
    mounted = run("buildah", "mount", container)
    sound, rate = decode((Path(mounted) / "tmp" / "hello.wav").read_bytes(), "wav")
    assert 0.3 < len(sound) / rate < 3


def test_the_doctor_finds_nothing_broken(container: str) -> None:
    assert "BROKEN" not in run(*polyvox(container, "doctor"))


def test_nobody_in_it_is_root_and_only_one_folder_can_be_written(container: str) -> None:
    assert settings(container)["User"] == "10001:10001"
    assert run(*inside(container, "id", "--user")) == "10001"
    assert run(*inside(container, "sh", "-c", "touch ~/there && echo ~")) == "/var/lib/polyvox"
    refused = subprocess.run(
        inside(container, "touch", "/opt/polyvox/there"), capture_output=True, check=False
    )
    assert refused.returncode


def test_its_layers_hold_neither_the_source_nor_the_build(container: str) -> None:
    mounted = Path(run("buildah", "mount", container))
    for name in ("source", "wheel", "root/.cache/pip"):
        assert not (mounted / name).exists()


def test_what_it_starts_by_itself_serves_whoever_has_the_key_that_it_prints(
    container: str, port: str, tmp_path: Path
) -> None:
    check = settings(container)["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    sick = subprocess.run(
        inside(container, *check[1:], POLYVOX_SERVER__PORT=port), capture_output=True, check=False
    )
    assert sick.returncode == 1
    command = polyvox(container, *settings(container)["Cmd"], POLYVOX_SERVER__PORT=port)
    log = tmp_path / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(command, start_new_session=True, stdout=written, stderr=written)
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while not answers(f"{address}/health/ready"):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
        run(*inside(container, *check[1:], POLYVOX_SERVER__PORT=port))
        asked = {"model": "espeak", "input": "It works.", "voice": "nova"}
        speech = f"{address}/v1/audio/speech"
        assert httpx.post(speech, json=asked, timeout=30).status_code == 401
        key = re.findall(r"^  (pv_\S+)$", log.read_text(), re.MULTILINE)
        sent = {"Authorization": f"Bearer {key[0]}"}
        said = httpx.post(speech, json=asked, headers=sent, timeout=30)
        assert said.status_code == 200, said.text
        assert len(said.content) > 1000
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == 200
    except httpx.TransportError:
        return False

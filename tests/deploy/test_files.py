"""What the files of deploy/ name exists: settings, commands, options, images, other files."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyvox.settings import known_keys

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
TEXTS = {str(path.relative_to(DEPLOY)): path.read_text(encoding="utf-8") for path in FILES}
PAGES = ("deploy", "small-cloud", "gpu-machine")


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def commands() -> set[tuple[str, ...]]:
    """Everything that the files make the program do, option by option."""
    composed = yaml.safe_load(TEXTS["compose.yaml"])["services"].values()
    found = [service["command"] for service in composed if "polyvox" in service["image"]]
    for manifest in manifests():
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        found += [each["args"] for each in pod.get("containers", [])]
    for name, text in TEXTS.items():
        if name.endswith(".service"):
            line = re.search(r"^ExecStart=\S+ ((?:.*\\\n)*.*)$", text, re.MULTILINE)
            assert line, name
            found.append(shlex.split(line[1].replace("\\\n", " ")))
    return {tuple(map(str, each)) for each in found}


def test_every_variable_that_they_set_is_a_setting() -> None:
    known = {f"POLYVOX_{key.replace('.', '__')}".upper() for key in known_keys()}
    pages = [DEPLOY.parent / "docs" / "how-to" / f"{name}.md" for name in PAGES]
    texts = TEXTS | {path.name: path.read_text(encoding="utf-8") for path in pages}
    for name, text in texts.items():
        for variable in re.findall(r"\bPOLYVOX_[A-Z0-9]+__[A-Z0-9_]+", text):
            assert variable in known, f"{name} sets {variable}"


@pytest.mark.parametrize("command", sorted(commands()), ids=" ".join)
def test_every_command_that_they_run_exists(command: tuple[str, ...]) -> None:
    words = [word for word in command if re.fullmatch("[a-z]+", word)]
    named = words[:2] if words[0] == "jobs" else words[:1]
    done = subprocess.run(
        [sys.executable, "-m", "polyvox", *named, "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for option in re.findall(r"--[a-z-]+", " ".join(command)):
        assert re.search(rf"{option}\b", done.stdout), f"{named} has no {option}"


def test_nothing_in_them_lets_everybody_in() -> None:
    for name, text in TEXTS.items():
        assert "--insecure" not in text, name
        assert not re.search(r"POLYVOX_ACCESS__(KEYS\W+off|OPEN_LISTS\W+true)", text), name


def test_a_proxy_before_the_unit_lets_nobody_past_the_keys() -> None:
    """It listens on this machine alone, which by itself would mean that no key is asked for."""
    assert "HOST=127.0.0.1" in TEXTS["systemd/polyvox-gateway.service"]
    assert "\nPOLYVOX_ACCESS__KEYS=on\n" in TEXTS["systemd/polyvox.env"]


def test_whoever_first_starts_can_find_a_key() -> None:
    made = r"POLYVOX_ACCESS__BOOTSTRAP\W+true|polyvox keys create --name \w+ --scope admin"
    for name in ("docker/Dockerfile", "compose.yaml", "systemd/polyvox.env"):
        assert re.search(made, TEXTS[name]), name
    assert re.search(made, TEXTS["kubernetes/kustomization.yaml"])


def test_no_secret_stands_in_them() -> None:
    secret = re.compile(r"^[\s#]*(\w*(?:TOKEN|SECRET_KEY|ACCESS_KEY|PASSWORD))\W*[:=] *(.+)$", re.M)
    for name, text in TEXTS.items():
        for variable, value in secret.findall(text):
            given = value.strip("\"'")
            assert given.startswith(("change-me", "${")), f"{name}: {variable} is {value}"


def test_an_image_of_the_manifests_is_one_that_is_built_here() -> None:
    built = set(re.findall(r"docker build .* -t (\S+) \.", "\n".join(TEXTS.values())))
    assert built == {"polyvox", "polyvox-xtts"}
    for manifest in manifests():
        pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*pod.get("containers", []), *pod.get("initContainers", [])]:
            assert container["image"] in built


def test_whoever_speaks_may_finish_before_it_is_killed() -> None:
    """A worker that is stopped drains for up to two minutes."""
    for service in yaml.safe_load(TEXTS["compose.yaml"])["services"].values():
        if "polyvox" in service["image"]:
            assert service["stop_grace_period"] == "150s"
    pods = [each["spec"]["template"]["spec"] for each in manifests() if "replicas" in str(each)]
    assert [pod["terminationGracePeriodSeconds"] for pod in pods if pod] == [150] * 4
    assert "TimeoutStopSec=150" in TEXTS["systemd/polyvox-.service.d/hardened.conf"]

"""A real browser on a real server's pages; whatever a page complains of fails its test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.server import Server, served

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_REFUSED = "Failed to load resource"
"""How the browser itself logs an answer that is an error; tests ask for some."""


@dataclass(frozen=True)
class Guarded:
    """A gateway that asks for keys."""

    url: str
    folder: Path

    def key(self, name: str, *scopes: str) -> str:
        return key_in(self.folder, name, *scopes)


def key_in(folder: Path, name: str, *scopes: str) -> str:
    """A key of the server that keeps its things there, made on the command line."""
    chosen = [word for scope in scopes for word in ("--scope", scope)]
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    made = subprocess.run(
        [sys.executable, "-m", "polyvox", "keys", "create", "--name", name, "--quiet", *chosen],
        env=given,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    key_in(folder, "first", "admin")
    settings = {
        "POLYVOX_ACCESS__KEYS": "on",
        "POLYVOX_CLUSTER__ENABLED": "true",
        "POLYVOX_ENGINES__ENABLED": "espeak,tone",
    }
    with served(folder, **settings) as running:
        yield Guarded(running.url, folder)


@pytest.fixture(scope="session")
def admin(guarded: Guarded) -> str:
    return guarded.key("Ada Admin", "admin")


@pytest.fixture(scope="session")
def speaker(guarded: Guarded) -> str:
    return guarded.key("Sam Speaker", "speak")


@pytest.fixture(scope="session")
def browser(recording: Path) -> Iterator[Browser]:
    """Chromium of the system, else the one that Playwright has installed; its microphone hears
    the recording, again and again."""
    arguments = (*_ARGUMENTS, f"--use-file-for-fake-audio-capture={recording}")
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        with playwright.chromium.launch(executable_path=found, args=arguments) as chromium:
            yield chromium


@pytest.fixture
def site(server: Server) -> str:
    """The address of the pages."""
    return server.url


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own, made with the options given."""
    problems: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(script: str = "", path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_init_script(script)
        page = context.new_page()
        _watch(page, site, problems)
        page.goto(f"{site}{path}")
        expect(page.locator("#version")).not_to_be_empty()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def inside(visit: Callable[..., Page], site: str) -> Callable[..., Page]:
    """Opens a page in a browser that has signed in with a key; its site is the guarded one."""

    def opened(key: str, path: str = "/", **options: Any) -> Page:
        signed = httpx.post(f"{site}/session", json={"key": key})
        assert signed.status_code == 200, signed.text
        page = visit(path="/sign-in", **options)
        for each in signed.cookies.jar:
            page.context.add_cookies([{"name": each.name, "value": each.value or "", "url": site}])
        page.goto(f"{site}{path}")
        return page

    return opened


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


@pytest.fixture
def name() -> str:
    """Of a voice that no other test makes."""
    return f"Ada {uuid.uuid4().hex[:8]}"


def _watch(page: Page, origin: str, problems: list[str]) -> None:
    """Note errors, warnings, and requests to anywhere but the origin."""

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_REFUSED):
            problems.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "blob:", "data:")):
            problems.append(f"The page asked for {request.url}")

    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", said)
    page.on("request", asked)

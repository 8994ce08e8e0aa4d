"""A real browser on a real server's pages; whatever a page complains of fails its test."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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

from tests.server import Server

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

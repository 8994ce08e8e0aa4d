"""The page of a gateway without nodes: the command that it shows starts one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.pages.ways import CONTRASTS, WITHIN, nameless, reachable_by_keys

pytestmark = pytest.mark.browser
MOST = 60
"""Requests a minute of one address."""
SILENT = "window.WebSocket = class extends EventTarget {};"
"""A socket that never opens, as behind some proxies."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    machines = Machines(tmp_path)
    yield machines.gateway(POLYVOX_RATES__PER_ADDRESS=str(MOST))
    machines.end()


@pytest.fixture
def site(gateway: Gateway) -> str:
    return gateway.url


def test_the_command_that_is_shown_starts_the_first_node(
    visit: Callable[..., Page], gateway: Gateway, tmp_path: Path
) -> None:
    page = visit(path="/nodes")
    expect(page.get_by_role("heading", name="No node yet")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)
    command = page.get_by_label("Command that starts a worker").inner_text()
    assert gateway.url in command
    here = tmp_path / "worker"
    here.mkdir()
    words = [sys.executable, "-m", *shlex.split(command), "--port", "0"]
    homes = {"POLYVOX_STORAGE__FOLDER": str(here), "XDG_CONFIG_HOME": str(here)}
    worker = Program(words, homes, here, gateway.url)
    try:
        expect(page.locator("#nodes > tr").filter(has_text="espeak")).to_be_visible(timeout=WITHIN)
        expect(page.locator("#none")).to_be_hidden()
        expect(page.locator("#nodes .state")).to_have_text("Ready", timeout=WITHIN)
    finally:
        worker.end()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_a_phone_and_reached_by_keys(
    visit: Callable[..., Page], scheme: str
) -> None:
    page = visit(path="/nodes", color_scheme=scheme, viewport={"width": 320, "height": 740})
    expect(page.get_by_role("heading", name="No node yet")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert {name: each for name, each in page.evaluate(CONTRASTS).items() if each < 4.5} == {}
    assert nameless(page) == []
    reachable_by_keys(page)


def test_a_page_that_may_not_ask_any_more_says_so_in_the_words_of_the_server(
    visit: Callable[..., Page], gateway: Gateway
) -> None:
    page = visit(SILENT, path="/nodes")
    expect(page.get_by_role("heading", name="No node yet")).to_be_visible()
    while (answer := httpx.get(f"{gateway.url}/api/nodes")).status_code == 200:
        pass
    assert answer.status_code == 429
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Try again in", timeout=WITHIN)

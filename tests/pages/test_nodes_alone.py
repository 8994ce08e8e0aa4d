"""The page of nodes on a server that speaks by itself: it says so, and how to start a gateway."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import CONTRASTS, nameless, reachable_by_keys

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_says_that_there_are_no_nodes_and_how_to_get_them(
    visit: Callable[..., Page], site: str, scheme: str
) -> None:
    page = visit(path="/nodes", color_scheme=scheme, viewport={"width": 320, "height": 740})
    expect(page.get_by_role("heading", name="This server speaks by itself")).to_be_visible()
    expect(page.get_by_label("Command that starts a gateway")).to_have_text("polyvox gateway")
    expect(page.get_by_label("Command that starts a worker")).to_contain_text(f"--gateway {site}")
    expect(page.get_by_role("table")).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert {name: each for name, each in page.evaluate(CONTRASTS).items() if each < 4.5} == {}
    assert nameless(page) == []
    reachable_by_keys(page)


def test_it_asks_for_no_nodes(visit: Callable[..., Page]) -> None:
    page = visit(path="/nodes")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.reload()
    expect(page.locator("#version")).not_to_be_empty()
    assert [url for url in asked if "/api/" in url or url.endswith("/ws")] == []

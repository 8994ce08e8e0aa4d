"""What holds on every page: the way to the others, keys, names, small and dark screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import CONTRASTS, WITHIN, nameless, reachable_by_keys
from tests.server import Server

pytestmark = pytest.mark.browser

_PAGES = {
    "Speak": "/",
    "Clone": "/clone",
    "Design": "/design",
    "Voices": "/voices",
    "Generate": "/generate",
    "History": "/history",
    "Nodes": "/nodes",
    "Settings": "/settings",
}
_MADE = ("/clone", "/design", "/voices", "/generate", "/history", "/settings")
_HTML = {"Accept": "text/html"}


@pytest.fixture
def shown(
    visit: Callable[..., Page], client: httpx.Client, recording: Path, name: str
) -> Callable[..., Page]:
    """Opens a page and brings about everything that it can show."""
    long = f"{name} {'w' * 60}"
    design = {"name": long, "description": "low and what not", "engine": "tone"}

    def cloned(page: Page) -> None:
        page.get_by_label("Choose a file").set_input_files(recording)
        expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)
        page.get_by_text("More about the recording").click()
        page.get_by_label("Name", exact=True).fill(long)
        page.get_by_label("I have the speaker's permission").check()
        page.get_by_role("button", name="Clone the voice").click()
        expect(page.locator("#made > li")).to_be_visible(timeout=WITHIN)
        page.get_by_label("Choose a file").set_input_files(recording)
        expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)

    def designed(page: Page) -> None:
        page.get_by_role("textbox", name="Description").fill("an old man, deep and purple")
        expect(page.locator("#understood dd").first).to_be_visible()
        page.get_by_role("button", name="Hear").click()
        expect(page.locator("#clip")).to_be_visible()
        with page.expect_response("**/design/preview"):
            page.get_by_role("slider", name="Pitch").fill("100")
        page.get_by_label("Name", exact=True).fill(long)
        page.get_by_role("button", name="Keep this voice").click()
        expect(page.get_by_role("status")).to_contain_text("is made")

    def listed(page: Page) -> None:
        client.post("/v1/voices/design", json=design)
        page.get_by_label("Search").fill(name)
        card = page.get_by_role("listitem", name=long)
        card.get_by_text("Made of").click()
        page.get_by_label(f"Blend {long}").check()
        card.get_by_role("button", name="Hear").click()
        expect(page.get_by_role("status")).to_contain_text("speaks")
        card.get_by_role("button", name="Rename").click()

    def generated(page: Page) -> None:
        page.get_by_label("Text").fill("w" * 300)
        page.get_by_role("button", name="Generate").click()
        expect(page.get_by_role("status")).to_contain_text("seconds", timeout=WITHIN)

    def narrated(page: Page) -> None:
        page.get_by_label("Voice").select_option("tone.low")
        page.get_by_label("Text", exact=True).fill(f"{long} {'w' * 150}")
        page.get_by_role("button", name="Narrate").click()
        card = page.get_by_role("listitem", name=name)
        for opening in ("Play", "Download", "Segments"):
            card.get_by_role("button", name=opening).click(timeout=WITHIN)
        expect(page.get_by_role("status")).to_contain_text("seconds", timeout=WITHIN)
        asked = {"text": "It fails.", "model": "tone", "options": {"fail_after": 0.1}}
        client.post("/v1/jobs", json=asked)
        failed = page.get_by_role("listitem", name="It fails.").first
        failed.get_by_role("button", name="Delete").click(timeout=WITHIN)

    def profiled(page: Page) -> None:
        client.post("/v1/profiles", json={"engine": "tone", "name": long, "description": long})
        page.get_by_label("Engine").select_option("tone")
        card = page.get_by_role("listitem", name=long)
        card.get_by_role("button", name="Hear").click()
        expect(page.get_by_role("status")).to_contain_text("This is")
        card.get_by_role("button", name="Change").click()
        page.get_by_label("Level").fill("7")
        page.get_by_role("button", name="Keep changes").click()
        expect(page.locator("#options-level-problem")).to_be_visible()
        card.get_by_role("button", name="Delete").click()

    everything = {
        "/clone": cloned,
        "/design": designed,
        "/voices": listed,
        "/generate": generated,
        "/history": narrated,
        "/settings": profiled,
    }

    def opened(path: str, **options: object) -> Page:
        page = visit(path=path, reduced_motion="reduce", **options)
        everything[path](page)
        page.evaluate(
            """async () => {
                const { complain } = await import("/static/telling.js");
                complain(new Error("Something is wrong here, and this is what you can do."));
            }"""
        )
        return page

    return opened


@pytest.mark.parametrize("path", _PAGES.values())
def test_every_page_leads_to_the_others_and_says_which_it_is(
    visit: Callable[..., Page], path: str
) -> None:
    page = visit(path=path)
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(links).to_have_text([*_PAGES, "API"])
    addresses = links.evaluate_all("(all) => all.map((each) => each.getAttribute('href'))")
    assert addresses == [*_PAGES.values(), "/docs"]
    current = page.locator("nav [aria-current=page]")
    expect(current).to_have_count(1)
    expect(current).to_have_attribute("href", path)


@pytest.mark.parametrize("path", [*_PAGES.values(), "/docs"])
def test_every_address_of_the_header_is_there(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}{path}", headers=_HTML).status_code == 200


@pytest.mark.parametrize("path", _PAGES.values())
def test_a_page_allows_itself_nothing_from_elsewhere(server: Server, path: str) -> None:
    page = httpx.get(f"{server.url}{path}", headers=_HTML)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for word in ("http:", "https:", "<style", "style=", "onclick"):
        assert word not in page.text


@pytest.mark.parametrize("path", _MADE)
@pytest.mark.parametrize("width", [320, 768])
def test_nothing_is_wider_than_the_screen(
    shown: Callable[..., Page], path: str, width: int
) -> None:
    page = shown(path, viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.locator("main button, main label, main h2").evaluate_all(
        """(all) => all.filter((each) => each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.outerHTML)"""
    )
    assert cut == []


@pytest.mark.parametrize("path", _MADE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(shown: Callable[..., Page], path: str, scheme: str) -> None:
    page = shown(path, color_scheme=scheme)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 15
    assert {name: each for name, each in contrasts.items() if each < 4.5} == {}
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 26)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("path", _MADE)
def test_keys_reach_every_control_and_each_has_a_name(
    shown: Callable[..., Page], path: str
) -> None:
    page = shown(path)
    assert nameless(page) == []
    reachable_by_keys(page)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#status")).to_have_role("status")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


@pytest.mark.parametrize("path", _MADE)
def test_a_lost_server_is_told(visit: Callable[..., Page], path: str, recording: Path) -> None:
    page = visit(path=path)
    page.context.set_offline(True)
    if path == "/clone":
        page.get_by_label("Choose a file").set_input_files(recording)
    elif path == "/design":
        page.get_by_role("textbox", name="Description").fill("low")
    elif path == "/voices":
        page.get_by_label("Search").fill("low")
    elif path == "/history":
        page.get_by_label("Show").select_option("failed")
    elif path == "/settings":
        page.get_by_label("Engine").select_option("tone")
    else:
        page.get_by_label("Text").fill("low")
        page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_have_text("The server cannot be reached.")

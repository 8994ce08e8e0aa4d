"""The page for everyone: keyboards, screen readers, small and dark screens, no network."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import CONTRASTS, nameless, reachable_by_keys, speak, state
from tests.server import Server

pytestmark = pytest.mark.browser


def _everything_shown(page: Page) -> None:
    page.get_by_text("Options of the engine").click()
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_role("button", name="Speak").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.locator("#more").evaluate("(details) => { details.open = true }")
    reachable_by_keys(page)


def test_text_is_written_spoken_and_played_again_by_keys(page: Page) -> None:
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Keys only.")
    expect(page.locator("#count")).to_have_text("10 of 4,096 characters")
    page.keyboard.press("Control+Enter")
    state(page, "playing")
    state(page, "ended")
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    state(page, "playing")
    state(page, "ended")


def test_every_control_has_a_name(page: Page) -> None:
    page.get_by_text("Options of the engine").click()
    assert nameless(page) == []


def test_what_happens_is_announced_and_nothing_that_ticks(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_id("status")
    expect(page.locator("#problem")).to_have_role("alert")
    expect(page.locator("#wave")).to_have_role("slider")


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_nothing_is_wider_than_the_screen(visit: Callable[..., Page], width: int) -> None:
    page = visit(viewport={"width": width, "height": 740})
    speak(page, "w" * 300)
    state(page, "playing")
    _everything_shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.locator("main button, main label").evaluate_all(
        "(all) => all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((e) => e.id)"
    )
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(visit: Callable[..., Page], scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    _everything_shown(page)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 25
    assert {name: each for name, each in contrasts.items() if each < 4.5} == {}
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 26)"
    assert dark == (scheme == "dark")


def test_a_change_of_light_redraws_the_waveform(page: Page) -> None:
    speak(page, "Colours.")
    state(page, "ended")
    drawn = "document.querySelector('#wave').toDataURL()"
    light = page.evaluate(drawn)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.evaluate(drawn) != light


def test_the_waveform_is_as_fine_as_the_screen(visit: Callable[..., Page]) -> None:
    page = visit(device_scale_factor=2)
    assert page.locator("#wave").evaluate("(wave) => wave.width / wave.clientWidth") == 2


def test_motion_is_left_out_where_it_is_not_wanted(visit: Callable[..., Page]) -> None:
    page = visit(reduced_motion="reduce")
    transition = "(button) => getComputedStyle(button).transitionDuration"
    assert page.locator("#speak").evaluate(transition) == "0s"


def test_the_page_allows_itself_nothing_from_elsewhere(server: Server) -> None:
    page = httpx.get(server.url)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["Content-Type"].startswith("text/html")
    assert "http:" not in page.text
    assert "https:" not in page.text

"""Pages of a server that asks for keys: signing in, going on, signing out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.conftest import Guarded, key_in
from tests.pages.ways import CONTRASTS, WITHIN, nameless, reachable_by_keys
from tests.server import Server, served

pytestmark = pytest.mark.browser

_PAGES = (
    "/",
    "/clone",
    "/design",
    "/voices",
    "/generate",
    "/history",
    "/nodes",
    "/settings",
    "/sign-in",
)
_WRONG = "pv_aaaaaaaaaaaa_" + "x" * 43
_UNKNOWN = "The key is unknown, revoked or over its time."


@pytest.fixture
def site(guarded: Guarded) -> str:
    return guarded.url


def field(page: Page) -> Locator:
    return page.get_by_label("Key", exact=True)


def sign_in(page: Page, key: str) -> None:
    field(page).fill(key)
    page.get_by_role("button", name="Sign in").click()


def at(page: Page, site: str, path: str) -> None:
    expect(page).to_have_url(f"{site}{path}", timeout=WITHIN)


def test_whoever_has_no_key_is_led_to_sign_in_and_back_to_the_page_they_wanted(
    visit: Callable[..., Page], site: str, admin: str
) -> None:
    page = visit(path="/voices?search=low")
    at(page, site, f"/sign-in?next={quote('/voices?search=low', safe='')}")
    expect(field(page)).to_be_focused()
    sign_in(page, admin)
    at(page, site, "/voices?search=low")
    expect(page.locator("#account")).to_contain_text("Ada Admin")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/clone", "/design", "/history", "/nodes", "/settings"])
def test_every_page_that_needs_a_key_leads_to_where_one_signs_in(
    visit: Callable[..., Page], site: str, path: str
) -> None:
    page = visit(path=path)
    at(page, site, f"/sign-in?next={quote(path, safe='')}")


def test_a_wrong_key_is_told_and_the_field_is_kept_for_another_try(
    visit: Callable[..., Page], site: str, admin: str
) -> None:
    page = visit(path="/sign-in")
    for wrong in ("hello", _WRONG, f"{admin[:-1]}{'a' if admin[-1] != 'a' else 'b'}"):
        sign_in(page, wrong)
        expect(page.get_by_role("alert")).to_have_text(_UNKNOWN)
        expect(field(page)).to_be_focused()
        at(page, site, "/sign-in")
    field(page).fill(" ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Write your key.")
    sign_in(page, f" {admin} ")
    at(page, site, "/")


def test_whoever_tries_too_often_is_told_when_to_try_again(
    browser: Browser, tmp_path: Path
) -> None:
    key_in(tmp_path, "first", "admin")
    most = {"POLYVOX_ACCESS__KEYS": "on", "POLYVOX_RATES__PER_ADDRESS": "60"}
    with served(tmp_path, **most) as strict, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{strict.url}/sign-in")
        expect(page.locator("#version")).not_to_be_empty()
        tries = (httpx.post(f"{strict.url}/session", json={"key": _WRONG}) for _ in range(100))
        assert any(each.status_code == 429 for each in tries)
        sign_in(page, _WRONG)
        expect(page.get_by_role("alert")).to_contain_text("Try again in")


def test_a_revoked_key_opens_nothing_any_more_and_leads_out(
    inside: Callable[..., Page], guarded: Guarded, site: str, admin: str
) -> None:
    key = guarded.key("Gone", "jobs", "speak")
    page = inside(key, "/history")
    expect(page.locator("#version")).not_to_be_empty()
    revoked = httpx.delete(
        f"{site}/v1/keys/{key.split('_')[1]}", headers={"Authorization": f"Bearer {admin}"}
    )
    assert revoked.status_code == 204
    at(page, site, "/sign-in?next=%2Fhistory")
    sign_in(page, key)
    expect(page.get_by_role("alert")).to_have_text(_UNKNOWN)


def test_what_was_written_before_one_was_led_away_is_still_there_by_going_back(
    inside: Callable[..., Page], site: str, speaker: str
) -> None:
    page = inside(speaker, "/generate")
    expect(page.locator("#version")).not_to_be_empty()
    page.get_by_label("Text").fill("Words that took long to find.")
    page.context.clear_cookies()
    page.get_by_role("button", name="Generate").click()
    at(page, site, "/sign-in?next=%2Fgenerate")
    sign_in(page, speaker)
    at(page, site, "/generate")
    expect(page.locator("#version")).not_to_be_empty()
    page.go_back()
    expect(page.get_by_label("Text")).to_have_value("Words that took long to find.")
    at(page, site, "/generate")


def test_the_key_is_hidden_until_it_is_asked_for(visit: Callable[..., Page]) -> None:
    page = visit(path="/sign-in")
    expect(field(page)).to_have_attribute("type", "password")
    expect(field(page)).to_have_attribute("autocomplete", "current-password")
    show = page.get_by_role("button", name="Show")
    show.click()
    expect(field(page)).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    show.click()
    expect(field(page)).to_have_attribute("type", "password")


@pytest.mark.parametrize(
    "next_page",
    [
        "//elsewhere.example/",
        "https://elsewhere.example/",
        "/\\elsewhere.example/",
        "\\/elsewhere.example/",
        "/\t/elsewhere.example/",
        "javascript:document.body.remove()",
        "elsewhere.example",
        "/sign-in?next=/sign-in",
        "//[",
    ],
)
def test_what_comes_next_is_never_another_site(
    visit: Callable[..., Page], site: str, speaker: str, next_page: str
) -> None:
    page = visit(path=f"/sign-in?next={quote(next_page, safe='')}")
    sign_in(page, speaker)
    at(page, site, "/")


def test_a_path_that_hides_a_host_stays_on_this_site(
    visit: Callable[..., Page], site: str, speaker: str
) -> None:
    page = visit(path=f"/sign-in?next={quote('/.//elsewhere.example/', safe='')}")
    sign_in(page, speaker)
    at(page, site, "//elsewhere.example/")


def test_whoever_is_signed_in_is_told_as_whom_and_can_go_on_or_out(
    inside: Callable[..., Page], site: str, speaker: str
) -> None:
    page = inside(speaker, "/sign-in?next=/generate")
    told = page.get_by_text("You are signed in as Sam Speaker. This key is good for: speak.")
    expect(told).to_be_visible()
    expect(field(page)).to_be_hidden()
    expect(page.get_by_role("link", name="Go on")).to_have_attribute("href", f"{site}/generate")
    page.get_by_role("button", name="Sign out").click()
    expect(field(page)).to_be_focused()
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_says_who_is_signed_in_and_lets_them_out(
    inside: Callable[..., Page], site: str, admin: str, width: int
) -> None:
    page = inside(admin, viewport={"width": width, "height": 740})
    for path in _PAGES[:-1]:
        page.goto(f"{site}{path}")
        expect(page.get_by_role("group", name="Your key")).to_contain_text("Ada Admin")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Sign out").click()
    at(page, site, "/sign-in")
    page.goto(f"{site}/history")
    at(page, site, "/sign-in?next=%2Fhistory")


@pytest.mark.parametrize("path", _PAGES)
def test_every_page_works_for_an_admin(
    inside: Callable[..., Page], site: str, admin: str, path: str
) -> None:
    page = inside(admin)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{site}{path}")
    expect(page.locator("#version")).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#problem")).to_be_hidden()
    at(page, site, path)
    assert complaints == []


def test_speech_is_heard_with_a_key_for_it(inside: Callable[..., Page], speaker: str) -> None:
    page = inside(speaker)
    page.get_by_label("Text", exact=True).fill("With a key.")
    page.get_by_role("button", name="Speak").click()
    expect(page.locator("#stage")).to_have_attribute("data-state", "ended", timeout=WITHIN)


def test_an_open_server_asks_nobody_to_sign_in(browser: Browser, server: Server) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url}/sign-in")
        expect(page.get_by_text("This server is open")).to_be_visible()
        expect(field(page)).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_is_for_everyone(visit: Callable[..., Page], scheme: str) -> None:
    small = {"width": 320, "height": 740}
    page = visit(path="/sign-in", reduced_motion="reduce", color_scheme=scheme, viewport=small)
    sign_in(page, _WRONG)
    expect(page.get_by_role("alert")).to_be_visible()
    assert nameless(page) == []
    reachable_by_keys(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert min(page.evaluate(CONTRASTS).values()) >= 4.5

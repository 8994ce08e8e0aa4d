"""Keys on pages: what one is not good for is told; admins make, list and revoke them on the page of
settings."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Guarded
from tests.pages.ways import CONTRASTS, nameless, reachable_by_keys
from tests.server import Server

pytestmark = pytest.mark.browser
_NO_VOICES = "This key is not good for it: it needs the scope 'voices'."
_NO_JOBS = "This key is not good for it: it needs the scope 'jobs'."


@pytest.fixture
def site(guarded: Guarded) -> str:
    return guarded.url


def test_a_key_that_is_not_good_for_a_page_is_told_what_it_lacks(
    inside: Callable[..., Page], site: str, speaker: str
) -> None:
    page = inside(speaker, "/history")
    expect(page.get_by_role("alert")).to_have_text(_NO_JOBS)
    expect(page.locator("#version")).not_to_be_empty()
    page.get_by_label("Text", exact=True).fill("A long story.")
    page.get_by_role("button", name="Narrate").click()
    expect(page.get_by_role("alert")).to_have_text(_NO_JOBS)
    expect(page).to_have_url(f"{site}/history")


def test_a_file_that_a_key_is_not_good_for_is_not_saved_and_it_is_told_why(
    inside: Callable[..., Page], site: str, admin: str, speaker: str, name: str
) -> None:
    asked = {"name": name, "description": "low", "engine": "tone"}
    made = httpx.post(f"{site}/v1/voices/design", json=asked, headers={"X-API-Key": admin})
    assert made.status_code == 201, made.text
    page = inside(speaker, f"/voices?search={quote(name)}")
    expect(page.get_by_role("group", name="Your key")).to_be_visible()
    page.get_by_role("listitem", name=name).get_by_text("Export").click()
    expect(page.get_by_role("alert")).to_have_text(_NO_VOICES)


def test_events_that_a_key_is_not_good_for_are_told_of(
    inside: Callable[..., Page], speaker: str
) -> None:
    page = inside(speaker)
    expect(page.locator("#version")).not_to_be_empty()
    page.evaluate(
        """async () => {
            const { Followed } = await import("/static/follow.js");
            const element = document.querySelector("main");
            element.dataset.job = "1";
            new Followed(() => {}).add({ job: { id: "1", status: "running" }, element });
        }"""
    )
    expect(page.get_by_role("alert")).to_have_text(_NO_JOBS)


def test_long_sound_that_a_key_is_not_good_for_is_told_of(
    inside: Callable[..., Page], speaker: str
) -> None:
    page = inside(speaker)
    expect(page.locator("#version")).not_to_be_empty()
    page.evaluate(
        """async () => {
            const { JobCard } = await import("/static/job.js");
            const times = { created_at: 0, started_at: 0, ended_at: 9000 };
            const job = { id: "1", status: "completed", kind: "narration", text: "Long.",
                voice: null, engine: "tone", format: "mp3", duration: 1000, progress: 100,
                total: 0, ...times };
            const card = new JobCard(job, { naming: () => null, told() {}, gone() {} });
            document.querySelector("main").prepend(card.element);
        }"""
    )
    page.get_by_role("listitem").get_by_role("button", name="Play").click()
    expect(page.get_by_role("alert")).to_have_text(_NO_JOBS)


def test_an_open_server_says_that_it_is_and_how_that_is_changed(
    browser: Browser, server: Server
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url}/settings")
        told = page.get_by_role("region", name="Keys")
        expect(told).to_contain_text("everybody who reaches it may use it")
        expect(told).to_contain_text("POLYVOX_ACCESS__KEYS=on")
        expect(page.get_by_role("group", name="Your key")).to_have_count(0)


def test_an_admin_makes_a_key_that_is_shown_once_and_revokes_it(
    inside: Callable[..., Page], site: str, admin: str, name: str
) -> None:
    page = inside(admin, "/settings", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Who or what it is for").fill(name)
    page.get_by_label("Days until it is over").fill("1.5")
    expect(page.get_by_role("checkbox", name="speak:")).to_be_checked()
    page.get_by_role("checkbox", name="jobs:").check()
    page.get_by_role("button", name="Make the key").click()
    fresh = page.get_by_role("group", name="The new key")
    expect(fresh).to_contain_text("Nobody can be shown it again.")
    written = fresh.get_by_role("textbox").input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The key is copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == written
    card = page.get_by_role("list", name="Keys").get_by_role("listitem", name=name)
    expect(card).to_contain_text("Good for speak, jobs.")
    expect(card).to_contain_text("works")
    expect(card).to_contain_text("never used")
    shown = {"Authorization": f"Bearer {written}"}
    assert httpx.get(f"{site}/v1/jobs", headers=shown).status_code == 200
    fresh.get_by_role("button", name="Done").click()
    expect(fresh).to_be_hidden()
    page.reload()
    expect(card).to_be_visible()
    assert written not in page.content()
    expect(card).to_contain_text("last used")
    card.get_by_role("button", name="Revoke").click()
    expect(card.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card.get_by_role("button", name="Revoke")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card).to_contain_text("revoked")
    expect(card.get_by_role("button")).to_have_count(0)
    assert httpx.get(f"{site}/v1/jobs", headers=shown).status_code == 401


def test_a_wish_for_a_key_that_cannot_be_is_told_at_its_field(
    inside: Callable[..., Page], admin: str, name: str
) -> None:
    page = inside(admin, "/settings")
    make = page.get_by_role("button", name="Make the key")
    make.click()
    expect(page.get_by_role("alert")).to_contain_text("name")
    expect(page.get_by_label("Who or what it is for")).to_be_focused()
    page.get_by_label("Who or what it is for").fill(name)
    page.get_by_role("checkbox", name="speak:").uncheck()
    make.click()
    expect(page.get_by_role("alert")).to_have_text("A key is good for at least one scope.")
    expect(page.get_by_role("checkbox", name="speak:")).to_be_focused()
    page.get_by_role("checkbox", name="speak:").check()
    page.get_by_label("Days until it is over").fill("0")
    make.click()
    expect(page.get_by_label("Days until it is over")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("greater than 0")
    expect(page.get_by_role("group", name="The new key")).to_have_count(0)


def test_whoever_is_no_admin_sees_no_keys(inside: Callable[..., Page], speaker: str) -> None:
    page = inside(speaker, "/settings")
    told = page.get_by_role("region", name="Keys")
    expect(told).to_contain_text("With a key that is good for admin")
    expect(told.get_by_role("listitem")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_keys_are_for_everyone(
    inside: Callable[..., Page], admin: str, name: str, scheme: str
) -> None:
    small = {"width": 320, "height": 740}
    looks = {"reduced_motion": "reduce", "color_scheme": scheme, "viewport": small}
    page = inside(admin, "/settings", **looks)
    page.get_by_label("Who or what it is for").fill(f"{name} {'w' * 60}")
    page.get_by_role("button", name="Make the key").click()
    card = page.get_by_role("list", name="Keys").get_by_role("listitem", name=name)
    card.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("group", name="The new key")).to_be_visible()
    assert nameless(page) == []
    reachable_by_keys(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert min(page.evaluate(CONTRASTS).values()) >= 4.5

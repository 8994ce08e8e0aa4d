"""The page that generates: a file of speech, heard, saved and listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import LISTEN, WITHIN, heard
from tests.sounds import decode, level_of

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN, path="/generate")


def _generate(page: Page, text: str) -> None:
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Generate").click()


def test_voices_that_were_made_come_first(page: Page, client: httpx.Client, name: str) -> None:
    asked = {"name": name, "description": "low", "engine": "tone"}
    made = client.post("/v1/voices/design", json=asked).json()
    page.reload()
    expect(page.get_by_label("Voice")).to_have_value(made["id"])
    _generate(page, "ten letters")
    heard(page)
    clip = page.get_by_role("listitem").filter(has_text="ten letters")
    expect(clip).to_contain_text(f"{name} – low · 1.1 s")


def test_what_is_generated_is_heard_listed_newest_first_and_saved(page: Page) -> None:
    page.get_by_label("Voice").select_option("tone.middle")
    _generate(page, "the first")
    heard(page)
    clips = page.locator("#clips li")
    expect(clips).to_have_count(1)
    _generate(page, "and the second")
    expect(clips).to_have_count(2)
    expect(clips.first).to_contain_text("and the second")
    expect(clips.last).to_contain_text("the first")
    for index, seconds in ((0, 1.4), (1, 0.9)):
        with page.expect_download() as download:
            clips.nth(index).get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "polyvox.mp3"
        data = Path(download.value.path()).read_bytes()
        samples, rate = decode(data, "mp3")
        assert len(samples) / rate == pytest.approx(seconds, abs=0.1)
        assert level_of(samples) > -20


def test_an_earlier_one_can_be_heard_again(page: Page) -> None:
    page.get_by_label("Voice").select_option("tone.middle")
    for text in ("short", "a longer text to hum"):
        _generate(page, text)
        expect(page.locator("#clips li").first).to_contain_text(text)
        expect(page.get_by_role("status")).to_contain_text("seconds")
    with page.expect_response("**/uploads/generated/*.mp3") as played:
        page.get_by_role("listitem").filter(has_text="short").get_by_role("button").click()
    link = page.get_by_role("listitem").filter(has_text="short").get_by_role("link")
    assert played.value.url.endswith(str(link.get_attribute("href")))
    heard(page)


def test_nothing_and_too_much_are_told(page: Page, client: httpx.Client) -> None:
    _generate(page, " ")
    expect(page.get_by_role("alert")).to_have_text("Write what the voice should say.")
    long = {"voice_id": "tone.middle", "text": "x" * 501}
    assert client.post("/api/generate", json=long).status_code == 422
    _generate(page, "x" * 501)
    expect(page.locator("#count")).to_have_text("501 of 500 characters")
    expect(page.get_by_role("alert")).to_have_text(
        "text: String should have at most 500 characters."
    )
    expect(page.get_by_role("button", name="Generate")).to_be_focused()


def test_the_address_can_name_the_voice(visit: Callable[..., Page]) -> None:
    page = visit(path="/generate?voice=tone.low")
    expect(page.get_by_label("Voice")).to_have_value("tone.low")


def test_keys_are_enough_to_generate(page: Page) -> None:
    page.get_by_label("Text").focus()
    page.keyboard.type("Keys only.")
    page.keyboard.press("Control+Enter")
    heard(page)
    expect(page.locator("#clips li")).to_have_count(1, timeout=WITHIN)


def test_what_takes_long_is_waited_for(page: Page) -> None:
    page.route("**/api/generate", lambda route: route.continue_(url=f"{route.request.url}?async=1"))
    page.get_by_label("Voice").select_option("tone.middle")
    _generate(page, "ten letters")
    heard(page)
    expect(page.locator("#clips li")).to_contain_text("1.1 s")

"""Speaking on the page: sound, words, stopping, problems."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import LISTEN, colours, position, speak, state, until

pytestmark = pytest.mark.browser

_WATCH = """() => {
    window.marked = [];
    new MutationObserver(() => {
        const word = document.querySelector("#mirror mark")?.textContent;
        if (word && word !== window.marked.at(-1)) window.marked.push(word);
    }).observe(document.querySelector("#mirror"), { childList: true });
}"""


def test_speaking_is_heard_seen_and_timed(visit: Callable[..., Page]) -> None:
    page = visit(LISTEN)
    assert colours(page) == 1
    speak(page, "This is heard, is it not? It goes on, so that there is time to look.")
    until(page, "() => window.loudest() > 0.01")
    expect(page.locator("#first")).to_have_text(re.compile(r"^\d+ ms$"))
    earlier = position(page)
    until(
        page, "(before) => Number(document.querySelector('#wave').ariaValueNow) > before", earlier
    )
    assert colours(page) > 2
    state(page, "ended")
    expect(page.locator("#engine")).to_have_text("espeak")
    expect(page.get_by_role("status")).to_have_text("Done.")
    length = page.locator("#length").inner_text()
    assert float(length.removesuffix(" s")) == pytest.approx(position(page), abs=0.11)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("tone", "Hum 😀 along, 𝒂nd\nthen (rest)."),
        ("espeak", "Every single 😀 word, shown after another."),
    ],
)
def test_each_word_is_marked_while_it_is_said(page: Page, model: str, text: str) -> None:
    page.evaluate(_WATCH)
    page.get_by_label("Speed").fill("0.5")
    speak(page, text, model=model)
    state(page, "ended")
    marked = page.evaluate("() => window.marked")
    said = client_words(page, model, text)
    assert len(said) >= 4
    assert marked == said
    expect(page.locator("#mirror mark")).to_have_count(0)


def client_words(page: Page, model: str, text: str) -> list[str]:
    """The words that the server says it spoke, cut out of the text as Python counts."""
    request = {"input": text, "model": model, "timestamps": True, "response_format": "pcm"}
    answer = httpx.post(f"{page.url}v1/audio/speech", json=request).json()
    return [text[word["first"] : word["last"]] for word in answer["words"]]


def test_the_mark_lies_under_its_word(page: Page) -> None:
    with page.expect_event("requestfinished"):
        speak(page, "first\n" * 40 + "last", model="tone")
    page.get_by_role("button", name="Pause").click()
    page.locator("#wave").press("End")
    page.locator("#wave").press("ArrowLeft")
    text, mirror = page.locator("#text"), page.locator("#mirror")
    shapes = "(box) => [box.clientWidth, box.scrollTop, getComputedStyle(box).font]"
    assert text.evaluate(shapes) == mirror.evaluate(shapes)
    assert text.evaluate("(box) => box.scrollTop") > 0
    mark, paper = page.locator("#mirror mark").bounding_box(), text.bounding_box()
    assert mark
    assert paper
    assert paper["y"] <= mark["y"] <= paper["y"] + paper["height"] - mark["height"]


def test_one_can_move_in_what_was_said(page: Page) -> None:
    speak(page, "a text of forty characters, give or take", model="tone")
    expect(page.locator("#length")).to_have_text("4.0 s")
    page.get_by_role("button", name="Pause").click()
    state(page, "paused")
    wave = page.locator("#wave")
    box = wave.bounding_box()
    assert box
    wave.click(position={"x": box["width"] / 2, "y": 10})
    assert position(page) == pytest.approx(2, abs=0.1)
    wave.press("ArrowRight")
    assert position(page) == pytest.approx(3, abs=0.1)
    wave.press("Home")
    assert position(page) == 0
    wave.press("ArrowLeft")
    assert position(page) == 0
    wave.press("End")
    assert position(page) == pytest.approx(4, abs=0.1)
    wave.press("ArrowLeft")
    wave.press(" ")
    state(page, "playing")
    state(page, "ended")
    page.get_by_role("button", name="Play").click()
    state(page, "playing")
    assert position(page) < 2


def test_escape_stops_the_sound_and_the_request(page: Page) -> None:
    with page.expect_event("requestfailed") as failed:
        speak(page, "slowly " * 20, model="tone", real_time_factor=0.5)
        state(page, "playing")
        page.keyboard.press("Escape")
    assert failed.value.url.endswith("/v1/audio/speech")
    state(page, "paused")
    expect(page.get_by_role("status")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    where, length = position(page), page.locator("#length").inner_text()
    page.wait_for_timeout(300)
    assert (position(page), page.locator("#length").inner_text()) == (where, length)


def test_speaking_anew_replaces_what_is_being_said(page: Page) -> None:
    speak(page, "a slow text that is never heard to its end", model="tone", real_time_factor=0.5)
    state(page, "playing")
    page.get_by_label("Text", exact=True).fill("twelve chars")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#length")).to_have_text("1.2 s")
    state(page, "ended")
    assert position(page) == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize("text", ["", "  ", "x" * 5000])
def test_a_refusal_is_told_in_the_servers_words(page: Page, text: str) -> None:
    refusal = httpx.post(f"{page.url}v1/audio/speech", json={"input": text, "model": "espeak"})
    speak(page, text)
    expect(page.get_by_role("alert")).to_have_text(refusal.json()["error"]["message"])
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    speak(page, "better")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_failure_midway_is_told_and_what_came_can_be_heard(page: Page) -> None:
    speak(page, "fails after a second or so", model="tone", fail_after=1)
    expect(page.get_by_role("alert")).to_contain_text("fail after 1")
    state(page, "ended")
    assert 0 < position(page) <= 1.1
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()


def test_a_lost_server_is_told(page: Page) -> None:
    page.context.set_offline(True)
    speak(page, "Is anybody there?")
    expect(page.get_by_role("alert")).to_have_text("The server cannot be reached.")
    page.context.set_offline(False)
    speak(page, "Yes.")
    state(page, "ended")

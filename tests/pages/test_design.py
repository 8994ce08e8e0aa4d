"""The page that designs: words light up, sliders win, what is heard is what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.pages.ways import LISTEN, WITHIN, heard, until

pytestmark = pytest.mark.browser

_LIT = "() => [...document.querySelectorAll('#mirror mark')].map((each) => each.textContent)"


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN, path="/design")


def _describe(page: Page, text: str, engine: str = "tone") -> None:
    page.get_by_role("combobox", name="Engine").select_option(engine)
    page.get_by_role("textbox", name="Description").fill(text)


def _lit(page: Page, words: list[str]) -> None:
    """Wait until exactly those words are lit up."""
    expect(page.locator("#mirror mark")).to_have_text(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a low voice, then high", ["low", "high"]),
        ("😀 low 𝒂𝒃 high", ["low", "high"]),
        ("👩‍👩‍👧 low\nlow", ["low", "low"]),
        ("nothing of this", []),
    ],
)
def test_exactly_the_words_that_are_understood_light_up(
    page: Page, client: httpx.Client, text: str, words: list[str]
) -> None:
    asked = {"description": text, "engine": "tone", "speak": False}
    understood = client.post("/v1/voices/design/preview", json=asked).json()["understood"]
    assert [text[each["first"] : each["last"]] for each in understood] == words
    _describe(page, text)
    expect(page.locator("#ignored")).not_to_be_empty()
    _lit(page, words)
    assert page.locator("#mirror").text_content() == f"{text}\n"


def test_what_is_understood_and_what_is_not_is_listed(page: Page, client: httpx.Client) -> None:
    text = "a calm old man with a deep voice and purple hair"
    asked = {"description": text, "engine": "espeak", "speak": False}
    answer = client.post("/v1/voices/design/preview", json=asked).json()
    assert answer["understood"]
    _describe(page, text, "espeak")
    expect(page.locator("#understood dd")).to_have_text(
        [f"{each['about']}: {each['meaning']}" for each in answer["understood"]]
    )
    for word in answer["ignored"]:
        expect(page.locator("#ignored")).to_contain_text(f"“{word}”")
    page.get_by_role("textbox", name="Description").fill("")
    _lit(page, [])
    expect(page.locator("#understood dd")).to_have_count(0)
    expect(page.locator("#ignored")).to_be_empty()


def test_a_mark_lies_under_its_word_and_scrolls_with_it(page: Page) -> None:
    _describe(page, "word\n" * 40 + "low")
    _lit(page, ["low"])
    text, mirror = page.locator("#description"), page.locator("#mirror")
    text.evaluate("(box) => { box.scrollTop = box.scrollHeight }")
    shapes = "(box) => [box.clientWidth, box.scrollTop, getComputedStyle(box).font]"
    until(
        page,
        "() => document.querySelector('#mirror').scrollTop > 0",
    )
    assert text.evaluate(shapes) == mirror.evaluate(shapes)
    assert text.evaluate("(box) => box.scrollHeight") == mirror.evaluate(
        "(box) => box.scrollHeight"
    )


def test_an_example_is_one_click_away(page: Page) -> None:
    page.get_by_role("combobox", name="Engine").select_option("espeak")
    page.get_by_role("button", name="a calm old man").click()
    expect(page.get_by_role("textbox", name="Description")).to_have_value(
        "a calm old man with a deep voice"
    )
    until(page, f"{_LIT.replace('() =>', '() => (')}).length > 0")


def test_the_server_is_asked_once_for_what_is_written_quickly(page: Page) -> None:
    page.get_by_role("combobox", name="Engine").select_option("tone")
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request.post_data))
    page.get_by_role("textbox", name="Description").press_sequentially("low and high")
    _lit(page, ["low", "high"])
    assert len(asked) < 4
    assert json.loads(asked[-1])["description"] == "low and high"


def test_a_slider_shows_what_came_out_wins_over_the_words_and_can_be_reset(page: Page) -> None:
    _describe(page, "low")
    pitch, reading = page.get_by_role("slider", name="Pitch"), page.locator("#settings .reading")
    expect(reading).to_have_text("220 Hz")
    expect(pitch).to_have_value("220")
    with page.expect_request("**/design/preview") as asked:
        pitch.fill("700")
    assert json.loads(asked.value.post_data or "")["settings"] == {"pitch": 700}
    page.get_by_role("textbox", name="Description").fill("low low")
    _lit(page, ["low", "low"])
    expect(reading).to_have_text("700 Hz")
    page.get_by_role("button", name="Reset pitch").click()
    expect(reading).to_have_text("220 Hz")
    expect(page.get_by_role("button", name="Reset pitch")).to_be_hidden()


def test_sliders_are_those_of_the_engine(page: Page, client: httpx.Client) -> None:
    for engine in ("espeak", "tone"):
        page.get_by_role("combobox", name="Engine").select_option(engine)
        declared = client.get(f"/v1/engines/{engine}").json()["design_settings"]
        shown = page.locator("#settings input").evaluate_all(
            "(all) => Object.fromEntries(all.map("
            "({ dataset, min, max }) => [dataset.setting, [Number(min), Number(max)]]))"
        )
        ranges = {name: [rule["low"], rule["high"]] for name, rule in declared.items()}
        assert shown == ranges
        said = page.locator("#settings .about").all_text_contents()
        assert said == [rule["about"] for rule in declared.values()]


def test_a_voice_of_sliders_alone_is_heard(page: Page) -> None:
    page.get_by_role("combobox", name="Engine").select_option("tone")
    page.get_by_role("button", name="Hear").click()
    expect(page.get_by_role("alert")).to_contain_text("Say how the voice should sound")
    page.get_by_role("slider", name="Pitch").fill("500")
    page.get_by_role("button", name="Hear").click()
    heard(page)
    expect(page.get_by_role("alert")).to_be_hidden()


def _speaks(request: Request) -> bool:
    """Whether it asks to hear a design; those while one types only ask what is understood."""
    asked = json.loads(request.post_data or "{}")
    return request.url.endswith("/design/preview") and bool(asked["speak"])


def test_what_is_heard_is_kept_and_spoken_with(page: Page, client: httpx.Client, name: str) -> None:
    _describe(page, "a high one")
    page.get_by_label("What it says").first.fill("hum for me")
    page.get_by_label("Language of what it says").select_option("de")
    with page.expect_request(_speaks) as asked:
        page.get_by_role("button", name="Hear").click()
    sent = json.loads(asked.value.post_data or "")
    assert (sent["text"], sent["language"]) == ("hum for me", "de")
    heard(page)
    expect(page.get_by_role("group", name="the voice").locator(".clock")).to_contain_text("1.0 s")

    keep = page.get_by_role("button", name="Keep this voice")
    keep.click()
    expect(page.get_by_role("alert")).to_contain_text("Give the voice a name")
    page.keyboard.type(name)
    keep.click()
    card = page.get_by_role("listitem", name=name)
    expect(card).to_contain_text("a high one", timeout=WITHIN)
    (kept,) = client.get("/v1/voices", params={"text": name}).json()["voices"]
    assert kept["kind"] == "designed"
    assert kept["origin"]["settings"] == {"pitch": 880.0}
    card.get_by_role("link", name="Speak with it").click()
    expect(page.locator("#voice")).to_have_value(kept["id"])


def test_a_refusal_is_told_in_the_servers_words(page: Page, client: httpx.Client) -> None:
    long = {"description": "x" * 1001, "engine": "tone"}
    refusal = client.post("/v1/voices/design/preview", json=long).json()["error"]["message"]
    _describe(page, "x" * 1001)
    expect(page.get_by_role("alert")).to_have_text(refusal)
    expect(page.locator("#count")).to_have_class("quiet over")
    page.get_by_role("textbox", name="Description").fill("low")
    _lit(page, ["low"])
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_answer_that_comes_late_is_not_shown(page: Page) -> None:
    page.get_by_role("combobox", name="Engine").select_option("tone")
    box = page.get_by_role("textbox", name="Description")

    def late(route: Route) -> None:
        if "then" not in (route.request.post_data or ""):
            page.wait_for_timeout(600)
        route.continue_()

    page.route("**/design/preview", late)
    box.fill("low")
    page.wait_for_timeout(350)
    box.fill("then high")
    _lit(page, ["high"])
    page.wait_for_timeout(700)
    _lit(page, ["high"])
    expect(page.locator("#settings .reading")).to_have_text("880 Hz")


def test_keys_are_enough_to_design(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Engine").select_option("tone")
    page.get_by_role("textbox", name="Description").focus()
    page.keyboard.type("a low hum")
    _lit(page, ["low"])
    page.get_by_label("What it says").first.focus()
    page.keyboard.press("Enter")
    heard(page)
    page.get_by_role("slider", name="Pitch").focus()
    page.keyboard.press("End")
    expect(page.locator("#settings .reading")).to_have_text("2000 Hz")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem", name=name)).to_be_visible()

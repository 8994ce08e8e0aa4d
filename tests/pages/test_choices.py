"""What can be chosen on the page, what is sent of it, and what is remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.ways import speak, state

pytestmark = pytest.mark.browser

_GROUPS = """(select) => Object.fromEntries(
    [...select.querySelectorAll("optgroup:not([hidden])")].map(
        (group) => [group.label, [...group.children].map((option) => option.value)]))"""


def _sent(page: Page, text: str = "hum", **choices: Any) -> dict[str, Any]:
    with page.expect_request("**/v1/audio/speech") as asked:
        speak(page, text, **choices)
    sent: dict[str, Any] = json.loads(asked.value.post_data or "")
    return sent


def test_models_come_before_their_other_names(page: Page) -> None:
    offered = page.locator("#model option").evaluate_all("(all) => all.map((each) => each.value)")
    assert offered[:2] == ["espeak", "tone"]
    assert "tts-1" in page.locator("#model").evaluate(_GROUPS)["Other names"]


def test_every_voice_of_the_model_is_offered_by_gender(page: Page) -> None:
    listed = httpx.get(f"{page.url}v1/voices?page_size=1000").json()["voices"]
    for model in ("espeak", "tone"):
        page.get_by_label("Model").select_option(model)
        groups = page.locator("#voice").evaluate(_GROUPS)
        voices = [
            voice for voice in listed if voice["engine"] == model and voice["kind"] == "preset"
        ]
        groups.pop("Your voices", None)
        assert groups == {
            name: [voice["id"] for voice in voices if voice["gender"] == gender]
            for name, gender in (("Female", "female"), ("Male", "male"), ("Neutral", "neutral"))
        }
    expect(page.locator("#voice option:checked")).to_have_text("High – hums at 880 Hz")


def test_voices_that_were_made_come_first_and_are_chosen_only_by_hand(
    page: Page, client: httpx.Client, name: str
) -> None:
    kept = {"name": name, "description": "low", "engine": "tone"}
    made = client.post("/v1/voices/design", json=kept).json()
    page.reload()
    page.get_by_label("Model").select_option("tone")
    expect(page.locator("#voice")).to_have_value("tone.high")
    groups = page.locator("#voice").evaluate(_GROUPS)
    assert next(iter(groups)) == "Your voices"
    assert groups["Your voices"][0] == made["id"]


def test_the_address_can_name_the_voice(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    kept = {"name": name, "description": "low", "engine": "tone"}
    made = client.post("/v1/voices/design", json=kept).json()
    page = visit(path=f"/?voice={made['id']}")
    expect(page.locator("#model")).to_have_value("tone")
    expect(page.locator("#voice")).to_have_value(made["id"])
    page.get_by_label("Text", exact=True).fill("hum")
    with page.expect_request("**/v1/audio/speech") as asked:
        page.get_by_role("button", name="Speak").click()
    assert json.loads(asked.value.post_data or "")["voice"] == made["id"]
    state(page, "ended")


def test_a_voice_of_the_address_that_is_gone_is_told(visit: Callable[..., Page]) -> None:
    page = visit(path="/?voice=nobody")
    expect(page.get_by_role("alert")).to_contain_text("not here any more")
    expect(page.locator("#model")).to_have_value("espeak")


def test_languages_are_shown_by_name_the_main_ones_first(page: Page) -> None:
    options = page.locator("#language option")
    offered = options.evaluate_all("(all) => all.map((each) => each.value)")
    assert offered[0] == "auto"
    assert sorted(offered[1:11]) == ["de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh"]
    engine = httpx.get(f"{page.url}v1/engines/espeak").json()
    assert sorted(offered) == sorted(["auto", *engine["languages"]])
    expect(page.locator("#language option[value=ja]")).to_contain_text("Japanese")
    expect(page.locator("#language option[value=cy]")).to_contain_text("Welsh")


def test_what_is_chosen_is_what_is_asked_for(page: Page) -> None:
    page.get_by_label("Model").select_option("tone")
    page.get_by_label("Voice", exact=True).select_option("tone.low")
    page.get_by_label("Language").select_option("de")
    page.get_by_label("Speed").fill("1.5")
    expect(page.locator("#pace")).to_have_text("1.50×")
    assert _sent(page, "summ", model="tone", level=0.25) == {
        "model": "tone",
        "voice": "tone.high",
        "language": "de",
        "speed": 1.5,
        "options": {"level": 0.25},
        "input": "summ",
        "response_format": "pcm",
        "stream_format": "sse",
        "timestamps": True,
    } | {"voice": "tone.low"}


def test_options_follow_the_schema_and_go_back_to_their_defaults(page: Page) -> None:
    schema = httpx.get(f"{page.url}v1/engines/espeak").json()["options"]["properties"]
    page.get_by_text("Options of the engine").click()
    named = page.locator("#options [data-option]").evaluate_all(
        "(all) => all.map((each) => each.dataset.option)"
    )
    assert named == [name for name in schema if name != "speed"]
    pitch = page.get_by_label("Pitch")
    bounds = [pitch.get_attribute(name) for name in ("min", "max")]
    assert bounds == [str(schema["pitch"][name]) for name in ("minimum", "maximum")]
    pitch.fill("70")
    page.get_by_label("Punctuation").select_option("all")
    page.get_by_role("button", name="Back to the defaults").click()
    assert _sent(page)["options"] == {}


def test_choices_are_remembered(page: Page) -> None:
    page.get_by_label("Voice", exact=True).select_option("espeak.onyx")
    page.get_by_label("Language").select_option("it")
    page.get_by_label("Speed").fill("0.5")
    page.get_by_label("Format").select_option("flac")
    page.get_by_text("Options of the engine").click()
    page.get_by_label("Pitch").fill("20")
    page.get_by_label("Pitch").blur()
    page.reload()
    expect(page.locator("#voice")).to_have_value("espeak.onyx")
    expect(page.locator("#language")).to_have_value("it")
    expect(page.locator("#speed")).to_have_value("0.5")
    expect(page.locator("#format")).to_have_value("flac")
    expect(page.locator("#option-pitch")).to_have_value("20")


def test_a_browser_that_keeps_nothing_speaks_all_the_same(visit: Callable[..., Page]) -> None:
    forbid = """Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("no", "SecurityError"); } });"""
    page = visit(forbid)
    page.get_by_label("Speed").fill("2")
    speak(page, "fine")
    state(page, "ended")


def test_what_was_kept_of_another_server_does_no_harm(visit: Callable[..., Page]) -> None:
    page = visit(
        """localStorage.setItem("polyvox.choices", JSON.stringify(
        { model: "gone", voice: "gone.too", language: "xx", speed: 1, format: "tape" }));"""
    )
    expect(page.locator("#model")).to_have_value("espeak")
    speak(page, "fine")
    state(page, "ended")

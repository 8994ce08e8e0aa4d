"""The page of quality profiles: listed, heard, made, changed, copied, made the default, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.ways import LISTEN, heard, message, until

pytestmark = pytest.mark.browser

SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifts += each.value;
}).observe({ type: "layout-shift", buffered: true });
"""
"""How much moved on its own: `shifts`, in shares of the screen."""


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN + SHIFTS, path="/settings?engine=tone")


@pytest.fixture(autouse=True)
def defaults_are_as_they_were(client: httpx.Client) -> Iterator[None]:
    """Other tests speak with what comes with Polyvox."""
    yield
    client.post("/v1/profiles/tone.standard/default")


def kept(client: httpx.Client, name: str, **values: Any) -> str:
    """The id of a profile of tone."""
    answer = client.post("/v1/profiles", json={"engine": "tone", "name": name, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def card(page: Page, name: str) -> Locator:
    return page.locator("#profiles").get_by_role("listitem", name=name, exact=True)


def press(page: Page, name: str, act: str) -> None:
    card(page, name).get_by_role("button", name=f"{act}: {name}", exact=True).click()


def says(page: Page, words: str) -> None:
    expect(page.locator("#status")).to_have_text(words)


def of_name(client: httpx.Client, name: str) -> dict[str, Any]:
    every = client.get("/v1/profiles", params={"engine": "tone"}).json()["profiles"]
    found: dict[str, Any] = next(each for each in every if each["name"] == name)
    return found


def test_each_engine_shows_its_profiles_and_says_in_words_what_they_change(
    page: Page, client: httpx.Client
) -> None:
    for engine in ("espeak", "tone"):
        page.get_by_label("Engine").select_option(engine)
        expected = client.get("/v1/profiles", params={"engine": engine}).json()["profiles"]
        expect(page.locator("#profiles > li")).to_have_count(len(expected))
        assert page.url.endswith(f"?engine={engine}")
        expect(card(page, "Standard")).to_contain_text("default · built in")
        expect(card(page, "Standard")).to_contain_text("Changes nothing.")
    page.get_by_label("Engine").select_option("espeak")
    expect(card(page, "Clear")).to_contain_text("Slower, with a little air between words.")
    expect(card(page, "Clear")).to_contain_text("Speed 0.85, word gap 2; cut below 80 Hz.")
    expect(card(page, "Telephone")).to_contain_text("brought to −18 LUFS.")


def test_what_is_built_in_can_be_heard_and_copied_but_not_changed(page: Page) -> None:
    expect(card(page, "Standard").get_by_role("button")).to_have_text(["Hear", "Duplicate"])


def test_a_profile_is_made_of_what_was_filled_in_and_of_nothing_else(
    page: Page, client: httpx.Client, name: str
) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Description").fill("For the radio.")
    page.get_by_label("Level").fill("0.25")
    page.get_by_label("High pass").fill("80")
    page.get_by_label("DC offset").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    says(page, f"{name} is kept.")
    made = of_name(client, name)
    assert made["options"] == {"level": 0.25}
    assert made["effects"] == {"dc": True, "high_pass": 80}
    assert made["description"] == "For the radio."
    expect(card(page, name)).to_contain_text("Level 0.25; no constant offset, cut below 80 Hz.")
    expect(card(page, name)).to_contain_text("yours · kept until")
    expect(page.get_by_label("Name")).to_have_value("")
    expect(page.get_by_label("Level")).to_have_value("")


def test_a_change_shows_what_was_kept_and_what_is_emptied_is_the_engines_own_again(
    page: Page, client: httpx.Client, name: str
) -> None:
    id = kept(client, name, options={"level": 0.3}, effects={"dc": True, "loudness": -16})
    page.reload()
    press(page, name, "Change")
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value(name)
    expect(page.get_by_label("Loudness")).to_have_value("-16")
    expect(page.get_by_label("DC offset")).to_be_checked()
    page.get_by_label("Level").fill("")
    page.get_by_label("Loudness").fill("-20")
    page.get_by_label("Name").fill(f"{name} again")
    page.get_by_role("button", name="Keep changes").click()
    says(page, f"{name} again is changed.")
    changed = client.get(f"/v1/profiles/{id}").json()
    assert changed["name"] == f"{name} again"
    assert changed["options"] == {}
    assert changed["effects"] == {"dc": True, "loudness": -20}
    expect(page.get_by_role("heading", name="New profile")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "value", "wrong"),
    [
        ("Level", "7", {"options": {"level": 7}}),
        ("High pass", "5", {"effects": {"high_pass": 5}}),
        ("Name", "a/b", {"name": "a/b"}),
        ("Name", "standard", {"name": "standard"}),
    ],
)
def test_a_refusal_is_told_in_the_servers_words_at_its_field(
    page: Page, client: httpx.Client, name: str, label: str, value: str, wrong: dict[str, Any]
) -> None:
    page.get_by_label("Name").fill(name)
    field = page.get_by_label(label)
    field.fill(value)
    page.get_by_role("button", name="Keep", exact=True).click()
    refusal = client.post("/v1/profiles", json={"engine": "tone", "name": name, **wrong})
    told = page.locator(".field", has=field).locator(".problem")
    expect(told).to_have_text([message(refusal)])
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("0.5" if label == "Level" else "20" if label == "High pass" else name)
    page.get_by_role("button", name="Keep", exact=True).click()
    says(page, f"{name} is kept.")
    expect(page.locator(".field > .problem")).to_have_count(0)


def test_what_is_no_number_is_not_taken_for_an_empty_field(
    page: Page, client: httpx.Client, name: str
) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Level").focus()
    page.keyboard.type("1e")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator(".field > .problem")).to_have_text(["This is not a number."])
    names = [each["name"] for each in client.get("/v1/profiles").json()["profiles"]]
    assert name not in names


def test_a_profile_is_heard_as_it_sounds(page: Page, client: httpx.Client, name: str) -> None:
    kept(client, f"{name} loud", options={"level": 1.0})
    kept(client, f"{name} soft", options={"level": 0.1})
    page.reload()
    page.get_by_label("What it says").fill("hum " * 20)
    press(page, f"{name} loud", "Hear")
    says(page, f"This is {name} loud.")
    until(page, "() => window.loudest() > 0.8")
    press(page, f"{name} soft", "Hear")
    says(page, f"This is {name} soft.")
    expect(page.get_by_role("group", name="the profile's sound")).to_have_count(1)
    until(page, "() => window.loudest() < 0.2 && window.loudest() > 0.02")


def test_a_profile_is_heard_before_it_is_kept(page: Page, client: httpx.Client, name: str) -> None:
    before = client.get("/v1/profiles").json()
    page.get_by_label("What it says").fill("hum " * 20)
    hear = page.get_by_role("button", name="Hear it")
    page.get_by_label("Level").fill("1")
    hear.click()
    says(page, "This is how it sounds; it is not kept.")
    until(page, "() => window.loudest() > 0.8")
    page.get_by_label("Level").fill("0.1")
    hear.focus()
    page.keyboard.press("Enter")
    until(page, "() => window.loudest() < 0.2 && window.loudest() > 0.02")
    expect(page.locator("#form").get_by_role("group", name="the profile's sound")).to_be_visible()
    expect(page.get_by_label("Level")).to_have_value("0.1")
    assert client.get("/v1/profiles").json() == before
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Keep", exact=True).click()
    says(page, f"{name} is kept.")
    expect(page.get_by_role("group", name="the profile's sound")).to_have_count(0)


def test_a_change_is_heard_before_it_is_kept(page: Page, client: httpx.Client, name: str) -> None:
    id = kept(client, name, options={"level": 1.0})
    page.reload()
    page.get_by_label("What it says").fill("hum " * 20)
    press(page, name, "Change")
    page.get_by_label("Level").fill("0.1")
    page.get_by_role("button", name="Hear it").click()
    until(page, "() => window.loudest() < 0.2 && window.loudest() > 0.02")
    assert client.get(f"/v1/profiles/{id}").json()["options"] == {"level": 1.0}
    page.get_by_role("button", name="Cancel").click()
    expect(card(page, name)).to_contain_text("Level 1.")


@pytest.mark.parametrize(
    ("label", "value", "wrong"),
    [
        ("Level", "7", {"options": {"level": 7}}),
        ("De-ess", "5", {"effects": {"de_ess": 5}}),
    ],
)
def test_what_cannot_be_heard_is_told_at_its_field(
    page: Page, client: httpx.Client, label: str, value: str, wrong: dict[str, Any]
) -> None:
    field = page.get_by_label(label)
    field.fill(value)
    page.get_by_role("button", name="Hear it").click()
    asked = {"engine": "tone", "input": "hum", **wrong}
    refusal = message(client.post("/v1/profiles/preview", json=asked))
    told = page.locator(".field", has=field).locator(".problem")
    expect(told).to_have_text([refusal])
    expect(field).to_be_focused()


def test_nothing_is_not_heard(page: Page) -> None:
    page.get_by_label("What it says").fill(" ")
    page.get_by_role("button", name="Hear it").click()
    expect(page.get_by_role("alert")).to_have_text("Write what it should say.")
    expect(page.get_by_label("What it says")).to_be_focused()


def test_the_default_is_what_a_request_without_a_profile_gets(
    page: Page, client: httpx.Client, name: str
) -> None:
    kept(client, name, options={"level": 0.1})
    page.reload()
    press(page, name, "Make default")
    says(page, f"{name} is the default of tone now.")
    expect(card(page, name)).to_contain_text("default · yours")
    expect(card(page, "Standard")).not_to_contain_text("default ·")
    expect(card(page, name).get_by_role("button", name="Delete")).to_have_count(0)
    assert of_name(client, name)["default"]
    press(page, "Standard", "Make default")
    expect(card(page, name).get_by_role("button", name="Delete")).to_be_visible()


def test_a_copy_is_ones_own_and_can_be_changed_at_once(
    page: Page, client: httpx.Client, name: str
) -> None:
    kept(client, name, options={"level": 0.2}, effects={"dc": True})
    page.reload()
    press(page, name, "Duplicate")
    says(page, f"{name} copy is made.")
    change = card(page, f"{name} copy").get_by_role("button", name="Change")
    expect(change).to_be_focused()
    assert of_name(client, f"{name} copy")["options"] == {"level": 0.2}


def test_a_profile_is_deleted_only_when_it_is_said_twice(
    page: Page, client: httpx.Client, name: str
) -> None:
    id = kept(client, name)
    page.reload()
    press(page, name, "Delete")
    expect(card(page, name).get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    assert client.get(f"/v1/profiles/{id}").status_code == 200
    expect(card(page, name).get_by_role("button", name="Delete")).to_be_focused()
    press(page, name, "Delete")
    press(page, name, "Delete for good")
    says(page, f"{name} is deleted.")
    expect(card(page, name)).to_have_count(0)
    assert client.get(f"/v1/profiles/{id}").status_code == 404
    expect(page.locator("#profiles h2:focus")).to_have_count(1)


def test_keys_alone_make_hear_and_leave_a_profile(
    page: Page, client: httpx.Client, name: str
) -> None:
    page.get_by_label("Name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    says(page, f"{name} is kept.")
    expect(card(page, name).get_by_role("button", name="Change")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Change {name}")).to_be_visible()
    page.keyboard.type("other")
    page.keyboard.press("Escape")
    expect(card(page, name).get_by_role("button", name="Change")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value("")
    card(page, name).get_by_role("button", name="Hear").focus()
    page.keyboard.press("Enter")
    heard(page)
    assert of_name(client, name)["options"] == {}


def test_nothing_moves_while_the_page_loads_and_tells_how_it_goes(
    page: Page, client: httpx.Client, name: str
) -> None:
    kept(client, name)
    page.reload()
    expect(card(page, name)).to_be_visible()
    expect(page.get_by_label("Voice to hear").locator("option")).not_to_have_count(0)
    assert page.evaluate("window.shifts") < 0.01
    before = card(page, name).bounding_box()
    press(page, name, "Make default")
    says(page, f"{name} is the default of tone now.")
    press(page, "Standard", "Make default")
    says(page, "Standard is the default of tone now.")
    press(page, name, "Delete")
    assert card(page, name).bounding_box() == before

"""The page of all voices: found, heard, renamed, deleted and brought back, blended, carried."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.ways import LISTEN, WITHIN, heard

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN, path="/voices")


@pytest.fixture
def made(client: httpx.Client, name: str) -> dict[str, Any]:
    """A voice that hums low."""
    asked = {"name": name, "description": "a low one", "engine": "tone"}
    kept: dict[str, Any] = client.post("/v1/voices/design", json=asked).json()
    return kept


def _card(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Voices", exact=True).get_by_role(
        "listitem", name=name, exact=True
    )


def _search(page: Page, text: str) -> None:
    with page.expect_response("**/v1/voices?*"):
        page.get_by_label("Search").fill(text)


def _shown(page: Page) -> list[str]:
    found: list[str] = page.locator("#voices > li").evaluate_all(
        "(all) => all.map((each) => each.dataset.voice)"
    )
    return found


def test_every_voice_is_listed_a_page_at_a_time(page: Page, client: httpx.Client) -> None:
    listed = client.get("/v1/voices?page_size=1000").json()["voices"]
    ids = [voice["id"] for voice in listed]
    expect(page.get_by_role("status")).to_have_text(f"{len(ids)} voices.")
    assert len(ids) > 20
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    pages = -(-len(ids) // 20)
    seen = _shown(page)
    for number in range(2, pages + 1):
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#where")).to_have_text(f"Page {number} of {pages}")
        seen += _shown(page)
    assert seen == ids
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("#where")).to_have_text(f"Page {pages - 1} of {pages}")


def test_voices_are_found_by_text_kind_and_engine(
    page: Page, made: dict[str, Any], client: httpx.Client
) -> None:
    _search(page, made["name"].upper())
    expect(page.locator("#voices > li")).to_have_count(1)
    assert _shown(page) == [made["id"]]
    expect(page.get_by_role("status")).to_have_text("1 voice.")
    page.get_by_label("Kind").select_option("cloned")
    expect(page.get_by_role("status")).to_contain_text("No voice is like that")
    page.get_by_label("Search").fill("")
    page.get_by_label("Kind").select_option("preset")
    page.get_by_role("combobox", name="Engine").select_option("tone")
    expect(page.get_by_role("status")).to_have_text("3 voices.")
    wanted = client.get("/v1/voices?kind=preset&engine=tone").json()["voices"]
    assert _shown(page) == [voice["id"] for voice in wanted]


def test_a_preset_is_heard_and_cannot_be_changed(page: Page) -> None:
    _search(page, "hums at 880")
    card = _card(page, "High")
    expect(card.get_by_role("button", name="Delete")).to_have_count(0)
    expect(card.get_by_role("link", name="Speak with it")).to_have_attribute(
        "href", "/?voice=tone.high"
    )
    card.get_by_role("button", name="Hear").click()
    heard(page)


def test_what_a_voice_was_made_of_is_told(page: Page, made: dict[str, Any]) -> None:
    _search(page, made["name"])
    card = _card(page, made["name"])
    card.get_by_text("Made of").click()
    expect(card.locator("details li")).to_have_text(
        ["“a low one”", "low: low", "Not understood: a, one", "pitch: 220"]
    )


def test_a_voice_that_is_kept_for_a_while_says_until_when(
    page: Page, client: httpx.Client, name: str
) -> None:
    asked = {"name": name, "description": "low", "engine": "tone", "ttl": 3600}
    client.post("/v1/voices/design", json=asked)
    _search(page, name)
    expect(_card(page, name)).to_contain_text("designed · tone · kept until ")


def test_a_voice_is_renamed_in_its_place(
    page: Page, made: dict[str, Any], client: httpx.Client
) -> None:
    _search(page, made["name"])
    _card(page, made["name"]).get_by_role("button", name="Rename").click()
    field = page.get_by_label("New name")
    expect(field).to_be_focused()
    field.fill("Never mind")
    field.press("Escape")
    expect(_card(page, made["name"])).to_be_visible()
    _card(page, made["name"]).get_by_role("button", name="Rename").click()
    field.fill("alloy")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("preset")
    field.fill(f"{made['name']} the second")
    page.get_by_role("button", name="Save").click()
    expect(_card(page, f"{made['name']} the second")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
    renamed = client.get(f"/v1/voices/{made['id']}").json()
    assert renamed["name"] == f"{made['name']} the second"


def test_a_deletion_is_taken_back_even_when_the_list_has_moved_on(
    page: Page, made: dict[str, Any], client: httpx.Client
) -> None:
    _search(page, made["name"])
    _card(page, made["name"]).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert client.get(f"/v1/voices/{made['id']}").status_code == 404
    page.get_by_label("Kind").select_option("designed")
    expect(page.get_by_role("status")).to_contain_text("No voice is like that")
    page.get_by_role("button", name="Undo").click()
    expect(_card(page, made["name"])).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    assert client.get(f"/v1/voices/{made['id']}").status_code == 200


def test_a_voice_that_is_gone_already_is_told(
    page: Page, made: dict[str, Any], client: httpx.Client
) -> None:
    _search(page, made["name"])
    client.delete(f"/v1/voices/{made['id']}")
    _card(page, made["name"]).get_by_role("button", name="Hear").click()
    expect(page.get_by_role("alert")).to_contain_text("no voice")


def test_voices_are_blended_by_their_weights(page: Page, client: httpx.Client, name: str) -> None:
    page.get_by_label("Kind").select_option("preset")
    page.get_by_role("combobox", name="Engine").select_option("tone")
    expect(page.get_by_role("status")).to_have_text("3 voices.")
    blend = page.get_by_role("form", name="Blend")
    page.get_by_label("Blend low").check()
    expect(blend).to_contain_text("Choose another voice")
    expect(blend.get_by_role("button", name="Keep the blend")).to_be_disabled()
    page.get_by_label("Blend high").check()
    blend.get_by_role("slider", name="Weight of low").fill("75")
    blend.get_by_role("slider", name="Weight of high").fill("25")
    expect(blend.locator(".reading")).to_have_text(["75 %", "25 %"])
    page.get_by_role("combobox", name="Engine").select_option("")
    blend.get_by_role("button", name="Keep the blend").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the blend a name")
    page.keyboard.type(name)
    page.get_by_label("Kind").select_option("")
    blend.get_by_role("button", name="Keep the blend").click()
    card = _card(page, name)
    card.get_by_text("Made of").click()
    expect(card.locator("details li")).to_have_text(["75 % low", "25 % high"])
    expect(blend).to_be_hidden()
    (kept,) = client.get("/v1/voices", params={"text": name}).json()["voices"]
    assert [each["weight"] for each in kept["origin"]["voices"]] == [0.75, 0.25]
    card.get_by_role("button", name="Hear").click()
    heard(page)


def test_voices_of_two_engines_are_not_blended(page: Page) -> None:
    _search(page, "hums at 880")
    page.get_by_label("Blend high").check()
    _search(page, "alloy")
    page.get_by_label("Blend alloy").check()
    blend = page.get_by_role("form", name="Blend")
    expect(blend).to_contain_text("these are of tone and espeak")
    expect(blend.get_by_role("button", name="Keep the blend")).to_be_disabled()
    blend.get_by_role("button", name="Remove high").click()
    expect(blend).to_contain_text("Choose another voice")
    page.get_by_label("Blend alloy").uncheck()
    expect(blend).to_be_hidden()


def test_a_voice_is_exported_deleted_and_imported_again(
    page: Page, made: dict[str, Any], client: httpx.Client, tmp_path: Path
) -> None:
    _search(page, made["name"])
    card = _card(page, made["name"])
    with page.expect_download() as download:
        card.get_by_role("link", name="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert zipfile.is_zipfile(file)
    page.get_by_label("Import").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("already", timeout=WITHIN)
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    page.get_by_label("Import").set_input_files(file)
    expect(_card(page, made["name"])).to_be_visible(timeout=WITHIN)
    expect(page.get_by_role("status")).to_have_text(f"{made['name']} is here.")
    (back,) = client.get("/v1/voices", params={"text": made["name"]}).json()["voices"]
    assert back["id"] != made["id"]
    assert back["origin"]["settings"] == {"pitch": 220.0}


def test_a_file_that_is_no_voice_is_told(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "poem.zip"
    file.write_text("Not a voice at all.")
    page.get_by_label("Import").set_input_files(file)
    expect(page.get_by_role("alert")).to_have_text("The file is not an exported voice.")


def test_a_name_is_shown_as_it_is_written(page: Page, client: httpx.Client, name: str) -> None:
    written = f"<b>{name}</b> & co".replace("/", "")
    asked = {"name": written, "description": "<i>low</i>", "engine": "tone"}
    client.post("/v1/voices/design", json=asked)
    _search(page, name)
    expect(_card(page, written).get_by_role("heading")).to_have_text(written)
    expect(_card(page, written).locator("b, i")).to_have_count(0)


def test_keys_are_enough_to_delete_and_take_it_back(page: Page, made: dict[str, Any]) -> None:
    page.get_by_label("Search").focus()
    page.keyboard.type(made["name"])
    expect(page.locator("#voices > li")).to_have_count(1)
    card = _card(page, made["name"])
    card.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(card).to_have_count(0)
    page.keyboard.press("Enter")
    expect(card).to_be_visible()

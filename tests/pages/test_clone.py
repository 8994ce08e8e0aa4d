"""The page that clones: a recording by any way, advice, the clone, and what is done with it."""

from __future__ import annotations

import base64
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import av
import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from polyvox.domain.audio import Samples
from tests.pages.ways import LISTEN, WITHIN, heard, message, position, until
from tests.sounds import decode, level_of, silence

pytestmark = pytest.mark.browser

_REFUSED = """Object.defineProperty(navigator.mediaDevices, "getUserMedia", {
    value: async () => { throw new DOMException("no", "%s"); } });"""
_DROP = """([name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    const drop = document.querySelector("#drop");
    drop.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true }));
    drop.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
}"""


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN, path="/clone")


def _choose(page: Page, recording: Path) -> None:
    page.get_by_label("Choose a file").set_input_files(recording)
    expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)


def _agreed(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("I have the speaker's permission").check()


def _cloned(page: Page, name: str) -> Locator:
    page.get_by_role("button", name="Clone the voice").click()
    card = page.get_by_role("listitem", name=name)
    expect(card).to_be_visible(timeout=WITHIN)
    return card


def _written(path: Path, samples: Samples) -> Path:
    """A file of samples at 24 kHz: AIFF or WAV, by its suffix."""
    kind = path.suffix.removeprefix(".")
    with av.open(path, "w", format=kind) as opened:
        codec: Literal["pcm_s16be", "pcm_s16le"] = "pcm_s16be" if kind == "aiff" else "pcm_s16le"
        stream = opened.add_stream(codec, rate=24000, layout="mono")
        whole = (samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate = 24000
        opened.mux([*stream.encode(frame), *stream.encode()])
    return path


def _samples(recording: Path) -> Samples:
    with wave.open(str(recording), "rb") as opened:
        assert (opened.getframerate(), opened.getnchannels()) == (24000, 1)
        whole = np.frombuffer(opened.readframes(opened.getnframes()), "<i2")
    return (whole / 32768).astype(np.float32)


def test_what_is_recorded_is_cloned_heard_renamed_deleted_and_brought_back(
    page: Page, client: httpx.Client, name: str
) -> None:
    page.get_by_role("button", name="Record").click()
    expect(page.locator("#timer")).to_contain_text("at least 10 s")
    until(page, "() => document.querySelector('#level').value > 0.02")
    expect(page.locator("#timer")).to_contain_text("long enough", timeout=WITHIN)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)
    length = float(page.locator("#length").inner_text().split()[0])
    assert 10 <= length <= 20

    page.get_by_role("group", name="the recording").get_by_role("button", name="Play").click()
    heard(page)
    _agreed(page, name)
    card = _cloned(page, name)
    expect(card).to_contain_text("it still sounds like a synthesizer")
    expect(page.locator("#clip")).to_be_hidden()
    (listed,) = client.get("/v1/voices", params={"text": name}).json()["voices"]
    assert listed["kind"] == "cloned"
    assert listed["consent"] == "I have the speaker's permission to clone this voice."
    assert listed["seconds"] == pytest.approx(length, abs=0.06)

    until(page, "() => window.loudest() === 0")
    card.get_by_label("What it says").fill("Now I say something else.")
    with page.expect_response("**/preview?*text=Now+I+say+something+else.") as preview:
        card.get_by_role("button", name="Hear").click()
    heard(page)
    said, _ = decode(client.get(preview.value.url).content, "wav")
    assert level_of(said) > -40
    expect(card.get_by_role("link", name="Speak with it")).to_have_attribute(
        "href", f"/?voice={listed['id']}"
    )

    card.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill(f"{name} again")
    page.keyboard.press("Enter")
    card = page.get_by_role("listitem", name=f"{name} again")
    expect(card.get_by_role("heading")).to_have_text(f"{name} again")
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    assert client.get(f"/v1/voices/{listed['id']}").status_code == 404
    page.get_by_role("button", name="Undo").click()
    expect(card).to_be_visible()
    assert client.get(f"/v1/voices/{listed['id']}").json()["name"] == f"{name} again"


def test_a_dropped_file_is_heard_and_cloned(
    page: Page, recording: Path, client: httpx.Client, name: str
) -> None:
    data = base64.b64encode(recording.read_bytes()).decode()
    page.evaluate(_DROP, ["deep.wav", data])
    expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)
    _agreed(page, name)
    page.get_by_text("More about the recording").click()
    page.get_by_label("What is said in it").fill("The old harbour lay quiet.")
    page.get_by_role("combobox", name="Language").select_option("en")
    page.get_by_role("combobox", name="Engine").select_option("tone")
    _cloned(page, name)
    (made,) = client.get("/v1/voices", params={"text": name}).json()["voices"]
    assert (made["engine"], made["language"]) == ("tone", "en")
    assert made["transcript"] == "The old harbour lay quiet."


def test_advice_is_given_in_the_servers_words(
    page: Page, recording: Path, tmp_path: Path, client: httpx.Client
) -> None:
    spoken = np.concatenate([_samples(recording)[: 4 * 24000], silence(10, 24000)])
    mostly_silent = _written(tmp_path / "silent.wav", spoken)
    with mostly_silent.open("rb") as opened:
        advice = client.post("/v1/voices/check", files={"audio": opened}).json()["advice"]
    assert advice[0]["code"] == "mostly_silence"
    _choose(page, mostly_silent)
    shown = page.get_by_role("list", name="Advice").get_by_role("listitem")
    expect(shown).to_have_text([each["message"] for each in advice])
    expect(shown.first).to_have_attribute("data-severity", "warn")


@pytest.mark.parametrize("seconds", [4, 12])
def test_silence_and_too_little_give_the_servers_sentence_and_no_voice(
    page: Page, tmp_path: Path, client: httpx.Client, seconds: int
) -> None:
    useless = _written(tmp_path / "useless.wav", silence(seconds, 24000))
    with useless.open("rb") as opened:
        refusal = client.post("/v1/voices/check", files={"audio": opened})
    assert refusal.status_code == 400
    page.get_by_label("Choose a file").set_input_files(useless)
    expect(page.get_by_role("alert")).to_have_text(message(refusal))
    page.get_by_role("button", name="Clone the voice").click()
    expect(page.get_by_role("alert")).to_contain_text("Record something or choose a file")


def test_a_file_that_is_no_sound_is_told(page: Page, tmp_path: Path, recording: Path) -> None:
    text = tmp_path / "letter.mp3"
    text.write_text("Dear Ada, this is a letter.")
    _choose(page, recording)
    page.get_by_label("Choose a file").set_input_files(text)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#clip")).to_be_hidden()
    _choose(page, recording)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_what_the_browser_cannot_play_is_drawn_all_the_same(
    page: Page, recording: Path, tmp_path: Path
) -> None:
    _choose(page, _written(tmp_path / "deep.aiff", _samples(recording)))
    expect(page.locator("#length")).to_contain_text("This browser cannot play")
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    drawn = """() => {
        const wave = document.querySelector("#clip canvas");
        const { data } = wave.getContext("2d").getImageData(0, 0, wave.width, wave.height);
        return data.some((each) => each > 0);
    }"""
    assert page.evaluate(drawn)


@pytest.mark.parametrize(
    ("error", "told"),
    [("NotAllowedError", "Allow it beside the address"), ("NotFoundError", "Connect one")],
)
def test_without_a_microphone_it_is_said_what_to_do(
    visit: Callable[..., Page], error: str, told: str
) -> None:
    page = visit(_REFUSED % error, path="/clone")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_role("button", name="Record")).to_be_focused()


def test_what_is_missing_is_asked_for_one_after_another(
    page: Page, recording: Path, name: str
) -> None:
    clone, alert = page.get_by_role("button", name="Clone the voice"), page.get_by_role("alert")
    clone.click()
    expect(alert).to_contain_text("Record something or choose a file")
    expect(page.get_by_role("button", name="Record")).to_be_focused()
    _choose(page, recording)
    clone.click()
    expect(alert).to_contain_text("Give the voice a name")
    page.keyboard.type(name)
    clone.click()
    expect(alert).to_contain_text("permission")
    page.keyboard.press("Space")
    _cloned(page, name)
    expect(alert).to_be_hidden()


def test_a_name_that_is_taken_is_told_and_nothing_is_lost(
    page: Page, recording: Path, client: httpx.Client, name: str
) -> None:
    client.post("/v1/voices/design", json={"name": name, "description": "low", "engine": "tone"})
    _choose(page, recording)
    _agreed(page, name)
    page.get_by_role("button", name="Clone the voice").click()
    expect(page.get_by_role("alert")).to_contain_text(f"already a voice called '{name}'")
    page.get_by_label("Name", exact=True).fill(f"{name} two")
    _cloned(page, f"{name} two")


def test_a_large_file_is_sent_with_its_progress(page: Page) -> None:
    told = page.evaluate(
        """async () => {
            const { upload } = await import("/static/api.js");
            const told = [];
            const audio = new File([new Uint8Array(4_000_000)], "zeros");
            const error = await upload("/v1/voices/check", { audio }, (share) => told.push(share))
                .catch((error) => error.message);
            return { told, error };
        }"""
    )
    assert told["told"][-1] == 1
    assert told["told"] == sorted(told["told"])
    assert "The server answered" not in told["error"]


def test_keys_are_enough_to_clone(page: Page, recording: Path, name: str) -> None:
    page.on("filechooser", lambda chooser: chooser.set_files(recording))
    page.get_by_role("button", name="Record").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Choose a file")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#length")).to_contain_text("are speech", timeout=WITHIN)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    heard(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert position(page, "#clip canvas") == 0
    page.keyboard.press("Tab")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem", name=name)).to_be_visible(timeout=WITHIN)

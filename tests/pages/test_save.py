"""Files from the page: sound in every format, and captions."""

from __future__ import annotations

import io
from pathlib import Path

import av
import httpx
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def _saved(page: Page, button: str, text: str = "Keep this, please.") -> tuple[str, bytes]:
    page.get_by_label("Text", exact=True).fill(text)
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    name = download.value.suggested_filename
    expect(page.get_by_role("status")).to_have_text(f"Saved as {name}.")
    return name, Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("fmt", ["mp3", "opus", "aac", "flac", "wav"])
def test_a_saved_file_is_sound_in_its_format(page: Page, fmt: str) -> None:
    page.get_by_label("Format").select_option(fmt)
    name, data = _saved(page, "Download")
    assert name == f"polyvox.{fmt}"
    with av.open(io.BytesIO(data), "r") as opened:
        seconds = sum(
            frame.samples / frame.sample_rate for frame in opened.decode(opened.streams.audio[0])
        )
    assert seconds == pytest.approx(_spoken(page), abs=0.15)


def test_a_saved_wav_tells_its_true_length(page: Page) -> None:
    page.get_by_label("Format").select_option("wav")
    _, data = _saved(page, "Download", "Never said before, so that nobody remembers it.")
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_headerless_sound_is_saved_whole(page: Page) -> None:
    page.get_by_label("Format").select_option("pcm")
    name, data = _saved(page, "Download")
    assert name == "polyvox.pcm"
    assert len(data) / 2 / 24000 == pytest.approx(_spoken(page), abs=0.001)


@pytest.mark.parametrize(("kind", "beginning"), [("srt", "1\n00:00:00,"), ("vtt", "WEBVTT\n")])
def test_captions_are_saved(page: Page, kind: str, beginning: str) -> None:
    name, data = _saved(page, f"Captions, {kind.upper()}")
    written = data.decode().replace("\r\n", "\n")
    assert name == f"polyvox.{kind}"
    assert written.startswith(beginning)
    assert "Keep this, please." in written


def test_a_file_that_cannot_be_made_is_told(page: Page) -> None:
    page.get_by_label("Text", exact=True).fill(" ")
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing to speak")


def _spoken(page: Page) -> float:
    """Seconds that the server says."""
    voice = page.locator("#voice").input_value()
    request = {"input": "Keep this, please.", "voice": voice, "stream": False}
    answer = httpx.post(f"{page.url}v1/audio/speech", json=request | {"response_format": "pcm"})
    return float(answer.headers["X-Audio-Duration"])

"""What tests do on the page that speaks."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

WITHIN = 30_000
"""Milliseconds."""


def speak(page: Page, text: str, *, model: str = "espeak", **options: float) -> None:
    page.get_by_label("Model").select_option(model)
    page.get_by_label("Text", exact=True).fill(text)
    if options:
        page.get_by_text("Options of the engine").click()
    for name, value in options.items():
        page.locator(f"#option-{name}").fill(f"{value:g}")
    page.get_by_role("button", name="Speak").click()


def state(page: Page, wanted: str) -> None:
    """Wait until the sound is in that state: empty, playing, paused or ended."""
    expect(page.locator("#stage")).to_have_attribute("data-state", wanted, timeout=WITHIN)


def until(page: Page, true: str, given: Any = None) -> Any:
    """Wait until a JavaScript function gives something true."""
    for _ in range(WITHIN // 20):
        if found := page.evaluate(true, given):
            return found
        page.wait_for_timeout(20)
    raise AssertionError(f"It never came to be that {true}")


def position(page: Page) -> float:
    return float(page.locator("#wave").get_attribute("aria-valuenow") or 0)


def colours(page: Page) -> int:
    """How many colours the waveform is drawn in."""
    found: int = page.evaluate(
        """() => {
            const wave = document.querySelector("#wave");
            const copy = new OffscreenCanvas(wave.width, wave.height).getContext("2d");
            copy.drawImage(wave, 0, 0);
            const { data } = copy.getImageData(0, 0, wave.width, wave.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    return found

"""What tests do on pages."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import Page, expect

WITHIN = 30_000
"""Milliseconds."""

LISTEN = """
const taps = [];
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
        taps.push(target.context.createAnalyser());
        connect.call(this, taps.at(-1));
    }
    return connect.call(this, target, ...rest);
};
window.loudest = () => Math.max(0, ...taps.flatMap((tap) => {
    const samples = new Float32Array(tap.fftSize);
    tap.getFloatTimeDomainData(samples);
    return Array.from(samples, Math.abs);
}));
"""
"""An ear at the sound card: `loudest()` is the amplitude of what is heard now."""

CONTROLS = "button, select, textarea, input, summary, a[href], [role=slider]"
CONTRASTS = """() => {
    const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => {
        const [r, g, b] = colour.map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = parse(getComputedStyle(each).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const found = {};
    for (const element of document.querySelectorAll("body *:not(#mirror, #mirror *)")) {
        const own = [...element.childNodes].some(
            (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!own || !element.checkVisibility()) continue;
        const [one, other] = [parse(getComputedStyle(element).color).slice(0, 3), ground(element)]
            .map(luminance).sort((less, more) => less - more);
        const name = element.id || element.textContent.trim().slice(0, 30);
        found[name] = (other + 0.05) / (one + 0.05);
    }
    return found;
}"""
"""The contrast of every text that is shown with what is behind it."""


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


def position(page: Page, wave: str = "#wave") -> float:
    return float(page.locator(wave).get_attribute("aria-valuenow") or 0)


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


def reachable_by_keys(page: Page) -> None:
    """The tab key leads to every control that can be used, and shows where one is."""
    page.locator(CONTROLS).first.focus()
    page.keyboard.press("Shift+Tab")
    reached: list[dict[str, Any]] = []
    while True:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                f"""() => {{
                const at = document.activeElement;
                const shown = at.matches(".hidden") ? at.parentElement : at;
                const {{ outlineStyle, outlineWidth }} = getComputedStyle(shown);
                return {{ place: [...document.querySelectorAll("{CONTROLS}")].indexOf(at),
                    outline: outlineStyle === "none" ? 0 : parseFloat(outlineWidth) }};
            }}"""
            )
        )
        if reached[-1]["place"] < 0 or reached[-1] in reached[:-1]:
            break
    places = {each["place"] for each in reached} - {-1}
    usable = page.locator(CONTROLS).evaluate_all(
        """(all) => all.flatMap((each, place) =>
            each.disabled || !each.checkVisibility() ? [] : [place])"""
    )
    assert sorted(places) == usable
    assert min(each["outline"] for each in reached if each["place"] >= 0) >= 2


def nameless(page: Page) -> list[str]:
    """Controls without a name, as HTML."""
    found: list[str] = page.locator(CONTROLS).evaluate_all(
        """(all) => all.filter((each) => !(each.ariaLabel || each.labels?.length
            || (each.labels ? "" : each.textContent.trim()) || each.textContent.trim()
            && each.tagName === "BUTTON")).map((each) => each.outerHTML)"""
    )
    return found


def heard(page: Page) -> None:
    """Wait until something is heard; the page was opened with `LISTEN`."""
    until(page, "() => window.loudest() > 0.01")


def message(answer: httpx.Response) -> str:
    """What the server says went wrong."""
    words: str = answer.json()["error"]["message"]
    return words

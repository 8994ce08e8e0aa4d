"""The player's samples, exactly: the browser renders them without a sound card."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

_RENDERED = """async ([sizes, from]) => {
    const { Player, RATE } = await import("/static/player.js");
    const context = new OfflineAudioContext(1, RATE, RATE);
    const player = new Player(context);
    let next = 0;
    for (const size of sizes) {
        player.append(Float32Array.from({ length: size }, () => ++next / 32768));
    }
    if (from) player.play(from / RATE);
    player.finish();
    const heard = Array.from((await context.startRendering()).getChannelData(0));
    const first = heard.findIndex((sample) => sample !== 0);
    const last = heard.findLastIndex((sample) => sample !== 0);
    return {
        heard: heard.slice(first, last + 1).map((sample) => sample * 32768),
        state: player.state, position: player.position * RATE, duration: player.duration * RATE,
    };
}"""


def _rendered(page: Page, sizes: list[int], since: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(_RENDERED, [sizes, since])
    return found


def test_pieces_of_any_size_are_heard_as_one_without_a_gap(page: Page) -> None:
    rendered = _rendered(page, [1, 479, 2400, 0, 3333, 7])
    assert rendered["heard"] == [float(each) for each in range(1, 6221)]
    assert rendered["state"] == "ended"
    assert rendered["position"] == rendered["duration"] == pytest.approx(6220)


def test_playing_begins_where_one_says(page: Page) -> None:
    rendered = _rendered(page, [1200, 1200], since=1800)
    assert rendered["heard"] == [float(each) for each in range(1801, 2401)]


def test_a_whole_recording_waits_until_somebody_plays_it(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const { Player, RATE } = await import("/static/player.js");
            const context = new OfflineAudioContext(1, RATE, RATE);
            const player = new Player(context);
            player.hold(Float32Array.from({ length: 2400 }, () => 0.5));
            const before = [player.state, player.position, player.duration];
            player.play();
            const heard = (await context.startRendering()).getChannelData(0);
            return { before, loud: heard.filter((each) => each === 0.5).length };
        }"""
    )
    assert found == {"before": ["paused", 0, 0.1], "loud": 2400}


def test_samples_cut_in_the_middle_are_put_together(page: Page) -> None:
    decoded = page.evaluate(
        """async () => {
            const answer = (...pieces) => {
                const events = pieces.map((audio) => ({ type: "speech.audio.delta", audio }));
                events.push({ type: "speech.audio.done" });
                const lines = events.map((each) => `data: ${JSON.stringify(each)}\\n\\n`);
                return new Response(lines.join(""));
            };
            const bytes = ["\\x01", "\\x00\\xff", "\\xff\\x00\\x80"];
            window.fetch = async () => answer(...bytes.map(btoa));
            const { speech } = await import("/static/api.js");
            const samples = [];
            for await (const part of (await speech({})).parts) samples.push(...part.samples);
            return samples.map((each) => each * 32768);
        }"""
    )
    assert decoded == [1, -1, -32768]


def test_a_stream_that_ends_early_is_told(page: Page) -> None:
    told = page.evaluate(
        """async () => {
            const line = 'data: {"type":"speech.audio.delta","audio":"AAA="}\\n\\n';
            window.fetch = async () => new Response(line);
            const { speech } = await import("/static/api.js");
            try {
                for await (const part of (await speech({})).parts) void part;
            } catch (error) {
                return error.message;
            }
        }"""
    )
    assert told == "The connection broke before the speech was complete."


@pytest.mark.parametrize("text", ["plain", "a😀b", "𝒂𝒃", "日本語", ""])
def test_places_count_as_python_counts_them(page: Page, text: str) -> None:
    sliced = page.evaluate(
        """async (text) => {
            const { utf16Offsets } = await import("/static/words.js");
            const at = utf16Offsets(text);
            return at.slice(1).map((end, index) => text.slice(at[index], end));
        }""",
        text,
    )
    assert sliced == list(text)

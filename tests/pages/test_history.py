"""The page of jobs: narrations are begun, followed, heard, saved, begun again and deleted."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.ways import LISTEN, WITHIN, heard, until
from tests.processes import within
from tests.server import served
from tests.sounds import decode

pytestmark = pytest.mark.browser

STREAMS = """
const Real = EventSource;
const streams = [];
window.EventSource = class extends Real {
    constructor(...given) {
        super(...given);
        streams.push(this);
        window.most = Math.max(open(), window.most ?? 0);
    }
};
const open = () => streams.filter((each) => each.readyState !== Real.CLOSED).length;
window.open_streams = open;
"""
"""Counts streams of events: `open_streams()` now, `most` at once."""
SAYINGS = """() => {
    window.said = [];
    const status = document.querySelector("#status");
    new MutationObserver(() => window.said.push(status.textContent))
        .observe(status, { childList: true, characterData: true, subtree: true });
}"""
AWAY = {"POLYVOX_ENGINES__ENABLED": "espeak,tone", "POLYVOX_JOBS__SILENCE_SECONDS": "2"}
LINE = "hum hum hum hum hum."


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(LISTEN + STREAMS, path="/history")


@pytest.fixture(autouse=True)
def nothing_runs(client: httpx.Client) -> Iterator[None]:
    """What a test leaves running does not hold up the next one."""
    yield
    for status in ("queued", "running"):
        for job in client.get("/v1/jobs", params={"status": status}).json()["jobs"]:
            client.post(f"/v1/jobs/{job['id']}/cancel")


def begun(client: httpx.Client, text: str, lines: int = 1, **options: float) -> str:
    """The id of a job that hums so many lines of two seconds."""
    whole = "\n\n".join([text, *[LINE] * (lines - 1)])
    asked = {"text": whole, "model": "tone", "language": "en", "options": options}
    answer = client.post("/v1/jobs", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def over(client: httpx.Client, *ids: str) -> None:
    for id in ids:
        within(30, lambda: client.get(f"/v1/jobs/{id}").json()["ended_at"])  # noqa: B023


def card(page: Page, id: str) -> Locator:
    return page.locator(f"#jobs > li[data-job='{id}']")


def state(page: Page, id: str, wanted: str) -> None:
    expect(card(page, id)).to_have_attribute("data-status", wanted, timeout=WITHIN)


def shown(page: Page) -> list[str]:
    found: list[str] = page.locator("#jobs > li").evaluate_all(
        "(all) => all.map((each) => each.dataset.job)"
    )
    return found


def narrate(page: Page, text: str) -> Locator:
    page.get_by_label("Voice").select_option("tone.low")
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Narrate").click()
    return page.locator("#jobs > li").filter(has_text=text).first


def test_a_text_is_narrated_heard_and_listed_with_what_spoke(page: Page, name: str) -> None:
    job = narrate(page, f"{name} hums.")
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    expect(job.get_by_text("Completed")).to_be_visible(timeout=WITHIN)
    expect(job.locator(".quiet").first).to_contain_text("Low · tone · ")
    expect(job.locator(".quiet").first).to_contain_text("seconds of sound, made in")
    job.get_by_role("button", name="Play").click()
    heard(page)
    expect(page.get_by_role("status")).to_contain_text("seconds.")
    job.get_by_role("button", name="Pause").click()
    until(page, "() => window.loudest() < 0.001")


def test_sound_that_is_too_long_to_draw_is_played_as_it_comes(
    page: Page, client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}. {'hum ' * 2300}")
    state(page, id, "completed")
    card(page, id).get_by_role("button", name="Play").click()
    until(page, "() => document.querySelector('audio')?.currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').duration") > 900
    card(page, id).get_by_role("button", name="Delete").click()
    card(page, id).get_by_role("button", name="Delete for good").click()
    expect(page.locator("audio")).to_have_count(0)


def test_a_voice_is_named_and_one_that_is_gone_is_told(
    page: Page, client: httpx.Client, name: str
) -> None:
    asked = {"name": name, "description": "low", "engine": "tone"}
    voice = client.post("/v1/voices/design", json=asked).json()["id"]
    id = client.post("/v1/jobs", json={"text": "Who hums?", "voice": voice}).json()["id"]
    over(client, id)
    page.reload()
    expect(card(page, id)).to_contain_text(f"{name} · tone")
    client.delete(f"/v1/voices/{voice}")
    page.reload()
    expect(card(page, id)).to_contain_text("a voice that is not here any more · tone")


def test_how_far_it_is_is_shown_and_only_its_end_is_announced(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", 8, real_time_factor=1)
    page = visit(path="/history")
    expect(page.get_by_role("status")).to_contain_text("job")
    page.evaluate(SAYINGS)
    bar = card(page, id).locator("progress")
    expect(card(page, id).locator(".state")).to_contain_text("seconds left", timeout=WITHIN)
    seen = set()
    for _ in range(600):
        seen.add(float(bar.get_attribute("value") or 0))
        if card(page, id).get_attribute("data-status") == "completed":
            break
        page.wait_for_timeout(50)
    state(page, id, "completed")
    assert len(seen) > 3
    expect(page.get_by_role("status")).to_have_text(re.compile(f"^“{name}.*” is completed"))
    assert len(page.evaluate("window.said")) == 1


def test_few_streams_are_open_and_none_for_what_is_over_or_out_of_sight(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    ids = [begun(client, f"{name} {n}.", 4, real_time_factor=0.5) for n in range(4)]
    page = visit(STREAMS, path="/history", viewport={"width": 800, "height": 2000})
    until(page, "() => window.open_streams() === 2")
    page.set_viewport_size({"width": 800, "height": 300})
    page.evaluate("window.scrollTo(0, 0)")
    until(page, "() => window.open_streams() === 0")
    page.set_viewport_size({"width": 800, "height": 2000})
    until(page, "() => window.open_streams() === 2")
    for id in ids:
        state(page, id, "completed")
    until(page, "() => window.open_streams() === 0")
    assert page.evaluate("window.most") == 2


def test_without_streams_it_is_asked_now_and_then(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", 6, real_time_factor=1)
    page = visit(path="/voices")
    page.route("**/events", lambda route: route.abort())
    page.get_by_role("link", name="History").click()
    expect(card(page, id).locator(".state")).to_contain_text("left", timeout=WITHIN)
    state(page, id, "completed")


def test_jobs_are_listed_newest_first_a_page_at_a_time_and_by_how_they_are(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    ids = [begun(client, f"{name} {n}.") for n in range(21)]
    failed = begun(client, f"{name} fails.", fail_after=0)
    over(client, *ids, failed)
    listed = client.get("/v1/jobs?page_size=200").json()["jobs"]
    page = visit(path="/history")
    expect(page.get_by_role("status")).to_have_text(f"{len(listed)} jobs.")
    assert shown(page) == [job["id"] for job in listed[:20]]
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#where")).to_contain_text("Page 2 of")
    assert shown(page) == [job["id"] for job in listed[20:40]]
    page.get_by_label("Show").select_option("failed")
    wanted = [job["id"] for job in listed if job["status"] == "failed"][:20]
    expect(page.locator("#jobs > li")).to_have_count(len(wanted))
    assert shown(page) == wanted
    page.reload()
    expect(page.get_by_label("Show")).to_have_value("failed")
    expect(page.locator("#jobs > li")).to_have_count(len(wanted))
    page.get_by_label("Show").select_option("queued")
    expect(page.get_by_role("status")).to_have_text("No job is like that.")


def test_the_result_is_saved_in_every_format_with_captions(
    page: Page, client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.")
    seconds = len(f"{name}.") / 10
    state(page, id, "completed")
    opening = card(page, id).get_by_role("button", name="Download")
    expect(opening).to_have_attribute("aria-expanded", "false")
    opening.click()
    expect(opening).to_have_attribute("aria-expanded", "true")
    files = card(page, id).get_by_role("group", name="Files").get_by_role("link")
    expect(files).to_have_count(11)
    for index in range(11):
        with page.expect_download() as download:
            files.nth(index).click()
        data = Path(download.value.path()).read_bytes()
        _, _, ending = download.value.suggested_filename.rpartition(".")
        if ending in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            samples, rate = decode(data, ending)
            assert len(samples) / rate == pytest.approx(seconds, abs=0.15)
        elif ending in ("ulaw", "alaw"):
            assert len(data) / 8000 == pytest.approx(seconds, abs=0.15)
        else:
            assert name.split()[1] in data.decode()
        page.wait_for_timeout(150)  # no more than ten in a burst are what browsers allow


def test_a_job_is_cancelled_and_tried_again(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", 4, real_time_factor=1.5)
    page = visit(path="/history")
    state(page, id, "running")
    card(page, id).get_by_role("button", name="Cancel").click()
    state(page, id, "cancelled")
    expect(card(page, id).get_by_role("button", name="Try again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card(page, id).get_by_role("button", name="Cancel")).to_be_focused()
    state(page, id, "completed")
    expect(card(page, id).get_by_role("button", name="Play")).to_be_focused()


def test_a_job_is_deleted_by_keys_once_that_is_confirmed(
    page: Page, client: httpx.Client, name: str
) -> None:
    older, newer = begun(client, f"{name} one."), begun(client, f"{name} two.")
    for id in (older, newer):
        state(page, id, "completed")
    card(page, newer).get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(card(page, newer).get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page, newer).get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card(page, newer)).to_have_count(0)
    expect(card(page, older).get_by_role("heading")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(f"“{name} two.” is deleted.")
    assert client.get(f"/v1/jobs/{newer}").status_code == 404
    assert client.get(f"/v1/jobs/{older}").status_code == 200


def test_a_failure_says_why_and_what_can_be_done(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", fail_after=0.8, real_time_factor=5)
    page = visit(path="/history")
    state(page, id, "running")
    state(page, id, "failed")
    expect(card(page, id)).to_contain_text("asked to fail after 0.8 s")
    expect(card(page, id)).to_contain_text("Try again. If it fails at the same place, change")
    expect(card(page, id).get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(f"“{name}.” has failed.")


def test_segments_are_shown_and_spoken_again(page: Page, client: httpx.Client, name: str) -> None:
    id = begun(client, f"{name}.", 23)
    state(page, id, "completed")
    card(page, id).get_by_role("button", name="Segments").click()
    segments = card(page, id).get_by_role("list", name="Segments").get_by_role("listitem")
    expect(segments).to_have_count(20)
    expect(segments.first).to_contain_text("1 · 1.")
    card(page, id).get_by_role("button", name="More segments").click()
    expect(segments).to_have_count(23)
    expect(card(page, id).get_by_role("button", name="More segments")).to_be_hidden()
    page.get_by_role("button", name="Speak segment 3 again").click()
    expect(page.get_by_role("status")).to_have_text("Segment 3 is spoken again.")
    state(page, id, "completed")
    expect(page.get_by_role("button", name="Speak segment 3 again")).to_be_enabled()
    spoken = client.get(f"/v1/jobs/{id}/segments").json()
    assert [each["number"] for each in spoken if each["seed"]] == [2]


def test_a_segment_is_heard_by_itself_and_silent_once_they_are_closed(
    page: Page, client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", 4)
    state(page, id, "completed")
    card(page, id).get_by_role("button", name="Segments").click()
    for number in (2, 4):
        page.get_by_role("button", name=f"Play segment {number}").click()
        expect(page.get_by_role("status")).to_have_text(f"This is segment {number}.")
        segments = card(page, id).get_by_role("list", name="Segments").get_by_role("listitem")
        sound = card(page, id).get_by_role("group", name="the segment")
        expect(sound).to_have_count(1)
        expect(segments.nth(number - 1).get_by_role("group", name="the segment")).to_be_visible()
        expect(sound).to_contain_text("2.0 s")
        heard(page)
    card(page, id).get_by_role("button", name="Segments").click()
    until(page, "() => window.loudest() < 0.001")


def test_only_what_is_spoken_can_be_played(
    visit: Callable[..., Page], client: httpx.Client, name: str
) -> None:
    id = begun(client, f"{name}.", 30, real_time_factor=1)
    within(30, lambda: client.get(f"/v1/jobs/{id}").json()["done"] >= 1)
    page = visit(LISTEN, path="/history")
    card(page, id).get_by_role("button", name="Segments").click()
    expect(page.get_by_role("button", name="Play segment 20")).to_be_disabled()
    expect(page.get_by_role("button", name="Speak segment 1 again")).to_be_disabled()
    page.get_by_role("button", name="Play segment 1", exact=True).click()
    heard(page)


def test_a_text_comes_from_a_file(page: Page, tmp_path: Path) -> None:
    text = page.get_by_label("Text", exact=True)
    for coding in ("utf-8", "windows-1252"):
        file = tmp_path / f"{coding}.txt"
        file.write_bytes("Grüße, “Fräulein”".encode(coding))
        page.get_by_label("Choose a text file").set_input_files(file)
        expect(text).to_have_value("Grüße, “Fräulein”")
        expect(page.locator("#length")).to_have_text("17 characters")
    (tmp_path / "sound.txt").write_bytes(bytes(range(256)))
    page.get_by_label("Choose a text file").set_input_files(tmp_path / "sound.txt")
    expect(page.get_by_role("alert")).to_have_text("sound.txt is not a text.")
    expect(text).to_have_value("Grüße, “Fräulein”")


def test_nothing_is_not_narrated(page: Page) -> None:
    page.get_by_label("Text", exact=True).fill(" ")
    page.get_by_role("button", name="Narrate").click()
    expect(page.get_by_role("alert")).to_have_text("Write a text, or choose a file.")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()


def test_keys_are_enough_to_narrate(page: Page, name: str) -> None:
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.type(f"{name} by keys.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("listitem", name=f"{name} by keys.")).to_be_visible()


def test_a_text_is_shown_as_it_is_written(page: Page, client: httpx.Client, name: str) -> None:
    id = begun(client, f"<b>{name}</b> & co")
    expect(card(page, id).get_by_role("heading")).to_have_text(f"<b>{name}</b> & co")
    expect(card(page, id).locator("b")).to_have_count(0)


def test_nothing_moves_when_a_job_is_over_and_others_come_and_go(
    page: Page, client: httpx.Client, name: str
) -> None:
    older = begun(client, f"{name} one.")
    state(page, older, "completed")
    newer = begun(client, f"{name} two.", 8, real_time_factor=1)
    state(page, newer, "running")
    card(page, older).get_by_role("button", name="Play").focus()
    before = card(page, older).bounding_box()
    state(page, newer, "completed")
    assert card(page, older).bounding_box() == before
    newest = begun(client, f"{name} three.")
    expect(card(page, newest)).to_be_visible(timeout=WITHIN)
    assert shown(page)[:3] == [newest, newer, older]
    expect(card(page, older).get_by_role("button", name="Play")).to_be_focused()
    for id in (newer, older):
        client.delete(f"/v1/jobs/{id}")
    expect(card(page, newer)).to_have_count(0, timeout=WITHIN)
    expect(card(page, older)).to_be_visible()


def test_an_empty_list_says_what_to_do_and_another_engine_why_it_spoke(
    browser: Browser, tmp_path: Path
) -> None:
    settings = {
        "POLYVOX_ENGINES__ENABLED": "espeak,tone",
        "POLYVOX_ENGINES__FALLBACKS": '{"tone": ["espeak"]}',
    }
    with served(tmp_path, **settings) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.url}/history")
        expect(page.get_by_role("status")).to_contain_text("There is no job yet.")
        asked = {"text": "Who?", "model": "tone", "options": {"die_after": 0}}
        httpx.post(f"{server.url}/v1/jobs", json=asked)
        job = page.get_by_role("listitem", name="Who?")
        expect(job).to_contain_text("Completed", timeout=WITHIN)
        expect(job).to_contain_text("Spoken by espeak instead: ")


@contextlib.contextmanager
def served_again(folder: Path, port: int) -> Iterator[None]:
    """The server that was in that folder, at its port."""
    places = {"POLYVOX_STORAGE__FOLDER": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    given = os.environ | places | AWAY
    command = [sys.executable, "-m", "polyvox", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=given, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def test_a_server_that_goes_away_is_told_once_and_followed_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with served(tmp_path, **AWAY) as server:
            with httpx.Client(base_url=server.url) as client:
                id = begun(client, "Away.", 12, real_time_factor=0.5)
            page.goto(f"{server.url}/history")
            state(page, id, "running")
            server.process.kill()
            server.process.wait()
            expect(page.get_by_role("alert")).to_have_text("The server cannot be reached.")
            page.evaluate("() => { document.querySelector('#problem').textContent = 'Told.' }")
            page.wait_for_timeout(3000)
            expect(page.get_by_role("alert")).to_have_text("Told.")
        page.evaluate(SAYINGS)
        with served_again(tmp_path, server.port):
            state(page, id, "completed")
            expect(page.get_by_role("alert")).to_be_hidden()
            assert "The server is back." in page.evaluate("window.said")

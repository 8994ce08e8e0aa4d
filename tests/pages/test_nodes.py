"""The page of nodes: real workers are seen as they come, work and go, and are told what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.flows.cluster.processes import Gateway, Machines, Program
from tests.pages.ways import CONTRASTS, WITHIN, nameless, reachable_by_keys

pytestmark = pytest.mark.browser
DEAD = 3
SPEECH = {"input": "Hum hum.", "model": "far", "response_format": "wav"}


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def gateway(machines: Machines) -> Gateway:
    return machines.gateway(POLYVOX_CLUSTER__DEAD_SECONDS=str(DEAD))


@pytest.fixture(scope="module")
def far(machines: Machines, gateway: Gateway) -> Program:
    """A worker that all tests see, with its model in memory."""
    worker = machines.worker(gateway.url)
    gateway.ready(worker)
    return worker


@pytest.fixture
def asleep(machines: Machines, gateway: Gateway, far: Program) -> Iterator[Program]:
    """A worker of one test, with nothing in memory."""
    worker = machines.worker(gateway.url, engine="tone", load=False, seats=1)
    gateway.until(worker, "standby")
    yield worker
    worker.end()
    node = gateway.node(worker)
    if node:
        httpx.delete(f"{gateway.url}/v1/nodes/{node['node_id']}")


@pytest.fixture
def site(gateway: Gateway, far: Program) -> str:
    return gateway.url


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit(path="/nodes")


def row(page: Page, worker: Program) -> Locator:
    return page.get_by_role("row").filter(has_text=worker.url.removeprefix("http://"))


def state(page: Page, worker: Program, word: str) -> None:
    expect(row(page, worker).locator(".state")).to_contain_text(word, timeout=WITHIN)


def press(page: Page, worker: Program, act: str) -> None:
    row(page, worker).get_by_role("button", name=f"{act}: node").click()


def says(page: Page, words: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(words, timeout=WITHIN)


def activate(gateway: Gateway, worker: Program) -> None:
    """As somebody else does."""
    path = f"/v1/nodes/{gateway.node(worker)['node_id']}/command"
    assert httpx.post(f"{gateway.url}{path}", json={"command": "activate"}).status_code == 200


def asked_for(page: Page) -> list[str]:
    """Grows with each time that the page asks for the nodes itself."""
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.url.endswith("/nodes") else None)
    return asked


def without_socket(page: Page) -> None:
    """Open it anew, where nothing lets sockets through."""

    def shut(socket: WebSocketRoute) -> None:
        socket.close()

    page.route_web_socket("**/ws", shut)
    page.reload()
    expect(page.locator("#version")).not_to_be_empty()


def test_a_node_is_shown_with_how_it_is_doing(page: Page, gateway: Gateway, far: Program) -> None:
    cells = row(page, far).get_by_role("cell")
    heads = page.get_by_role("columnheader").all_text_contents()
    told = dict(zip(heads[1:], cells.all_text_contents(), strict=True))
    name = row(page, far).get_by_role("rowheader")
    expect(name).to_contain_text(gateway.node(far)["node_id"][:8])
    assert told["Speaks"] == "farin memory"
    assert told["State"] == "Ready"
    assert re.fullmatch(r"\d+ %", told["CPU"])
    assert re.fullmatch(r"\d+ %", told["Memory"])
    assert re.fullmatch(r"\d+ of 2", told["Under way"])
    assert re.fullmatch(r"\d s ago", told["Heard"])
    totals = page.get_by_label("All nodes together")
    expect(totals).to_contain_text("Online1 of 1")


def test_what_happens_elsewhere_is_pushed_to_the_page(
    page: Page, gateway: Gateway, asleep: Program
) -> None:
    state(page, asleep, "Standby")
    says(page, "has joined.")
    asked = asked_for(page)
    activate(gateway, asleep)
    state(page, asleep, "Ready")
    assert asked == []


def test_where_no_socket_opens_the_nodes_are_asked_for_again_and_again(
    page: Page, gateway: Gateway, asleep: Program
) -> None:
    without_socket(page)
    state(page, asleep, "Standby")
    asked = asked_for(page)
    activate(gateway, asleep)
    state(page, asleep, "Ready")
    assert asked


def test_a_model_is_brought_into_memory_and_put_to_rest_by_keys(
    page: Page, asleep: Program
) -> None:
    state(page, asleep, "Standby")
    row(page, asleep).get_by_role("button", name="Activate").focus()
    page.keyboard.press("Enter")
    says(page, "brings a model into memory.")
    state(page, asleep, "Ready")
    expect(row(page, asleep).get_by_role("button", name="Standby")).to_be_focused()
    page.keyboard.press("Enter")
    says(page, "gives its memory back.")
    state(page, asleep, "Standby")
    expect(row(page, asleep).locator(".speaks")).to_contain_text("asleep")


def test_a_node_is_stopped_only_by_whoever_means_it(page: Page, asleep: Program) -> None:
    press(page, asleep, "Stop")
    expect(row(page, asleep)).to_contain_text("It finishes what it speaks, then its process ends.")
    expect(row(page, asleep).get_by_role("button", name="Keep")).to_be_focused()
    page.wait_for_timeout(2500)
    expect(row(page, asleep).get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, asleep).get_by_role("button", name="Stop")).to_be_focused()
    assert asleep.process.poll() is None
    press(page, asleep, "Stop")
    press(page, asleep, "Stop for good")
    expect(row(page, asleep)).to_have_count(0, timeout=WITHIN)
    says(page, "has left.")
    assert asleep.process.wait(10) == 0
    assert not page.evaluate("document.activeElement === document.body")


def test_a_node_that_died_is_offline_and_can_be_forgotten(page: Page, asleep: Program) -> None:
    state(page, asleep, "Standby")
    asleep.kill()
    state(page, asleep, "Offline")
    says(page, "is offline.")
    press(page, asleep, "Forget")
    expect(row(page, asleep)).to_have_count(0, timeout=WITHIN)


def test_what_a_node_refuses_is_told(page: Page, asleep: Program) -> None:
    state(page, asleep, "Standby")
    asleep.kill()
    press(page, asleep, "Activate")
    expect(page.get_by_role("alert")).to_contain_text("is lost")


def test_nodes_are_sifted_by_engine_and_state(page: Page, far: Program, asleep: Program) -> None:
    state(page, asleep, "Standby")
    page.get_by_label("Engine").select_option("tone")
    expect(row(page, asleep)).to_be_visible()
    expect(row(page, far)).to_have_count(0)
    says(page, "1 of 2 nodes.")
    page.get_by_label("State").select_option("Ready")
    says(page, "No node is like that.")
    assert page.url.endswith("?engine=tone&state=ready")
    page.reload()
    expect(page.get_by_label("State")).to_have_value("ready")
    expect(page.locator("#count")).to_have_text("No node is like that.")
    page.get_by_label("Engine").select_option("All")
    expect(row(page, far)).to_be_visible()


def test_the_load_is_drawn_and_told_in_words_and_kept_when_the_page_is_opened_again(
    page: Page, gateway: Gateway
) -> None:
    for _ in range(8):
        assert httpx.post(f"{gateway.url}/v1/audio/speech", json=SPEECH).status_code == 200
    rate = page.get_by_role("img", name="Requests a second")
    expect(rate).to_have_accessible_name(re.compile(r"at most (0\.[1-9]|[1-9])"), timeout=WITHIN)
    assert page.get_by_role("img", name="Segments under way").count() == 1
    drawn = """() => {
        const { width, height } = document.querySelector("#rate canvas");
        const copy = new OffscreenCanvas(width, height).getContext("2d");
        copy.drawImage(document.querySelector("#rate canvas"), 0, 0);
        const { data } = copy.getImageData(width - 60, 0, 60, height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    assert page.evaluate(drawn) > 5
    page.reload()
    expect(rate).to_have_accessible_name(re.compile(r"at most (0\.[1-9]|[1-9])"), timeout=WITHIN)


def test_a_server_that_is_away_is_told_once_and_that_it_is_back(page: Page) -> None:
    without_socket(page)
    page.route("**/api/nodes", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_have_text("The server cannot be reached.", timeout=WITHIN)
    page.unroute("**/api/nodes")
    says(page, "The server is back.")
    expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_it_fits_every_screen_as_a_table_or_as_cards(
    visit: Callable[..., Page], asleep: Program, width: int
) -> None:
    page = visit(path="/nodes", viewport={"width": width, "height": 740})
    state(page, asleep, "Standby")
    press(page, asleep, "Stop")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("table", name="Nodes")).to_have_count(1)
    expect(page.get_by_role("row")).to_have_count(3)
    label = row(page, asleep).locator(".cpu")
    shown = label.evaluate("(cell) => getComputedStyle(cell, '::before').content")
    assert shown == ("none" if width > 1200 else '"CPU"')


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_reached_by_keys(
    visit: Callable[..., Page], asleep: Program, scheme: str
) -> None:
    page = visit(path="/nodes", color_scheme=scheme, reduced_motion="reduce")
    without_socket(page)
    state(page, asleep, "Standby")
    press(page, asleep, "Stop")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert {name: each for name, each in page.evaluate(CONTRASTS).items() if each < 4.5} == {}
    assert nameless(page) == []
    reachable_by_keys(page)

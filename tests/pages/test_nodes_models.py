"""The page of nodes, where a worker has an engine with several models: each is loaded alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.cluster.processes import FAR, Gateway, Machines, Program
from tests.pages.ways import WITHIN, nameless

pytestmark = pytest.mark.browser
PAIR = """
from polyvox.engines.tone import Tone


class Pair(Tone):
    name = "pair"
    models = ("pair-small", "pair-large")
"""


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    made = Machines(tmp_path)
    yield made
    made.end()


@pytest.fixture
def engines(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "far.py").write_text(FAR.replace("{separate}", "True"))
    (folder / "pair.py").write_text(PAIR)
    return {"POLYVOX_ENGINES__FOLDER": str(folder)}


@pytest.fixture
def gateway(machines: Machines, engines: dict[str, str]) -> Gateway:
    return machines.gateway(**engines)


@pytest.fixture
def worker(machines: Machines, gateway: Gateway, engines: dict[str, str]) -> Program:
    made = machines.worker(gateway.url, engine="pair", load=False, seats=1, **engines)
    gateway.until(made, "standby")
    return made


@pytest.fixture
def site(gateway: Gateway, worker: Program) -> str:
    return gateway.url


def test_each_model_is_brought_into_memory_and_put_to_rest_alone(
    visit: Callable[..., Page],
) -> None:
    page = visit(path="/nodes")

    def line(model: str) -> Locator:
        return (
            page.get_by_role("list", name="Models").get_by_role("listitem").filter(has_text=model)
        )

    expect(line("pair-small")).to_contain_text("asleep")
    expect(line("pair-large")).to_contain_text("asleep")
    page.get_by_role("button", name="Load: pair-large").press("Enter")
    expect(line("pair-large")).to_contain_text("in memory", timeout=WITHIN)
    expect(line("pair-small")).to_contain_text("asleep")
    assert nameless(page) == []
    page.get_by_role("button", name="Unload: pair-large").press("Enter")
    expect(line("pair-large")).to_contain_text("asleep", timeout=WITHIN)
    expect(page.locator("#nodes .word")).to_have_text("Standby")
    expect(page.get_by_role("button", name="Load: pair-large")).to_be_focused()

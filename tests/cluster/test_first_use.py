"""A node gets what a model needs when it is first asked for it."""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from polyvox.cluster.launches import weights_of
from polyvox.domain.errors import Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.engines.xtts.engine import Xtts
from polyvox.runtime.wire import Message, pack, read, to_fields
from tests.cluster.nodes import TOKEN, RunningNode, running
from tests.runtime.hub import Hub, serving

pytestmark = pytest.mark.long

_ENGINE = """
from polyvox.engines.contract import Weights
from polyvox.engines.tone import Tone

class Heavy(Tone):
    name = "heavy"
    models = ("heavy-1",)
    weights = {"heavy-1": Weights("Some/Model", "Apache-2.0", True, 0.001, ("config.json",))}

    def load(self, device):
        assert (self.folder / "config.json").read_bytes() == b"{}"
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving({"Some/Model": {"config.json": b"{}"}}) as hub:
        yield hub


@pytest.fixture
def url(tmp_path: Path, hub: Hub) -> Iterator[str]:
    (tmp_path / "heavy.py").write_text(_ENGINE, encoding="utf-8")
    with _fetching(tmp_path, hub) as found:
        yield found.url


def _fetching(folder: Path, hub: Hub, *python: str) -> AbstractContextManager[RunningNode]:
    command = [sys.executable, "-m", "tests.cluster.fetching", "heavy", str(folder)]
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home")}
    return running([*command, str(folder / "models"), *python], folder, **environment)


def _kinds(url: str) -> list[str]:
    """Of the messages that a request to speak is answered with."""
    voice = to_fields(Voice("low", "low", "heavy", PRESET, "low"))
    fields = {"segment": to_fields(Segment("ab", "en")), "voice": voice, "options": {}}
    answer = httpx.post(
        f"{url}/host?model=heavy-1",
        content=pack(Message("speak", 1, fields)),
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=60,
    )
    stream = io.BytesIO(answer.content)
    return [message.kind for message in iter(lambda: read(stream), None)]


def test_weights_come_with_the_first_request_and_once(url: str, hub: Hub) -> None:
    assert _kinds(url)[-1] == "done"
    assert _kinds(url)[-1] == "done"
    assert hub.sent == [("Some/Model/config.json", 0)]


def test_meanwhile_the_node_says_that_it_goes_on(url: str, hub: Hub) -> None:
    hub.stuck["Some/Model/config.json"] = 1

    def unstick() -> None:
        hub.stuck.clear()
        hub.go_on.set()

    threading.Timer(2.5, unstick).start()
    kinds = _kinds(url)
    assert kinds.count("waiting") >= 2
    assert kinds[-1] == "done"


def test_weights_that_do_not_come_are_the_operators_matter_and_tried_again(
    url: str, hub: Hub
) -> None:
    found = hub.repositories.pop("Some/Model")
    assert _kinds(url)[-1] == "error"
    hub.repositories["Some/Model"] = found
    assert _kinds(url)[-1] == "done"


def test_weights_with_a_licence_to_accept_are_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="polyvox models pull xtts-v2"):
        weights_of(Xtts, "xtts-v2", tmp_path)


def test_an_environment_that_does_not_run_is_the_operators_matter(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "heavy.py").write_text(_ENGINE, encoding="utf-8")
    broken = tmp_path / "python"
    broken.touch()
    with _fetching(tmp_path, hub, str(broken)) as found:
        assert _kinds(found.url)[-1] == "error"
        assert httpx.get(f"{found.url}/health").status_code == 200

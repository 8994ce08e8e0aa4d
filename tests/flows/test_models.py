"""Models of one engine that differ in what they can do: each voice speaks with the model that made
it, and what a model cannot do is refused by the name of one that can."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.server import served

DUO = """
from polyvox.engines.tone import Tone


class Duo(Tone):
    name = "duo"
    models = ("duo-preset", "duo-clone", "duo-design")
    abilities = {
        "duo-preset": ("presets",),
        "duo-clone": ("enroll", "blend"),
        "duo-design": ("design",),
    }

    def synthesize(self, segment, voice, options):
        assert (voice.state is None) == (self.model == "duo-preset"), self.model
        assert voice.model in (None, self.model), (voice.model, self.model)
        yield from super().synthesize(segment, voice, options)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("duo")
    (folder / "engines").mkdir()
    (folder / "engines" / "duo.py").write_text(DUO, encoding="utf-8")
    with (
        served(
            folder,
            POLYVOX_ENGINES__ENABLED="espeak,duo",
            POLYVOX_ENGINES__FOLDER=str(folder / "engines"),
            POLYVOX_ENGINES__HOSTS="1",
        ) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        yield client


def spoken(client: httpx.Client, **asked: Any) -> httpx.Response:
    return client.post("/v1/audio/speech", json={"input": "ten chars.", **asked})


def cloned(client: httpx.Client, recording: Path, **form: str) -> dict[str, Any]:
    form = {"name": f"Duo {uuid4().hex[:6]}", "engine": "duo", **form}
    with recording.open("rb") as audio:
        answer = client.post("/v1/voices", data=form, files={"audio": audio})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_a_clone_speaks_with_the_model_that_made_it(client: httpx.Client, recording: Path) -> None:
    voice = cloned(client, recording)
    answer = spoken(client, voice=voice["id"])
    assert (answer.status_code, answer.headers["x-model"]) == (200, "duo-clone")
    assert spoken(client, voice=voice["name"], model="duo-clone").status_code == 200
    refused = spoken(client, voice=voice["id"], model="duo-preset")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")
    assert "duo-clone" in refused.json()["error"]["message"]


def test_a_design_and_a_blend_find_their_models(client: httpx.Client, recording: Path) -> None:
    asked = {"name": f"Duo {uuid4().hex[:6]}", "description": "high", "engine": "duo"}
    design = client.post("/v1/voices/design", json=asked).json()
    assert spoken(client, voice=design["id"]).headers["x-model"] == "duo-design"
    preview = client.post("/v1/voices/design/preview", json=asked)
    assert preview.status_code == 200, preview.text
    parts = [{"voice": cloned(client, recording)["id"]} for _ in range(2)]
    asked = {"name": f"Duo {uuid4().hex[:6]}", "voices": parts}  # type: ignore[dict-item]
    blend = client.post("/v1/voices/blend", json=asked).json()
    assert spoken(client, voice=blend["id"]).headers["x-model"] == "duo-clone"


def test_presets_speak_with_a_model_that_has_them(client: httpx.Client) -> None:
    assert spoken(client, voice="duo.low").headers["x-model"] == "duo-preset"
    assert spoken(client, voice="low", model="duo-preset").status_code == 200
    refused = spoken(client, voice="low", model="duo-clone")
    assert refused.status_code == 400
    assert "duo-preset" in refused.json()["error"]["message"]


def test_the_engine_tells_of_all_its_models(client: httpx.Client) -> None:
    told = client.get("/v1/engines/duo").json()
    assert told["models"] == ["duo-preset", "duo-clone", "duo-design"]
    assert client.post("/v1/engines/duo/load?model=duo-design").json()["state"] == "ready"

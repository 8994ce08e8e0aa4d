"""When an engine fails before its first sound, another one speaks and the answer says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import sounds
from tests.server import served

BROKEN = """
from dataclasses import dataclass
from pathlib import Path

from polyvox.domain.errors import EngineFailed
from polyvox.engines.options import option
from polyvox.engines.tone import Tone


class Broken(Tone):
    name = "broken"

    @dataclass(frozen=True)
    class Settings:
        trouble: str = option("", "File that makes it fail while it is there.")

    def synthesize(self, segment, voice, options):
        if Path(self.settings.trouble).exists():
            raise EngineFailed("it is in trouble")
        yield from super().synthesize(segment, voice, options)
"""


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trouble") / "trouble"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, trouble: Path) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("fallback")
    (folder / "engines").mkdir()
    (folder / "engines" / "broken.py").write_text(BROKEN, encoding="utf-8")
    (folder / "polyvox.toml").write_text(
        f"""
[engines]
enabled = ["espeak", "broken", "tone"]
folder = "{folder / "engines"}"
fallbacks = {{ broken = ["tone", "espeak"] }}

[engines.settings.broken]
trouble = "{trouble}"

[cache]
enabled = false
""",
        encoding="utf-8",
    )
    with served(folder) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def spoken(client: httpx.Client, **more: Any) -> httpx.Response:
    asked = {"model": "broken", "input": "ten chars.", "response_format": "wav", **more}
    return client.post("/v1/audio/speech", json=asked)


def test_an_engine_that_works_speaks_itself(client: httpx.Client) -> None:
    answer = spoken(client, voice="high")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-engine"] == "broken"
    assert "x-fallback-reason" not in answer.headers


def test_another_speaks_for_it_with_the_same_name_and_it_is_tried_again(
    client: httpx.Client, trouble: Path
) -> None:
    trouble.touch()
    for _ in range(4):
        answer = spoken(client, voice="high", options={"level": 0.3})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-engine"] == "tone"
        assert "trouble" in answer.headers["x-fallback-reason"]
    samples, rate = sounds.decode(answer.content, "wav")
    assert sounds.pitch_of(samples[rate // 4 : rate // 2], rate) == pytest.approx(880, rel=0.02)
    health = client.get("/health/engines").json()["engines"]
    assert health["broken"]["breaker"] == "open"
    assert health["tone"]["breaker"] == "closed"
    scraped = client.get("/metrics").text.splitlines()
    assert 'polyvox_engine_breaker{engine="broken",state="open"} 1.0' in scraped
    assert 'polyvox_engine_breaker{engine="tone",state="open"} 0.0' in scraped
    assert 'polyvox_engine_state{engine="tone",state="ready"} 1.0' in scraped
    trouble.unlink()
    answer = spoken(client, voice="high")
    assert (answer.headers["x-engine"], answer.status_code) == ("tone", 200), "it rests"


def test_a_mistake_of_the_caller_is_not_handed_on(client: httpx.Client) -> None:
    assert spoken(client, options={"level": 7}).status_code == 400
    assert spoken(client, voice="nobody").status_code == 404


def test_without_a_fallback_the_failure_is_told(client: httpx.Client) -> None:
    answer = spoken(client, model="tone", voice="low", options={"fail_after": 0})
    assert answer.status_code == 500
    assert "asked to fail" in answer.json()["error"]["message"]

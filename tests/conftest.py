"""What many tests share: settings of their own, services with real hosts, a real server."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from polyvox.app import running
from polyvox.services import Services
from polyvox.settings import Settings
from tests.server import Server, served


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.model_validate(
        {
            "engines": {"enabled": ("espeak", "tone"), "hosts": 2},
            "storage": {"folder": tmp_path_factory.mktemp("polyvox")},
        }
    )


@pytest.fixture(scope="session")
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with running(settings) as built:
        yield built


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server process that speaks with espeak and tone."""
    folder: Path = tmp_path_factory.mktemp("server")
    with served(folder, POLYVOX_ENGINES__ENABLED="espeak,tone") as running_server:
        yield running_server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def recording(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some fifteen seconds of a deep voice that speaks, as a WAV file."""
    text = (
        "The old harbour lay quiet in the evening light. A few boats came home with the tide, and "
        "their crews talked about the weather. Nobody on the pier was in a hurry. Somebody began "
        "to sing, and after a while everybody else was listening. Then it grew dark at last."
    )
    asked = {"input": text, "voice": "espeak.male_deep", "response_format": "wav", "stream": False}
    path = tmp_path_factory.mktemp("recording") / "deep.wav"
    path.write_bytes(httpx.post(f"{server.url}/v1/audio/speech", json=asked, timeout=60).content)
    return path

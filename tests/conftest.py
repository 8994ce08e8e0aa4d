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

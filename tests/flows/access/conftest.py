"""A gateway that others can reach, the key that it printed, and those who ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.flows.access.processes import REACHED, Made, bearer, local, printed
from tests.server import Server, served


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway that others can reach."""
    with served(tmp_path_factory.mktemp("house"), **REACHED) as server:
        yield server


@pytest.fixture(scope="session")
def admin(house: Server) -> str:
    """The key that it printed."""
    return printed(house.log.read_text())[0]


@pytest.fixture
def make(house: Server, admin: str) -> Made:
    """Makes a key, as the API tells it."""

    def made(*scopes: str, **wish: Any) -> dict[str, Any]:
        asked = {"name": "made", "scopes": scopes, **wish}
        answer = httpx.post(f"{house.url}/v1/keys", json=asked, headers=bearer(admin))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return made


@pytest.fixture
def anybody(house: Server) -> Iterator[httpx.Client]:
    """Somebody without a key."""
    with httpx.Client(base_url=local(house), timeout=30) as client:
        yield client

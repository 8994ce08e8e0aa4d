"""Each storage test runs on SQLite; marked `postgres`, on a real PostgreSQL too."""

import os
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return os.environ["POLYVOX_TEST_DATABASE_URL"]
    return f"sqlite:///{tmp_path / 'below' / 'polyvox.db'}"

"""What tests with neural engines share: their packages, and one set of tiny Qwen3-TTS models."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import neural_home


@pytest.fixture(scope="session")
def environment() -> Path:
    """Made by `make test-engines`."""
    return Path(os.environ["POLYVOX_TEST_ENGINES"])


@pytest.fixture(scope="session")
def qwen_checkpoints(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each of the five models, named like it."""
    folder = tmp_path_factory.mktemp("qwen3-checkpoints")
    neural_home.make_checkpoints("qwen3", environment, folder)
    return folder


@pytest.fixture(scope="session")
def qwen_home(
    environment: Path, qwen_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Makes a storage folder with the engine installed and the named models pulled."""

    def make(*models: str) -> Path:
        home = tmp_path_factory.mktemp("qwen3")
        neural_home.install("qwen3", environment, home)
        for model in models:
            neural_home.pull(model, qwen_checkpoints / model, home)
        return home

    return make

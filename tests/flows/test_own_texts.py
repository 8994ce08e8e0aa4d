"""The texts of one request do not crowd each other out, however slow the engine is."""

from collections.abc import Iterator

import httpx
import pytest

from tests.server import served

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {
        "POLYVOX_ENGINES__ENABLED": "tone",
        "POLYVOX_ENGINES__HOSTS": "1",
        "POLYVOX_SPEECH__MODEL": "tone",
        "POLYVOX_SPEECH__MAX_WAIT_SECONDS": "0.4",
        "POLYVOX_SPEECH__MAX_WAITING": "2",
    }
    with (
        served(tmp_path_factory.mktemp("own"), **settings) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def test_a_batch_waits_for_itself(client: httpx.Client) -> None:
    items = [{"input": f"text no. {n}"} for n in range(8)]
    asked = {"items": items, "options": {"real_time_factor": 0.3}, "response_format": "pcm"}
    answer = client.post("/v1/audio/speech/batch", json=asked).json()
    assert (answer["succeeded"], answer["failed"]) == (8, 0), answer


def test_celestials_texts_wait_for_each_other(client: httpx.Client) -> None:
    texts = ["a text that takes two seconds."[: 20 + n] for n in range(6)]
    asked = {"model_id": "tone", "text": texts, "language": "en", "speaker": "low"}
    answer = client.post("/generate", json=asked)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["wavs"]) == 6

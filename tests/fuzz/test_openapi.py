"""schemathesis over the whole OpenAPI document, against a real server: no 5xx, and answers that
are what the document says."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyvox.audio.encode import FORMATS
from tests.server import Server, served
from tests.sounds import decode


@pytest.mark.fuzz
def test_no_request_that_the_document_allows_or_forbids_breaks_the_server(tmp_path: Path) -> None:
    nodes = {"POLYVOX_CLUSTER__ENABLED": "true"}  # a server without them answers 503 about them
    with served(tmp_path, POLYVOX_ENGINES__ENABLED="espeak,tone", **nodes) as server:
        done = _fuzz(server, tmp_path)
        assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
        assert "Traceback" not in server.log.read_text()


def _fuzz(server: Server, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{server.url}/openapi.json",
            "--checks=not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance",
            "--phases=examples,coverage,fuzzing",
            "--max-examples=60",
            "--seed=1",
            "--request-timeout=20",
            "--no-color",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.fuzz
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(max_size=300) | st.text("[]pause:0.5s ", max_size=60),
    language=st.sampled_from(("auto", "en", "zh", "ja", "ko", "ar", "hi", "German")),
    speed=st.floats(0.25, 4),
    voice=st.sampled_from(("alloy", "Vivian", "espeak.onyx")),
    fmt=st.sampled_from(tuple(FORMATS)),
)
def test_any_text_is_spoken_or_refused(
    client: httpx.Client, text: str, language: str, speed: float, voice: str, fmt: str
) -> None:
    asked = {"input": text, "language": language, "speed": speed, "voice": voice}
    answer = client.post("/v1/audio/speech", json=asked | {"response_format": fmt})
    if answer.status_code == 200:
        assert len(decode(answer.content, fmt)[0]) > 100
    else:
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["param"] == "input"

"""Gateway and worker speak HTTPS with each other, and with nobody whom they cannot trust."""

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from tests.cluster.nodes import RunningNode, running
from tests.processes import within

pytestmark = pytest.mark.cluster
_POLYVOX = [sys.executable, "-m", "polyvox"]


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings for a certificate that everybody here trusts."""
    authority = trustme.CA()
    own = authority.issue_cert("localhost", "127.0.0.1")
    trusted, certificate, key = (tmp_path / name for name in ("ca.pem", "own.pem", "key.pem"))
    authority.cert_pem.write_to_path(str(trusted))
    own.cert_chain_pems[0].write_to_path(str(certificate))
    own.private_key_pem.write_to_path(str(key))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return {"POLYVOX_SERVER__CERTIFICATE": str(certificate), "POLYVOX_SERVER__KEY": str(key)}


def _nodes(gateway: RunningNode) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{gateway.url}/api/nodes").json()["nodes"]
    return found


def test_speech_comes_through_two_encrypted_connections(
    tmp_path: Path, tls: dict[str, str]
) -> None:
    with (
        running(
            [*_POLYVOX, "gateway", "--engine", "tone", "--port", "0"], tmp_path, **tls
        ) as front,
        running(
            [*_POLYVOX, "worker", "--engine", "tone", "--port", "0", "--gateway", front.url],
            tmp_path,
            **tls,
        ) as worker,
    ):
        assert front.url.startswith("https://")
        assert worker.url.startswith("https://")
        node = within(15, lambda: next(iter(_nodes(front)), None))
        assert node["url"] == worker.url
        answer = httpx.post(
            f"{front.url}/v1/audio/speech", json={"input": "Hello.", "model": "tone"}
        )
        assert answer.status_code == 200
        assert answer.headers["x-node-id"] == node["node_id"]


def test_a_gateway_whose_certificate_nobody_vouches_for_is_not_joined(
    tmp_path: Path, tls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = [*_POLYVOX, "gateway", "--engine", "tone", "--port", "0"]
    worker = [*_POLYVOX, "worker", "--engine", "tone", "--port", "0", "--gateway"]
    with running(gateway, tmp_path, **tls) as front:
        trusted = {"SSL_CERT_FILE": "/dev/null"}
        with running([*worker, front.url], tmp_path, **trusted) as alone:
            within(15, lambda: "CERTIFICATE_VERIFY_FAILED" in alone.log.read_text())
        assert _nodes(front) == []


def test_a_certificate_that_is_not_there_is_named_at_the_start(tmp_path: Path) -> None:
    gone = {"POLYVOX_SERVER__CERTIFICATE": str(tmp_path / "gone.pem")}
    asked = running([*_POLYVOX, "gateway", "--port", "0"], tmp_path, **gone)
    with pytest.raises(AssertionError, match=r"server\.certificate"), asked:
        pass

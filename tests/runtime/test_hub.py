"""Weights are fetched with the hub's own client from a server that speaks the hub's contract."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from polyvox.engines.contract import Weights

FILES = {
    "config.json": b"{}",
    "codec/model.safetensors": bytes(range(256)) * 8000,
    "README.md": b"# It",
}
COMMIT = "0" * 39 + "1"


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    broken = False

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if "/tree/" in path:
            listed = [_listed(name) for name in FILES]
            self._send(json.dumps(listed).encode(), {"Content-Type": "application/json"})
        elif path.startswith("/api/models/Some/Model"):
            siblings = [{"rfilename": name, **_large(name)} for name in FILES]
            about = {"id": "Some/Model", "sha": COMMIT, "siblings": siblings}
            self._send(json.dumps(about).encode(), {"Content-Type": "application/json"})
        elif path.startswith(f"/Some/Model/resolve/{COMMIT}/"):
            name = path.removeprefix(f"/Some/Model/resolve/{COMMIT}/")
            data = FILES[name]
            if type(self).broken and name.endswith("safetensors"):
                data = data[::-1]
            etag = hashlib.sha256(FILES[name]).hexdigest()
            self._send(data, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})
        else:
            self._send(b"{}", {"X-Error-Code": "RepoNotFound"}, 404)

    def _send(self, data: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *given: object) -> None:
        pass


def _listed(name: str) -> dict[str, object]:
    data = FILES[name]
    listed: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
    if name.endswith("safetensors"):
        digest = hashlib.sha256(data).hexdigest()
        listed["lfs"] = {"oid": digest, "size": len(data), "pointerSize": 100}
    return listed


def _large(name: str) -> dict[str, object]:
    if not name.endswith("safetensors"):
        return {}
    size, digest = len(FILES[name]), hashlib.sha256(FILES[name]).hexdigest()
    return {"size": size, "lfs": {"sha256": digest, "size": size, "pointerSize": 100}}


@pytest.fixture
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    _Hub.broken = False


PROGRAM = """
import sys
from pathlib import Path
from polyvox.domain.errors import PolyvoxError
from polyvox.engines.contract import Weights
from polyvox.runtime.models import Models

weights = Weights(sys.argv[2], "Apache-2.0", True, float(sys.argv[3]), tuple(sys.argv[4:]))
try:
    print(Models(Path(sys.argv[1])).fetch("tiny", weights))
except PolyvoxError as error:
    sys.exit(error.message)
"""


def fetched(
    hub: str, folder: Path, source: str = "Some/Model", size: float = 0.001
) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the client reads its endpoint when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), source, str(size), *list(FILES)[:2]],
        env={**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_model_comes_from_the_hub_whole(hub: str, tmp_path: Path) -> None:
    done = fetched(hub, tmp_path / "models")
    assert done.returncode == 0, done.stderr
    home = Path(done.stdout.strip())
    assert {name: (home / name).read_bytes() for name in FILES} == FILES
    assert not list((tmp_path / "models").glob(".fetching*"))
    assert Weights.__dataclass_fields__


def test_a_file_that_is_not_what_its_digest_says_is_refused(hub: str, tmp_path: Path) -> None:
    _Hub.broken = True
    done = fetched(hub, tmp_path / "models")
    assert done.returncode == 1
    assert "came broken" in done.stderr
    assert not (tmp_path / "models" / "tiny").exists()
    _Hub.broken = False
    assert fetched(hub, tmp_path / "models").returncode == 0


def test_what_cannot_be_fetched_says_what_to_do(hub: str, tmp_path: Path) -> None:
    done = fetched(hub, tmp_path / "models", source="No/Such")
    assert done.returncode == 1
    assert "--from" in done.stderr
    done = fetched("http://127.0.0.1:9", tmp_path / "models")
    assert done.returncode == 1
    assert "--from" in done.stderr
    done = fetched(hub, tmp_path / "models", size=1e6)
    assert "GB are free" in done.stderr

"""A server that answers as the model hub does: it lists repositories and sends their files, from
the middle where it is asked to, with digests of the large ones."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePath

COMMIT = "0" * 39 + "1"
_LARGE = (".safetensors", ".bin", ".pth")
_PIECE = 1 << 20


@dataclass
class Hub:
    repositories: dict[str, dict[str, bytes]]
    url: str = ""
    sent: list[tuple[str, int]] = field(default_factory=list)
    """What was sent, as OWNER/NAME/FILE, and from which byte on."""
    spoilt: set[str] = field(default_factory=set)
    """Files that come with other bytes than promised."""
    stuck: dict[str, int] = field(default_factory=dict)
    """Files of which only so many bytes come; then the line is silent until `go_on` is set."""
    go_on: threading.Event = field(default_factory=threading.Event)
    claimed: dict[str, int] = field(default_factory=dict)
    """Sizes that are told of files, where they are not true."""
    gated: set[str] = field(default_factory=set)
    """Repositories whose makers want to know who asks."""

    def listed(self, source: str) -> list[dict[str, object]]:
        return [self._listed(source, name) for name in self.repositories[source]]

    def _listed(self, source: str, name: str) -> dict[str, object]:
        data = self.repositories[source][name]
        size = self.claimed.get(f"{source}/{name}", len(data))
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        told: dict[str, object] = {"rfilename": name, "size": size, "blobId": blob}
        if PurePath(name).suffix in _LARGE:
            digest = hashlib.sha256(data).hexdigest()
            told["lfs"] = {"sha256": digest, "size": size, "pointerSize": 100}
        return told


@contextlib.contextmanager
def serving(repositories: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    hub = Hub(repositories)
    answer = type("Answer", (_Answer,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hub
        hub.go_on.set()
        server.shutdown()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if asked := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/.*)?", path):
            self._about(asked[1], asked[2] or "")
        elif asked := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", path):
            self._send(b"", {"Location": f"{self.hub.url}/stored/{asked[1]}/{asked[2]}"}, 302)
        elif asked := re.fullmatch(r"/stored/([^/]+/[^/]+)/(.+)", path):
            self._file(asked[1], asked[2])
        else:
            self._send(b"{}", {"X-Error-Code": "RepoNotFound"}, 404)

    def _about(self, source: str, rest: str) -> None:
        if source not in self.hub.repositories:
            self._send(b"{}", {"X-Error-Code": "RepoNotFound"}, 404)
        elif source in self.hub.gated:
            self._send(b"{}", {"X-Error-Code": "GatedRepo"}, 403)
        else:
            about = {"id": source, "sha": COMMIT, "siblings": self.hub.listed(source)}
            self._send(json.dumps(about).encode(), {"Content-Type": "application/json"})

    def _file(self, source: str, name: str) -> None:
        data = self.hub.repositories[source][name]
        headers = {"Accept-Ranges": "bytes"}
        place = f"{source}/{name}"
        if place in self.hub.spoilt:
            data = data[::-1]
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        if asked:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        self.hub.sent.append((place, first))
        stop = self.hub.stuck.get(place)
        self._send(data[first:], headers, 206 if asked else 200, stop and stop - first)

    def _send(
        self, data: bytes, headers: dict[str, str], status: int = 200, stop: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.close_connection = stop is not None
        with contextlib.suppress(ConnectionError):
            for first in range(0, len(data[:stop]), _PIECE):
                self.wfile.write(data[first : min(first + _PIECE, stop or len(data))])
        if stop is not None:
            self.hub.go_on.wait(60)

    def log_message(self, format: str, *given: object) -> None:
        pass

"""What a caller names by URL is fetched from public addresses alone, under limits."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from polyvox.api.fetch import Bounds, fetched
from polyvox.api.network import is_public
from polyvox.domain.errors import InvalidInput, PolyvoxError, TimedOut, TooLarge

PUBLIC_ONLY = Bounds(bytes=100_000, seconds=5, private=False)
ANYWHERE = Bounds(bytes=100_000, seconds=5, private=True)


class _Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        moved = {
            "/moved": "/file",
            "/loop": "/loop",
            "/scheme": "file:///etc/passwd",
            "/gopher": "gopher://127.0.0.1/",
        }
        if self.path in moved:
            self.send_response(302)
            self.send_header("Location", moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/file":
            self._answer(b"sound" * 100)
        elif self.path == "/big":
            self._answer(b"x" * 200_000)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            with_all = b"x" * 10_000
            try:
                while True:
                    self.wfile.write(with_all)
            except OSError:
                self.close_connection = True
        elif self.path == "/slow":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"x")
            self.wfile.flush()
            threading.Event().wait(3)
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x")
            self.close_connection = True
        else:
            assert port
            self.send_error(404)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *given: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def got(url: str, bounds: Bounds) -> bytes:
    async with fetched(url, bounds) as path:
        return path.read_bytes()


async def test_a_file_comes_whole_also_after_a_redirect(site: str) -> None:
    assert await got(f"{site}/file", ANYWHERE) == b"sound" * 100
    assert await got(f"{site}/moved", ANYWHERE) == b"sound" * 100


@pytest.mark.parametrize("path", ["/file", "/moved", "/big"])
async def test_a_private_address_is_refused(site: str, path: str) -> None:
    with pytest.raises(InvalidInput, match="private address"):
        await got(site + path, PUBLIC_ONLY)
    with pytest.raises(InvalidInput, match="private address"):
        await got(site.replace("127.0.0.1", "localhost") + path, PUBLIC_ONLY)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/nothing", InvalidInput),
        ("/loop", InvalidInput),
        ("/scheme", InvalidInput),
        ("/gopher", InvalidInput),
        ("/half", InvalidInput),
        ("/big", TooLarge),
        ("/endless", TooLarge),
    ],
)
async def test_what_is_no_file_is_refused(site: str, path: str, error: type[PolyvoxError]) -> None:
    with pytest.raises(error) as refused:
        await got(site + path, ANYWHERE)
    assert type(refused.value) is error
    assert refused.value.param == "audio"


async def test_a_slow_site_is_left(site: str) -> None:
    with pytest.raises(TimedOut, match=r"0\.5 s"):
        await got(f"{site}/slow", Bounds(bytes=100, seconds=0.5, private=True))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "//example.org/x",
        "http://",
        "http:///x",
        "javascript:alert(1)",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "http://example.org:0/",
        "http://[::1",
        "http://example.org/\r\nX: y",
        "http://ex\u00e4mple.org/",
        "http://example.org/" + "x" * 3000,
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        await got(url, ANYWHERE)


async def test_a_name_without_an_address_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidInput, match="no address"):
        await got("http://no-such-name.invalid/x.wav", PUBLIC_ONLY)


@pytest.mark.parametrize(
    "url",
    [
        "http://0.0.0.0/",
        "http://0/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_other_spellings_of_inside_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        await got(url, PUBLIC_ONLY)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_inside_addresses_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)

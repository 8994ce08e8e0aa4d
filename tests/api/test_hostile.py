"""Clients that mean harm, or do not know what they do: a clear 4xx or a right answer, never a
500, never a hang."""

import contextlib
import json
import re
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import Server, served
from tests.sounds import decode

SPEECH = "/v1/audio/speech"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little patience."""
    folder: Path = tmp_path_factory.mktemp("strict")
    with served(
        folder,
        POLYVOX_ENGINES__ENABLED="espeak,tone",
        POLYVOX_SERVER__HEADER_SECONDS="1",
        POLYVOX_SERVER__BODY_SECONDS="1",
        POLYVOX_SERVER__STALL_SECONDS="1",
        POLYVOX_SERVER__MAX_BODY_MB="0.1",
        POLYVOX_SPEECH__MAX_WAITING="2",
    ) as server:
        yield server


def exchange(server: Server, *pieces: bytes, then: str = "read", patience: float = 10) -> bytes:
    """Send pieces over a bare connection; all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), patience) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.05)
        if then == "half-close":
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def request(body: bytes, *headers: str) -> bytes:
    head = [f"POST {SPEECH} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    head += ["Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b\x01\x02\x1b[31m",
        "\u202eright to left\u202c \u200b\u200d\ufeff",
        "😀😀😀",
        "👨‍👩‍👧‍👦🏳️‍🌈",
        "Hello 你好 こんにちは 안녕 Привет مرحبا שלום नमस्ते สวัสดี",
        "e\u0301" * 200,
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
        "<script>alert(1)</script> ${x} {{y}} %s",
        "a" * 4096,
        "word " * 800,
        "1" * 4000,
        "日" * 4000,
        ". " * 1000 + "end",
        "\n" * 1000 + "end",
        "[pause:0.1s]" * 100 + "end",
        "[pause:abc] [pause:] [pause:-1s] hi",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_odd_texts_are_spoken(client: httpx.Client, text: str) -> None:
    answer = client.post(SPEECH, json={"input": text, "response_format": "wav"})
    assert answer.status_code == 200, answer.text
    assert len(decode(answer.content, "wav")[0]) > 2000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe\x00",
        b'{"input": "\xff"}',
        b"[" * 50000,
        b'{"input": ' + b"[" * 20000 + b"]" * 20000 + b"}",
        b'{"input": "x", "speed": NaN}',
        b'{"input": "x", "speed": 1e999}',
        b'{"input": "x", "speed": ' + b"9" * 5000 + b"}",
        b'{"input": "x", "voice": {"id": {"id": "x"}}}',
        b'{"input": "x", "options": {"pitch": 1e400}}',
        b'{"input": "x", "voice": "' + b"v" * 100000 + b'"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_bodies_that_make_no_sense_are_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(SPEECH, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error"]["message"]


def test_lone_surrogates_are_refused_or_spoken_without(client: httpx.Client) -> None:
    for text in ('"\\ud800"', '"hello \\udfff there"'):
        answer = client.post(
            SPEECH,
            content=f'{{"input": {text}}}'.encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "image/png", ""])
def test_another_content_type_is_refused(client: httpx.Client, content_type: str) -> None:
    body = json.dumps({"input": "hello"}).encode()
    answer = client.post(SPEECH, content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (400, 415)


def test_ten_megabytes_are_refused_before_they_are_read(client: httpx.Client) -> None:
    answer = client.post(SPEECH, json={"input": "a" * 10_000_000})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_a_body_that_does_not_say_its_size_is_counted(strict: Server) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 10000

    with httpx.Client(base_url=strict.url, timeout=10) as client:
        try:
            answer = client.post(
                SPEECH, content=endless(), headers={"Content-Type": "application/json"}
            )
        except httpx.WriteError:
            return  # it was cut off while it still sent, which is as good
        assert answer.status_code == 413


def test_a_client_that_sends_no_headers_is_cut_off(strict: Server) -> None:
    begun = time.monotonic()
    assert exchange(strict, b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\n") == b""
    assert exchange(strict) == b""
    assert time.monotonic() - begun < 8


def test_a_client_that_drips_its_headers_is_cut_off(strict: Server) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", strict.port), 10) as connection:

        def drip() -> None:
            connection.sendall(b"POST / HTTP/1.1\r\n")
            for number in range(100):
                connection.sendall(f"X-{number}: x\r\n".encode())
                time.sleep(0.1)

        with pytest.raises(ConnectionError):
            drip()
    assert time.monotonic() - begun < 8


def test_a_body_that_does_not_come_is_408(strict: Server) -> None:
    answer = exchange(strict, request(b'{"input": ', "Content-Length: 100"))
    assert status(answer) == 408
    assert b"too_slow" in answer


def test_a_half_closed_connection_is_answered_or_closed(strict: Server) -> None:
    body = b'{"input": "hello", "response_format": "wav"}'
    answer = exchange(strict, request(body, f"Content-Length: {len(body)}"), then="half-close")
    assert answer == b"" or status(answer) == 200
    assert exchange(strict, b"POST / HT", then="half-close") == b""


def test_nonsense_instead_of_http_is_refused(strict: Server) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET\r\n\r\n"):
        answer = exchange(strict, nonsense)
        assert answer == b"" or status(answer) == 400
    lying = exchange(strict, request(b"{}", "Content-Length: abc"))
    assert status(lying) == 400


def test_an_empty_bearer_is_no_bearer(strict: Server) -> None:
    get = (
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\nConnection: close\r\n\r\n"
    )
    assert status(exchange(strict, get)) == 200


@pytest.mark.long
def test_a_client_that_never_reads_is_cut_off(strict: Server) -> None:
    """It asks for more sound than fits into the sockets' buffers, and does not read."""
    text = "ten chars. " * 370
    body = json.dumps({"model": "tone", "input": text, "response_format": "wav"}).encode()
    asked = request(body, f"Content-Length: {len(body)}", "X-Pad: " + "x" * 10)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", strict.port))
        connection.sendall(asked)
        time.sleep(6)
        received = 0
        try:
            while piece := connection.recv(1 << 20):
                received += len(piece)
        except ConnectionError:
            pass
    whole = len(text) * 0.1 * 24000 * 2
    assert received < whole


def test_a_client_that_leaves_after_one_byte_harms_nobody(strict: Server) -> None:
    body = json.dumps({"model": "tone", "input": "ten chars. " * 100}).encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", strict.port), 10) as connection:
            connection.sendall(request(body, f"Content-Length: {len(body)}"))
            connection.recv(1)
    answer = httpx.post(f"{strict.url}{SPEECH}", json={"input": "fine"}, timeout=20)
    assert answer.status_code == 200


def test_a_full_queue_is_503_with_a_time_to_come_back(strict: Server) -> None:
    """Two are spoken at once, two may wait: of ten at least six are sent away."""
    asked: dict[str, Any] = {"model": "tone", "input": "ten chars.", "language": "en"}
    slow = json.dumps(asked | {"options": {"real_time_factor": 10.0}}).encode()
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(10):
            connection = socket.create_connection(("127.0.0.1", strict.port), 20)
            connections.append(stack.enter_context(connection))
            connection.sendall(request(slow, f"Content-Length: {len(slow)}"))
        refused: dict[socket.socket, bytes] = {}
        until = time.monotonic() + 15
        while len(refused) < 6 and time.monotonic() < until:
            for ready in select.select(connections, (), (), 0.5)[0]:
                refused[ready] = ready.recv(65536)
                while status(refused[ready]) == 503 and (more := ready.recv(65536)):
                    refused[ready] += more
                connections.remove(ready)
        refused = {each: answer for each, answer in refused.items() if status(answer) != 200}
        assert len(refused) >= 6
        for answer in refused.values():
            assert status(answer) == 503
            assert re.search(rb"retry-after: [1-9]", answer)
            assert b'"busy"' in answer
    until = time.monotonic() + 20
    while time.monotonic() < until:
        again = httpx.post(f"{strict.url}{SPEECH}", json=asked, timeout=30)
        if again.status_code == 200:
            return
        time.sleep(0.3)
    raise AssertionError("those who left made no room")


def test_the_log_has_no_tracebacks(strict: Server, server: Server) -> None:
    """Runs last in this file: nothing above was an accident on our side."""
    for log in (strict.log, server.log):
        text = log.read_text()
        assert "Traceback" not in text.replace("EngineFailed", ""), text[-3000:]

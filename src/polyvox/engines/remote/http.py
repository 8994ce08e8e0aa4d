"""POST over HTTP with the standard library: answers are streamed, waits and sizes are bounded.

Headers, and a key among them, go to the one host of the address: redirects are not followed and
proxies of the environment are not used.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Optional

from polyvox.domain.errors import EngineFailed, TimedOut, Unavailable
from polyvox.engines.remote.address import Address
from polyvox.engines.remote.refusals import Refusal

_CONNECT_SECONDS = 10.0
_FIRST_PAUSE = 0.5
"""Seconds before the first retry; before each later one twice as long."""
_LONGEST_PAUSE = 10.0
"""Seconds; a server that asks for more is not waited for."""
_LARGEST_REFUSAL = 64 * 1024
"""Bytes that are read of an error."""
_LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes; more than an hour of speech."""
_PIECE = 64 * 1024
_TRICKLE = 1024
"""Bytes that must come within the time a server has."""


class Service:
    """A server that answers one request at a time; its connection is kept while it may be."""

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str],
        secret: str = "",
        seconds: float = 60.0,
        retries: int = 2,
        start_seconds: Optional[float] = None,
    ) -> None:
        """`name` is the engine's, for messages; `secret` is kept out of them; `seconds` is how
        long the server may be silent, `start_seconds` how long until it begins to answer, where
        that is another matter. Raises Unavailable for an address that is none."""
        self._name, self._secret = name, secret
        self._address = Address.of(base_url, f"engines.settings.{name}.base_url")
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "polyvox", **headers}
        self._seconds, self._retries, self._start = seconds, retries, start_seconds
        self._tls = ssl.create_default_context() if self._address.secure else None
        self._idle: Optional[HTTPConnection] = None

    def post(
        self, path: str, body: bytes, media_type: str = "application/json", repeat: bool = True
    ) -> Answer:
        """The answer, of which only the head has come.

        `repeat` says whether asking twice does no harm. Raises what a refusal means to whoever
        asked, Unavailable for a server that cannot be reached, TimedOut for a silent one.
        """
        if not repeat:
            self.close()  # on a connection that was used before, a loss would mean asking twice
        attempt = 0
        while True:
            last = attempt >= self._retries
            pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
            try:
                connection, used = self._connected()
            except Unavailable as error:
                if last or not error.retry_after:
                    raise
            else:
                answer = self._ask(connection, path, body, media_type, used)
                if answer is None:
                    continue
                if answer.status < 300:
                    return answer
                refusal = self._refusal(answer)
                pause = max(pause, refusal.pause or 0)
                if last or pause > _LONGEST_PAUSE or not refusal.passes(repeat):
                    raise refusal.error()
            time.sleep(pause)
            attempt += 1

    def close(self) -> None:
        if self._idle:
            self._idle.close()
            self._idle = None

    def keep(self, connection: HTTPConnection) -> None:
        """Use that connection, on which nothing is under way, for the next request."""
        self.close()
        self._idle = connection

    def _connected(self) -> tuple[HTTPConnection, bool]:
        """A connection, and whether it has been used before."""
        idle, self._idle = self._idle, None
        if idle and idle.sock and not select.select([idle.sock], [], [], 0)[0]:
            return idle, True
        if idle:
            idle.close()
        place, timeout = self._address, min(_CONNECT_SECONDS, self._seconds)
        connection: HTTPConnection
        if self._tls:
            connection = HTTPSConnection(place.host, place.port, timeout=timeout, context=self._tls)
        else:
            connection = HTTPConnection(place.host, place.port, timeout=timeout)
        try:
            connection.connect()
        except ssl.SSLError as error:
            connection.close()
            raise Unavailable(
                f"{self._name}: no trustworthy connection to {place}: {error.reason or error}. "
                f"Check engines.settings.{self._name}.base_url and the server's certificate."
            ) from error
        except OSError as error:
            connection.close()
            raise Unavailable(
                f"{self._name}: {place} cannot be reached ({error.strerror or error}). "
                f"Check engines.settings.{self._name}.base_url and that the server runs.",
                retry_after=5,
            ) from error
        assert isinstance(connection.sock, socket.socket)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, False

    def _ask(
        self, connection: HTTPConnection, path: str, body: bytes, media_type: str, used: bool
    ) -> Optional[Answer]:
        """None where a connection that was used before has been closed meanwhile."""
        sock = connection.sock
        assert isinstance(sock, socket.socket)
        sock.settimeout(self._start or self._seconds)
        try:
            # A server that refuses a large body answers, and closes, before it has all of it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    "POST",
                    self._address.path + path,
                    body,
                    {**self._headers, "Content-Type": media_type},
                )
            response = connection.getresponse()
        except TimeoutError as error:
            connection.close()
            raise (self.absent() if self._start else self.silent()) from error
        except (OSError, HTTPException) as error:
            connection.close()
            if used and isinstance(error, (ConnectionError, ssl.SSLError)):
                return None
            raise Unavailable(
                f"{self._name}: {self._address} closed the connection or does not speak HTTP "
                f"({type(error).__name__}). Check engines.settings.{self._name}.base_url."
            ) from error
        sock.settimeout(self._seconds)
        return Answer(self, connection, response)

    def _refusal(self, answer: Answer) -> Refusal:
        body = b""
        with contextlib.suppress(EngineFailed, TimedOut):
            for piece in answer.pieces():
                body += piece
                if len(body) > _LARGEST_REFUSAL:
                    break
        answer.close()
        where = f"{self._address}{self._address.path}"
        return Refusal.of(self._name, where, answer.status, answer.header, body, self._secret)

    def silent(self) -> TimedOut:
        return TimedOut(
            f"{self._name}: {self._address} sent nothing, or next to nothing, for "
            f"{self._seconds:g} s (setting engines.settings.{self._name}.timeout_seconds)."
        )

    def absent(self) -> TimedOut:
        return TimedOut(
            f"{self._name}: {self._address} did not begin to answer within {self._start:g} s "
            f"(setting engines.settings.{self._name}.start_seconds)."
        )

    def broken(self) -> EngineFailed:
        return EngineFailed(f"{self._name}: {self._address} broke off in the middle of its answer.")

    @property
    def seconds(self) -> float:
        return self._seconds


class Answer:
    """What a server says to one request. Close it, or read it to its end."""

    def __init__(
        self, service: Service, connection: HTTPConnection, response: HTTPResponse
    ) -> None:
        self._service, self._connection, self._response = service, connection, response
        self._read = False
        self.status = response.status

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def header(self, name: str) -> str:
        return self._response.getheader(name) or ""

    @property
    def media_type(self) -> str:
        return self.header("Content-Type").partition(";")[0].strip().lower()

    def read(self, limit: int = 1024 * 1024) -> bytes:
        """All of a small answer. Raises EngineFailed for a larger one."""
        body = b""
        for piece in self.pieces():
            body += piece
            if len(body) > limit:
                raise EngineFailed("A remote server answered far more than was asked for.")
        return body

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Raises EngineFailed where it breaks off or never ends, TimedOut
        where it stalls."""
        total, fresh, since = 0, 0, time.monotonic()
        while piece := self._piece():
            yield piece
            total, fresh, now = total + len(piece), fresh + len(piece), time.monotonic()
            if now - since > self._service.seconds:
                if fresh < _TRICKLE:
                    raise self._service.silent()
                fresh, since = 0, now
            if total > _LARGEST_ANSWER:
                raise EngineFailed("A remote server's audio does not end.")
        if self._response.length:
            raise self._service.broken()
        self._finish()

    def close(self) -> None:
        """Also stops what the server still sends."""
        if not self._read:
            self._read = True
            self._response.close()
            self._connection.close()

    def _piece(self) -> bytes:
        try:
            return self._response.read1(_PIECE)
        except TimeoutError as error:
            raise self._service.silent() from error
        except (OSError, HTTPException) as error:
            raise self._service.broken() from error

    def _finish(self) -> None:
        stays = not self._response.will_close
        self._read = True
        self._response.close()
        if stays:
            self._service.keep(self._connection)
        else:
            self._connection.close()

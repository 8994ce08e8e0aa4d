"""Somebody who has texts spoken, and compares what comes with what one engine alone gives."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

LINE = "x" * 19 + "."
"""Hummed for two seconds, as one segment."""


@dataclass
class Heard:
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    data: bytes = b""
    broken: bool = False
    """Whether the transfer ended before its end."""

    @property
    def words(self) -> list[dict[str, Any]]:
        """Of an answer of events."""
        return [word for event in self._events for word in event.get("words", ())]

    @property
    def sound(self) -> bytes:
        """Of an answer of events."""
        return b"".join(base64.b64decode(event.get("audio", "")) for event in self._events)

    @property
    def _events(self) -> list[dict[str, Any]]:
        lines = self.data.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def asked(text: str, factor: float = 0.0, **more: Any) -> dict[str, Any]:
    given = {"model": "far", "voice": "low", "response_format": "pcm", "language": "en"}
    return {**given, "input": text, "options": {"real_time_factor": factor}, **more}


def lines(count: int) -> str:
    return "\n\n".join([LINE] * count)


def spoken(
    url: str,
    text: str,
    factor: float = 0.0,
    first: Callable[[], object] = lambda: None,
    **more: Any,
) -> Heard:
    """What is heard; `first` is called when the first of it has come."""
    heard, called = Heard(), False
    timeout = httpx.Timeout(60, connect=10)
    request = asked(text, factor, **more)
    try:
        with httpx.stream("POST", f"{url}/v1/audio/speech", json=request, timeout=timeout) as all:
            heard.status, heard.headers = all.status_code, all.headers
            for piece in all.iter_raw():
                heard.data += piece
                if not called:
                    called = True
                    first()
    except httpx.RemoteProtocolError:
        heard.broken = True
    return heard


class Later:
    """What is heard meanwhile."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self._heard: Heard | None = None
        self._thread = threading.Thread(target=self._hear, args=given, kwargs=more)
        self._thread.start()

    @property
    def over(self) -> bool:
        return self._heard is not None

    def heard(self, seconds: float = 60) -> Heard:
        self._thread.join(seconds)
        assert self._heard, "it has not ended"
        return self._heard

    def _hear(self, *given: Any, **more: Any) -> None:
        self._heard = spoken(*given, **more)


class Alone:
    """One engine that nothing happens to."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: dict[str, Heard] = {}

    def says(self, text: str, **more: Any) -> Heard:
        key = json.dumps([text, more])
        if key not in self._known:
            self._known[key] = spoken(self._url, text, model="tone", **more)
            assert self._known[key].status == 200, self._known[key].data
        return self._known[key]

    def same(self, heard: Heard, text: str, **more: Any) -> None:
        """It is what is heard, to the last sample."""
        assert (heard.status, heard.broken) == (200, False), (heard.data[:300], heard.headers)
        wanted = self.says(text, **more).data
        assert len(heard.data) == len(wanted)
        assert heard.data == wanted

"""Around every request: it is counted and timed, whoever answers it. Routes are told by their
template, so that no client can make up a label."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_OTHER = "other"
_ANSWER_WITHIN = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SOUND_WITHIN = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30)


class Measures:
    """What requests have shown since the start."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.under_way = Gauge(
            "polyvox_requests_under_way",
            "Requests that are being answered.",
            registry=self.registry,
        )
        self._requests = Counter(
            "polyvox_requests",
            "Answers, by the route's template; those that no route gave have route other.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "polyvox_request_duration_seconds",
            "Seconds from a request's headers to the last byte of its answer.",
            ["route"],
            buckets=_ANSWER_WITHIN,
            registry=self.registry,
        )
        self._broken = Counter(
            "polyvox_answers_broken",
            "Answers that broke off after they had begun: by a failure, or by a client that left.",
            ["route"],
            registry=self.registry,
        )
        self._first_audio = Histogram(
            "polyvox_first_audio_seconds",
            "Seconds from a request's headers to the first byte of speech that is streamed.",
            ["engine", "model"],
            buckets=_SOUND_WITHIN,
            registry=self.registry,
        )
        self._cache = Counter(
            "polyvox_cache_answers",
            "Answers with speech, by whether it was spoken before (hit) or not (miss).",
            ["result"],
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float, whole: bool) -> None:
        """An answer is over; it was not `whole` where it broke off."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)
        if not whole:
            self._broken.labels(route).inc()

    def spoken(self, headers: Mapping[bytes, bytes]) -> None:
        """Speech has been found or begun."""
        if result := headers.get(b"x-cache"):
            self._cache.labels(result.decode()).inc()

    def heard(self, headers: Mapping[bytes, bytes], seconds: float) -> None:
        """The first byte of speech goes out."""
        engine, model = headers[b"x-engine"].decode(), headers.get(b"x-model", b"").decode()
        self._first_audio.labels(engine, model).observe(seconds)


class Observing:
    """ASGI middleware, around all others."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(self._measures)

        async def sending(message: Message) -> None:
            answer.notice(message)
            await send(message)

        self._measures.under_way.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._measures.under_way.dec()
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            answer.end(route_of(scope), method)


class _Answer:
    """One, while it is given."""

    def __init__(self, measures: Measures) -> None:
        self._measures, self._since = measures, perf_counter()
        self._status, self._ended = 500, False
        self._streamed: dict[bytes, bytes] | None = None
        """Headers of speech of which nothing has gone out yet."""

    def notice(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message["headers"])
            if b"x-engine" in headers:
                self._measures.spoken(headers)
                self._streamed = None if b"content-length" in headers else headers
        elif message["type"] == "http.response.body":
            if self._streamed and message.get("body"):
                self._measures.heard(self._streamed, perf_counter() - self._since)
                self._streamed = None
            self._ended = not message.get("more_body", False)

    def end(self, route: str, method: str) -> None:
        taken = perf_counter() - self._since
        self._measures.answered(route, method, self._status, taken, self._ended)


def route_of(scope: Mapping[str, Any]) -> str:
    """The template of the route that answered, with the prefix under which it was reached."""
    route = scope.get("route")
    if route is None:
        return f"{scope['root_path']}/*" if scope.get("root_path") else _OTHER
    template: str = route.path_format
    given = template.format_map(scope.get("path_params", {}))
    prefix = scope["path"].removesuffix(given)
    return prefix + template if prefix != scope["path"] else template

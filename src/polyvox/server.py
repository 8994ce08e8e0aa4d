"""The server: API, pages and engines in one process tree. Listens, says what to try, and cuts off
clients that never send a request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from polyvox.api import build, guarded
from polyvox.api.limits import Limits, Rates
from polyvox.api.webhooks import Herald, herald
from polyvox.app import check_database, registry, running, tidy, worker
from polyvox.app.access import check_access
from polyvox.app.logs import log_config, server_level
from polyvox.domain.errors import Unavailable
from polyvox.jobs.queue import Embedded
from polyvox.settings import Settings

_PING = 5.0
"""Seconds between two questions whether a client of live updates still reads, and to answer."""
_LONGEST_SAID = 4096
"""Bytes of what such a client may say; nobody listens to it."""


def run(settings: Settings) -> None:
    """Serve until stopped. Raises Unavailable when the address cannot be listened on, or the
    database cannot be used."""
    chosen = settings.server
    listening = _listen(chosen.host, chosen.port)
    config = uvicorn.Config(
        standalone(settings),
        **_tls(settings),
        http=_protocol(chosen.header_seconds),
        ws=_live_protocol(chosen.stall_seconds),
        ws_max_size=_LONGEST_SAID,
        ws_ping_interval=_PING,
        ws_ping_timeout=_PING,
        ws_per_message_deflate=False,
        log_config=log_config(chosen.log_format, chosen.log_level),
        log_level=server_level(chosen.log_level),
        limit_concurrency=chosen.max_connections,
        timeout_graceful_shutdown=10,
        access_log=chosen.log_level == "debug",
        server_header=False,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(check_database(settings))
        if made := runner.run(check_access(settings)):
            print(_key_made(made), flush=True)
        print(_welcome(_url(settings, listening), settings.keys_needed), flush=True)
        runner.run(uvicorn.Server(config).serve([listening]))


def run_worker(settings: Settings, load: bool) -> None:
    """Speak for gateways until stopped, and end what has begun. Raises Unavailable where nothing
    can be spoken, or when the address cannot be listened on."""
    from polyvox.app.cluster import Worker

    engines = settings.engines.enabled
    worker = Worker(settings, registry(settings), engines)
    listening = _listen(settings.server.host, settings.server.port)
    url, port = _url(settings, listening), listening.getsockname()[1]
    config = uvicorn.Config(
        worker.application,
        **_tls(settings),
        http=_protocol(settings.server.header_seconds),
        ws="none",
        log_config=log_config(settings.server.log_format, settings.server.log_level),
        log_level=server_level(settings.server.log_level),
        timeout_graceful_shutdown=5,
        access_log=settings.server.log_level == "debug",
        server_header=False,
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """The first time it leaves in peace."""
            if worker.desk.stopping.is_set():
                super().handle_exit(sig, frame)
            worker.desk.stopping.set()

    async def serve() -> None:
        await worker.prepare(load)
        print(f"A worker with {', '.join(engines)} listens on {url}", flush=True)
        server = Server(config)
        async with worker.living(port):
            serving = asyncio.create_task(server.serve([listening]))
            draining = asyncio.create_task(worker.drained())
            await asyncio.wait((serving, draining), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())


def standalone(settings: Settings) -> ASGIApp:
    """The application; its services live from its start to its end."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as services:
            app.state.services = services
            tasks = [
                asyncio.create_task(services.engines.warm()),
                asyncio.create_task(tidy(services)),
            ]
            queue, secret = services.jobs.queue, settings.jobs.webhook_secret
            if isinstance(queue, Embedded):
                tasks.append(asyncio.create_task(worker(settings, services).work(queue)))
            if secret:
                teller = Herald(secret.encode(), settings.jobs.private_webhooks)
                tasks.append(asyncio.create_task(herald(services.jobs, teller)))
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    server = settings.server
    limits = Limits(
        body_bytes=int(server.max_body_mb * 1e6),
        upload_bytes=int(settings.voices.max_mb * 1e6),
        body_seconds=server.body_seconds,
        upload_seconds=server.upload_seconds,
        stall_seconds=server.stall_seconds,
        url_seconds=settings.voices.url_seconds,
        private_urls=settings.voices.private_urls,
        clip_characters=settings.speech.max_clip_characters,
        clip_seconds=settings.speech.clip_wait_seconds,
        job_characters=settings.jobs.max_characters,
        webhooks=settings.jobs.webhook_secret is not None,
        node_token=settings.cluster.token,
        keys_needed=settings.keys_needed,
        open_lists=settings.access.open_lists,
        rates=Rates(**settings.rates.model_dump(), redis=settings.cluster.redis),
    )
    app = build(lifespan, limits)
    if server.gradio:
        from polyvox.api.gradio_page import mount  # seconds of imports

        mount(app)
    return guarded(app, limits)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {host}:{port}: {error.strerror}. Another port: --port {port + 1}"
        ) from error
    listening.listen(1024)
    return listening


def _tls(settings: Settings) -> dict[str, Any]:
    """What uvicorn serves HTTPS with. Raises Unavailable for files that are not there."""
    given = settings.server
    if given.certificate is None:
        return {}
    for file in (given.certificate, given.key or given.certificate):
        if not file.is_file():
            raise Unavailable(f"There is no file {file} (server.certificate, server.key).")
    return {"ssl_certfile": str(given.certificate), "ssl_keyfile": given.key and str(given.key)}


def _url(settings: Settings, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "https" if settings.server.certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def can_listen(settings: Settings) -> None:
    """Raises Unavailable when the server's address is taken or not ours."""
    _listen(settings.server.host, settings.server.port).close()


def _key_made(written: str) -> str:
    return f"""The key for admins, which is shown this once:

  {written}
"""


def _welcome(url: str, keys: bool) -> str:
    shown = " -H 'Authorization: Bearer KEY'" if keys else ""
    return f"""Polyvox listens on {url}

  in a browser     {url}
  one request      curl {url}/v1/audio/speech{shown} -H 'Content-Type: application/json' \\
                     -d '{{"input": "Hello from Polyvox.", "voice": "nova"}}' -o hello.mp3
  from OpenAI's    OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={"KEY" if keys else "none"}
  the API          {url}/docs
"""


def _protocol(header_seconds: float) -> type[HttpToolsProtocol]:
    """uvicorn's protocol, closing connections whose first request does not come in time."""

    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._overdue = self.loop.call_later(header_seconds, transport.close)

        def on_headers_complete(self) -> None:
            self._overdue.cancel()
            super().on_headers_complete()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._overdue.cancel()
            self._overdue = self.loop.call_later(header_seconds, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._overdue.cancel()
            super().connection_lost(exc)

    return Protocol


def _live_protocol(stall_seconds: float) -> type[WebSocketsSansIOProtocol]:
    """uvicorn's protocol for live updates, cutting off clients that stop reading."""

    class Protocol(WebSocketsSansIOProtocol):
        _stalled: asyncio.TimerHandle | None = None

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stalled = self.loop.call_later(stall_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._reads()

        def connection_lost(self, exc: Exception | None) -> None:
            self._reads()
            super().connection_lost(exc)

        def _reads(self) -> None:
            if self._stalled:
                self._stalled.cancel()
                self._stalled = None

    return Protocol

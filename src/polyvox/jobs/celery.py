"""Jobs through a broker: Celery carries ids from servers to workers, and nothing else. A message
only wakes a worker; which job it takes, the rows decide. The one file that knows Celery."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from time import monotonic
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.domain.job import Job
from polyvox.jobs.queue import Embedded
from polyvox.jobs.worker import Worker

try:
    from celery import Celery, signals  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from celery.exceptions import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        OperationalError,
        SecurityWarning,
    )
except ImportError as error:
    raise Unavailable(
        "A broker needs Celery. Run: pip install 'polyvox[celery]', or set jobs.queue to embedded."
    ) from error

_log = logging.getLogger(__name__)
_WAKE = "polyvox.jobs.wake"
_REST = 5.0
"""Seconds for which a broker that is away is left alone."""
_HELD = 3.0
"""Seconds for which a message is held that nobody here hears. RabbitMQ shuts out those who hold one
for half an hour, and jobs take longer; whoever looks finds the job without it."""
_SCHEMES = ("redis", "rediss", "amqp", "amqps")
_AWAY = (OperationalError, OSError, ImportError)
_REDIS: Mapping[str, Any] = MappingProxyType(
    {"socket_connect_timeout": 2, "socket_timeout": 5, "retry_on_timeout": False}
)
"""How long one who sends is patient."""
_RABBITMQ: Mapping[str, Any] = MappingProxyType({"read_timeout": 5, "write_timeout": 5})


class Brokered:
    """Tells workers elsewhere. What cannot be sent is left to their looks."""

    def __init__(self, broker: str) -> None:
        """Raises InvalidInput for an address that is none of a broker."""
        self._where = _shown(broker)
        patience = _REDIS if broker.startswith("redis") else _RABBITMQ
        self._app = _application(broker, broker_transport_options=patience)
        self._sender = ThreadPoolExecutor(1, "broker")
        self._rests_until = 0.0
        self._away = False

    async def put(self, job: Job) -> None:
        """Returns at once; nobody waits for a broker."""
        self._sender.submit(self._send, job.id)

    async def ping(self) -> None:
        await asyncio.to_thread(self._reach)

    async def close(self) -> None:
        """What was put is sent before."""
        await asyncio.to_thread(self._sender.shutdown)
        self._app.close()

    def _send(self, id: str) -> None:
        if monotonic() < self._rests_until:
            return
        try:
            self._app.send_task(_WAKE, (id,), retry_policy={"max_retries": 1, "interval_start": 0})
        except _AWAY as error:
            self._rests_until = monotonic() + _REST
            if not self._away:
                _log.warning(
                    "the broker %s does not answer (%s); jobs are kept and found without it",
                    self._where,
                    error,
                )
            self._away = True
        else:
            if self._away:
                _log.warning("the broker %s answers again", self._where)
            self._away = False

    def _reach(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0)
        except _AWAY as error:
            raise Unavailable(
                f"The broker {self._where} does not answer: {error}. Start it, or mend jobs.queue."
            ) from error


def work(
    broker: str, opened: Callable[[], AbstractAsyncContextManager[Worker]], slots: int
) -> None:
    """Be a Celery worker until SIGTERM or SIGINT; then give back what is begun. `opened` gives the
    one who works, with all that it needs. Raises what opening raises, and Unavailable when the
    broker makes it impossible to go on."""
    app = _application(broker)
    desk = _Desk(opened)

    @app.task(name=_WAKE)  # type: ignore[untyped-decorator, unused-ignore]
    def wake(id: str) -> None:
        desk.wake(id)

    def leave(**_: Any) -> None:
        desk.stop()

    signals.worker_shutting_down.connect(leave)
    answering = logging.getLogger("celery.worker.request")
    answering.addFilter(_worth_telling)
    before = signal.signal(signal.SIGTERM, _leave_at_once)
    try:
        desk.start()
        worker = _worker(app, slots)
        worker.start()
    finally:
        desk.stop()
        desk.join()
        signals.worker_shutting_down.disconnect(leave)
        answering.removeFilter(_worth_telling)
        signal.signal(signal.SIGTERM, before)
    if worker.exitcode:
        raise Unavailable(
            f"The broker {_shown(broker)} cannot be worked for; see above. What was begun is given "
            "back. Mend the broker, and start again."
        )


def _worker(app: Celery, slots: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # it is about pickle, which we refuse
        return app.Worker(
            pool="threads",
            concurrency=slots,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )


def _worth_telling(record: logging.LogRecord) -> bool:
    """Messages of a connection that is lost cannot be answered, and need not be."""
    return not record.getMessage().startswith("Couldn't ack")


def _leave_at_once(*_: Any) -> None:
    """Until Celery hears signals itself."""
    raise SystemExit(0)


class _Bell(Embedded):
    """Rung from elsewhere, and only while somebody hears it: who is busy leaves the call to
    another worker."""

    def __init__(self) -> None:
        super().__init__()
        self._listening = 0
        self._heard = asyncio.Event()

    async def rung(self, within: float) -> None:
        self._listening += 1
        self._heard.set()
        try:
            await super().rung(within)
        finally:
            self._listening -= 1
            if not self._listening:
                self._heard.clear()

    async def ring(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELD):
                await self._heard.wait()
            self._bell.set()


class _Desk:
    """A thread with an event loop in which somebody works at jobs."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[Worker]]) -> None:
        self._opened = opened
        self._thread = threading.Thread(target=self._run, name="jobs")
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell: _Bell | None = None
        self._working: asyncio.Task[None] | None = None
        self._stopping = False
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Returns once somebody works. Raises why nobody does."""
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure

    def wake(self, id: str) -> None:
        """There is work. Returns when somebody has heard of it, when all are busy, or when we
        stop."""
        _log.debug("woken by job %s", id)
        if self._loop is None or self._bell is None or self._stopping:
            return
        with suppress(CancelledError, RuntimeError):  # the loop may end meanwhile
            asyncio.run_coroutine_threadsafe(self._bell.ring(), self._loop).result()

    def stop(self) -> None:
        """Give back what is begun."""
        self._stopping = True
        if self._loop and self._working:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._working.cancel)

    def join(self) -> None:
        """Wait until it has stopped. Raises why it did, if nobody stopped it."""
        self._thread.join()
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                asyncio.run(self._work())
        except BaseException as error:
            self._failure = error
            if self._ready.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
        finally:
            self._ready.set()

    async def _work(self) -> None:
        self._loop, self._bell = asyncio.get_running_loop(), _Bell()
        async with self._opened() as worker:
            self._working = asyncio.ensure_future(worker.work(self._bell))
            self._ready.set()
            if self._stopping:
                self._working.cancel()
            await self._working


def _application(broker: str, **more: Any) -> Celery:
    if urlsplit(broker).scheme not in _SCHEMES:
        raise InvalidInput(
            "jobs.queue is embedded, or the address of a broker: redis://… or amqp://…"
        )
    app = Celery("polyvox", broker=broker, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_default_queue="polyvox",
        broker_connection_timeout=2,
        broker_heartbeat=10,
        broker_heartbeat_checkrate=10,  # a worker hears of signals in between, each second
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,  # with threads, it waits for ever at RabbitMQ
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        **more,
    )
    return app


def _shown(broker: str) -> str:
    """Without its password."""
    where = urlsplit(broker)
    return f"{where.scheme}://{where.netloc.rpartition('@')[2]}{where.path}"

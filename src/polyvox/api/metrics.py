"""How the server is doing, as Prometheus scrapes it: what requests have shown, and what engines,
nodes and jobs tell when they are asked."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator, Sequence
from time import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from polyvox import __version__
from polyvox.api.access import Served
from polyvox.api.observing import Measures
from polyvox.domain.errors import Unavailable
from polyvox.domain.job import QUEUED
from polyvox.domain.node import STATES as NODE_STATES
from polyvox.services import Services
from polyvox.services.counting import Counting
from polyvox.services.engines import BREAKER_STATES, STATES, Engines

if TYPE_CHECKING:
    from polyvox.services.nodes import Nodes  # an HTTP client that others do without

router = APIRouter(tags=["status"])


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, served: Served) -> Response:
    """Requests, engines, nodes and jobs, in Prometheus' text format."""
    measures: Measures = request.app.state.measures
    registry = CollectorRegistry(auto_describe=False)
    families = [*_build(), *_engines(served.engines), *_speaking(served.counting)]
    if served.cluster:
        families += _nodes(served.cluster)
    registry.register(_Families([*families, *await _jobs(served)]))
    told = generate_latest(measures.registry) + generate_latest(registry)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


class _Families(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _build() -> Iterator[Metric]:
    build = _gauge("polyvox_build_info", "Always 1; what runs here.", "version", "python")
    build.add_metric([__version__, platform.python_version()], 1)
    yield build


def _engines(engines: Engines) -> Iterator[Metric]:
    hosts = _gauge("polyvox_engine_hosts", "Processes of the engine that run.", "engine")
    said = "1 for the state the engine is in, 0 for the others."
    state = _gauge("polyvox_engine_state", said, "engine", "state")
    said = "1 for the state of the engine's circuit breaker, 0 for the others."
    breaker = _gauge("polyvox_engine_breaker", said, "engine", "state")
    for name in engines.names:
        status, rests = engines.status(name), engines.breaker(name)
        hosts.add_metric([name], status.hosts)
        for each in STATES:
            state.add_metric([name, each], each == status.state)
        for each in BREAKER_STATES:
            breaker.add_metric([name, each], each == rests)
    yield from (hosts, state, breaker)


def _speaking(counting: Counting) -> Iterator[Metric]:
    labels = ("engine", "model")
    audio = CounterMetricFamily(
        "polyvox_spoken_seconds", "Seconds of sound that were spoken.", labels=labels
    )
    took = CounterMetricFamily(
        "polyvox_speaking_seconds",
        "Seconds for which seats were held to speak them; by those it is the real-time factor.",
        labels=labels,
    )
    waiting = _gauge("polyvox_waiting", "Requests that wait for a host.", *labels)
    for each in counting.spoken():
        by = [each.model.engine, each.model.id]
        audio.add_metric(by, each.audio)
        took.add_metric(by, each.took)
        waiting.add_metric(by, each.waiting)
    said = "Bytes of main memory that the engine's hosts on this machine hold."
    memory = _gauge("polyvox_host_memory_bytes", said, "engine")
    for engine, held in counting.memory().items():
        memory.add_metric([engine], held)
    yield from (audio, took, waiting, memory)


def _nodes(nodes: Nodes) -> Iterator[Metric]:
    states = _gauge("polyvox_nodes", "Nodes, by their state.", "state")
    under_way = _gauge("polyvox_node_under_way", "Segments that the node is speaking.", "node")
    seats = _gauge("polyvox_node_seats", "Segments that it speaks at once.", "node")
    said = "Per cent of what its machine has, as it last said: cpu, memory, gpu, gpu_memory."
    load = _gauge("polyvox_node_load_percent", said, "node", "of")
    seen = nodes.all()
    for state in NODE_STATES:
        states.add_metric([state], sum(each.state == state for each in seen))
    for each in seen:
        id, now = each.node.id, each.node.load
        under_way.add_metric([id], each.under_way)
        seats.add_metric([id], sum(offer.seats for offer in each.node.offers))
        shares = {"cpu": now.cpu, "memory": now.memory, "gpu": now.gpu}
        for name, share in {**shares, "gpu_memory": now.gpu_memory}.items():
            if share is not None:
                load.add_metric([id, name], share)
    yield from (states, under_way, seats, load)


async def _jobs(served: Services) -> list[Metric]:
    """Nothing where none are kept, or while the database is away."""
    found = _gauge("polyvox_jobs", "Jobs that are kept, by their status.", "status")
    said = "Seconds since the job was made that has waited longest; 0 where none waits."
    oldest = _gauge("polyvox_jobs_oldest_waiting_seconds", said)
    with contextlib.suppress(Unavailable):
        counts = await served.jobs.counts()
        for status, count in counts.items():
            found.add_metric([status], count)
        waiting = counts[QUEUED]
        last, _ = await served.jobs.list(statuses=[QUEUED], first=max(0, waiting - 1), count=1)
        oldest.add_metric([], max(0.0, time() - last[0].created_at) if last else 0.0)
        return [found, oldest]
    return []


def _gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=labels)

"""The engines' state as Prometheus scrapes it."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from polyvox.api.access import Served
from polyvox.services.engines import BREAKER_STATES, STATES, Engines

router = APIRouter(tags=["status"])


@router.get("/metrics", response_class=Response)
async def metrics(served: Served) -> Response:
    """State, hosts and circuit breaker of every engine, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Engines(served.engines))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Engines(Collector):
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def collect(self) -> Iterator[GaugeMetricFamily]:
        hosts = GaugeMetricFamily(
            "polyvox_engine_hosts", "Processes of the engine that run.", labels=["engine"]
        )
        state = GaugeMetricFamily(
            "polyvox_engine_state",
            "1 for the state the engine is in, 0 for the others.",
            labels=["engine", "state"],
        )
        breaker = GaugeMetricFamily(
            "polyvox_engine_breaker",
            "1 for the state of the engine's circuit breaker, 0 for the others.",
            labels=["engine", "state"],
        )
        for name in self._engines.names:
            status = self._engines.status(name)
            hosts.add_metric([name], status.hosts)
            for each in STATES:
                state.add_metric([name, each], float(each == status.state))
            for each in BREAKER_STATES:
                breaker.add_metric([name, each], float(each == self._engines.breaker(name)))
        yield from (hosts, state, breaker)

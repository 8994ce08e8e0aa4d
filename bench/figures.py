"""From times and sizes to the figures that are printed: rates, percentiles, ratios against a limit
or a peer within the same round, and their medians over the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from bench.load import Result
from bench.paths import LIMIT, LITSERVE, POLYVOX, SUBPROCESS
from bench.peers.sound import seconds_of_sound

Place = tuple[str, str, int]
"""Path, format, clients."""


@dataclass(frozen=True)
class Figures:
    """One path with one format and so many clients."""

    requests: float
    """Per second."""
    sound: float
    """Seconds of audio per second."""
    median: float
    """Milliseconds to the last byte."""
    p99: float
    """Milliseconds to the last byte that 1 % of the requests exceed."""
    first_byte: float
    """Milliseconds, median; of the limit: to the engine's own first piece."""
    cpu: float
    """Milliseconds of the server's processor time per request, all its processes."""
    load_cpu: float
    """Milliseconds of the load generator's processor time per request."""


Round = Mapping[Place, Figures]


def figures(result: Result, server_cpu: float, load_cpu: float, format_name: str) -> Figures:
    """The figures of one run; processor times in seconds."""
    count = len(result.latency)
    return Figures(
        requests=count / result.seconds,
        sound=seconds_of_sound(sum(result.size), format_name) / result.seconds,
        median=1000 * statistics.median(result.latency),
        p99=1000 * sorted(result.latency)[min(count - 1, round(0.99 * count))],
        first_byte=1000 * statistics.median(result.first_byte),
        cpu=1000 * server_cpu / count,
        load_cpu=1000 * load_cpu / count,
    )


def medians(rounds: Sequence[Round]) -> dict[Place, Figures]:
    """Each figure's median over the rounds."""
    return {
        place: Figures(
            **{
                each.name: statistics.median(getattr(run[place], each.name) for run in rounds)
                for each in fields(Figures)
            }
        )
        for place in rounds[0]
    }


@dataclass(frozen=True)
class Comparison:
    """A figure that two paths of the same round give together."""

    name: str
    of: Callable[[Round], float]
    """Raises KeyError when a path was left out."""
    aim: float | None = None
    at_least: bool = True
    """Whether the aim is a lower bound, or an upper one."""
    unit: str = ""

    def line(self, rounds: Sequence[Round]) -> str:
        """Its median over the rounds, their range, and whether the aim is met."""
        try:
            values = [self.of(each) for each in rounds]
        except KeyError:
            return f"{self.name:58} left out"
        middle = statistics.median(values)
        text = f"{self.name:58} {middle:6.2f}{self.unit:3} ({min(values):.2f} to {max(values):.2f})"
        if self.aim is None:
            return text
        met = middle >= self.aim if self.at_least else middle <= self.aim
        sign = ">=" if self.at_least else "<="
        return f"{text}  aim {sign} {self.aim:g}{self.unit}: {'met' if met else 'MISSED'}"


def _faster(format_name: str, other: str, clients: int = 8) -> Callable[[Round], float]:
    def ratio(run: Round) -> float:
        theirs = run[other, format_name, clients]
        return run[POLYVOX, format_name, clients].requests / theirs.requests

    return ratio


def _more(
    what: Callable[[Figures], float], format_name: str, clients: int
) -> Callable[[Round], float]:
    def difference(run: Round) -> float:
        ours, limit = (run[path, format_name, clients] for path in (POLYVOX, LIMIT))
        return what(ours) - what(limit)

    return difference


def _unfair(format_name: str, path: str = POLYVOX) -> Callable[[Round], float]:
    """p99 at 32 clients over what first come, first served gives on average: of 32 requests that
    are always there, each waits for the 31 before it, so mean latency = 32 * (mean service time /
    cores) = 32 / (requests per second), which is Little's law."""

    def ratio(run: Round) -> float:
        found = run[path, format_name, 32]
        return found.p99 / (1000 * 32 / found.requests)

    return ratio


COMPARISONS = (
    Comparison("mp3, 8 clients: requests/s, Polyvox / limit", _faster("mp3", LIMIT), 0.9),
    Comparison("mp3, 8 clients: requests/s, Polyvox / subprocess", _faster("mp3", SUBPROCESS), 1.5),
    Comparison("mp3, 8 clients: requests/s, Polyvox / LitServe", _faster("mp3", LITSERVE), 1.0),
    Comparison("wav, 8 clients: requests/s, Polyvox / limit", _faster("wav", LIMIT), 0.65),
    Comparison("wav, 8 clients: requests/s, Polyvox / subprocess", _faster("wav", SUBPROCESS)),
    Comparison("wav, 8 clients: requests/s, Polyvox / LitServe", _faster("wav", LITSERVE), 1.0),
    Comparison(
        "wav, 8 clients: processor time a request, Polyvox - limit",
        _more(lambda each: each.cpu, "wav", 8),
        3.0,
        at_least=False,
        unit=" ms",
    ),
    *(
        Comparison(
            f"{name}, 1 client: first byte - engine's own first piece",
            _more(lambda each: each.first_byte, name, 1),
            5.0,
            at_least=False,
            unit=" ms",
        )
        for name in ("mp3", "wav")
    ),
    *(
        Comparison(f"{name}, 32 clients: p99 / (32 / requests/s), {path}", _unfair(name, path))
        for name in ("mp3", "wav")
        for path in (POLYVOX, LITSERVE)
    ),
)


def table(found: Mapping[Place, Figures]) -> Iterable[str]:
    """A row per path, format and number of clients."""
    yield (
        f"{'path':20} {'format':6} {'clients':>7} {'req/s':>7} {'audio-s/s':>9} {'median':>8} "
        f"{'p99':>8} {'1st byte':>8} {'CPU/req':>8} {'load CPU':>8}"
    )
    yield f"{'':20} {'':6} {'':7} {'':7} {'':9} {'ms':>8} {'ms':>8} {'ms':>8} {'ms':>8} {'ms':>8}"
    for (path, format_name, clients), row in found.items():
        yield (
            f"{path:20} {format_name:6} {clients:7} {row.requests:7.1f} {row.sound:9.0f} "
            f"{row.median:8.1f} {row.p99:8.1f} {row.first_byte:8.1f} {row.cpu:8.1f} "
            f"{row.load_cpu:8.2f}"
        )

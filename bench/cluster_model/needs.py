"""What so many nodes ask of gateways and Redis: sums of the costs that were measured."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """Measured on one shared core; milliseconds of processor where nothing else is said."""

    request: float = 2.0
    """Of a gateway, for a request and its first segment."""
    segment: float = 1.0
    """For each further segment."""
    message: float = 0.64
    """For a message of sound: read from the node, encoded as pcm, sent on."""
    beat: float = 1.8
    """For a beat, with its way through Redis."""
    same: float = 0.0064
    """To read a node again that has not beaten."""
    beaten: float = 0.07
    """To read one again that has."""
    look: float = 0.0078
    """For each node that there is, to find the one that speaks a segment."""
    size: float = 600.0
    """Bytes of a node in Redis."""


@dataclass(frozen=True)
class Work:
    """What nodes do."""

    text: float = 6.0
    """Seconds of sound of a segment, at the mean."""
    segments: float = 3.0
    """Of a request, at the mean."""
    factor: float = 0.3
    """Seconds that an engine needs for a second of sound."""
    messages: float = 4.0
    """In which a second of sound comes."""
    busy: float = 0.8
    """Of all seats, how many speak."""
    beat_every: float = 10.0
    look_every: float = 1.0

    @property
    def taken(self) -> float:
        """Seconds for which a segment takes a seat."""
        return self.text * self.factor


@dataclass(frozen=True)
class Need:
    """Of a cluster of so many nodes with one seat each; shares are those of one core."""

    gateways: float
    """Cores that gateways need at least, 70 % busy; infinite where reading all nodes takes one."""
    sound: float
    """Share of a gateway's core that speaking takes, where there are as many as are needed."""
    looking: float
    """Share that looking for free seats takes."""
    reading: float
    """Share that reading the registry takes."""
    beats: float
    """A second, of all nodes."""
    commands: float
    """A second, at Redis."""
    traffic: float
    """Megabytes a second that Redis sends."""


def need(nodes: int, costs: Costs, work: Work, *, changed_only: bool, indexed: bool) -> Need:
    """As it is built; or with a registry that is read by difference, and with a choice that does
    not look at every node."""
    spoken = nodes * work.busy / work.taken
    beats = nodes / work.beat_every
    read = beats * work.look_every
    same = 0.0 if changed_only else costs.same * (nodes - read)
    reading = (costs.beaten * read + same) / work.look_every / 1000
    looking = 0.0 if indexed else costs.look * nodes / 1000
    requests = spoken / work.segments
    serving = (
        requests * costs.request
        + (spoken - requests) * costs.segment
        + spoken * work.text * work.messages * costs.message
    ) / 1000
    whole = serving + spoken * looking + beats * costs.beat / 1000
    room = 0.7 - reading
    gateways = max(1.0, whole / room) if room > 0 else math.inf
    there = gateways if math.isfinite(gateways) else math.nan
    moved = (read if changed_only else nodes) * costs.size / work.look_every
    return Need(
        gateways,
        serving / there,
        spoken * looking / there,
        reading,
        beats,
        2 * beats + there / work.look_every,
        there * moved / 1e6 + beats * costs.size / 1e6,
    )

"""What users can do, one class per subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyvox.domain.errors import Unavailable
from polyvox.services.batches import Batches
from polyvox.services.consents import Consents
from polyvox.services.counting import Counting
from polyvox.services.engines import Engines
from polyvox.services.enrolment import Enrolment
from polyvox.services.generations import Generations
from polyvox.services.jobs import Jobs
from polyvox.services.keys import Keys
from polyvox.services.parcels import Parcels
from polyvox.services.profiles import Profiles
from polyvox.services.prompt import Prompt
from polyvox.services.synthesis import Synthesis
from polyvox.services.tracks import Tracks
from polyvox.services.upkeep import Upkeep
from polyvox.services.voices import Voices
from polyvox.services.work import Work

if TYPE_CHECKING:
    from polyvox.services.nodes import Nodes


@dataclass(frozen=True)
class Services:
    """Everything that the API and the command line call."""

    engines: Engines
    voices: Voices
    synthesis: Synthesis
    enrolment: Enrolment
    parcels: Parcels
    generations: Generations
    consents: Consents
    profiles: Profiles
    counting: Counting
    kept: Work | None
    """None where nothing is stored."""
    access: Keys | None = None
    """None where nothing is stored."""
    cluster: Nodes | None = None
    """None where this machine speaks by itself."""

    @property
    def keys(self) -> Keys:
        """Raises Unavailable where nothing is stored."""
        if self.access is None:
            raise Unavailable("Nothing is stored here; there are no keys.")
        return self.access

    @property
    def nodes(self) -> Nodes:
        """Raises Unavailable where this machine speaks by itself."""
        if self.cluster is None:
            raise Unavailable(
                "This server speaks by itself. For one that nodes register with, run: "
                "polyvox gateway"
            )
        return self.cluster

    @property
    def jobs(self) -> Jobs:
        """Raises Unavailable where nothing is stored."""
        return self.work.jobs

    @property
    def prompt(self) -> Prompt:
        """Raises Unavailable where nothing is stored."""
        return self.work.prompt

    @property
    def batches(self) -> Batches:
        """Raises Unavailable where nothing is stored."""
        return self.work.batches

    @property
    def tracks(self) -> Tracks:
        """Raises Unavailable where nothing is stored."""
        return self.work.tracks

    @property
    def upkeep(self) -> Upkeep:
        """Raises Unavailable where nothing is stored."""
        return self.work.upkeep

    @property
    def work(self) -> Work:
        """Raises Unavailable where nothing is stored."""
        if self.kept is None:
            raise Unavailable("Nothing is stored here; jobs cannot be kept.")
        return self.kept

"""What users can do, one class per subject."""

from __future__ import annotations

from dataclasses import dataclass

from polyvox.services.consents import Consents
from polyvox.services.engines import Engines
from polyvox.services.enrolment import Enrolment
from polyvox.services.generations import Generations
from polyvox.services.parcels import Parcels
from polyvox.services.synthesis import Synthesis
from polyvox.services.voices import Voices


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

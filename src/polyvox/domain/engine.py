"""What is known of an engine from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from polyvox.domain.voice import Setting, Speaker


@dataclass(frozen=True)
class Model:
    """What `model` in a request may name."""

    id: str
    engine: str
    alias_of: Optional[str] = None
    """The model that this other name stands for."""
    stands_in: bool = False
    """Whether another engine speaks than the name promises."""

    @property
    def loaded(self) -> str:
        """Id of the model that is loaded for it."""
        return self.alias_of or self.id


@dataclass(frozen=True)
class EngineStatus:
    """An engine's declarations, and how it is doing."""

    name: str
    version: str
    summary: str
    licence: str
    state: str
    """absent, sleeping, loading, ready or failed."""
    failure: Optional[str]
    """Why it failed to load."""
    hosts: int
    """Processes that run it now."""
    capabilities: tuple[str, ...]
    models: tuple[str, ...]
    languages: tuple[str, ...]
    speakers: tuple[Speaker, ...]
    sample_rate: int
    """Hertz."""
    max_characters: int
    """Of one segment."""
    options: dict[str, Any]
    """JSON Schema."""
    likeness: Optional[str]
    """What may be promised of a clone; None where nothing needs saying."""
    transcript_needed: bool
    """Whether cloning needs the text of the recording."""
    design_settings: dict[str, Setting]
    """What a design can be given by hand, by name."""

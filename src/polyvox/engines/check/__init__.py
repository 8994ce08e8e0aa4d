"""Runs the contract on any engine: what holds here, the rest of the house relies on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from polyvox.domain.errors import PolyvoxError
from polyvox.engines.check.rules import RULES
from polyvox.engines.check.subject import Broken, Subject
from polyvox.engines.contract import Synthesizer


def check(engine: type[Synthesizer], device: str = "cpu") -> Iterator[tuple[str, Optional[str]]]:
    """Each rule's sentence with what is wrong, or None when it holds."""
    subject = Subject(engine)
    for rule in RULES:
        sentence = " ".join(str(rule.__doc__).split()).rstrip(".")
        try:
            rule(subject)
        except (Broken, PolyvoxError) as problem:
            yield sentence, str(problem) or type(problem).__name__
        else:
            yield sentence, None

"""What a long job is to speak: a text in chapters, each understood, in numbered units of which
every one is spoken by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from polyvox.audio.encode import Format, format_named
from polyvox.domain.errors import InvalidInput, NothingToSpeak
from polyvox.domain.speech import Segment, Utterance
from polyvox.domain.voice import Voice
from polyvox.services.plan import Plan, Planner
from polyvox.text.segment import Piece

_BETWEEN_CHAPTERS = 2.0
"""Seconds of silence, at least."""
_GAP = "\n\n"
"""Between chapters, in the text as a whole."""
_SPOKEN = {each.name for each in fields(Utterance)} - {"text"}


@dataclass(frozen=True)
class Chapter:
    title: str
    text: str


@dataclass(frozen=True)
class Unit:
    """What is spoken in one go, and where it belongs."""

    number: int
    plan: Plan
    piece: Piece
    pause: float
    """Seconds of silence after it."""
    position: int
    """Of its chapter's first character in the text as a whole."""
    seed: int

    @property
    def segment(self) -> Segment:
        instructions = self.plan.utterance.instructions
        return Segment(self.piece.text, self.piece.language, self.seed, instructions)

    @property
    def digest(self) -> str:
        """The same for units that must sound the same."""
        plan = self.plan
        what = [
            [plan.engine.name, plan.engine.version, plan.model.id],
            [plan.voice.id, plan.voice.digest],
            sorted(plan.options.items()),
            [self.piece.text, self.piece.language, self.seed, plan.utterance.instructions],
        ]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


@dataclass(frozen=True)
class Script:
    """Everything that one job speaks."""

    chapters: tuple[Chapter, ...]
    plans: tuple[Plan, ...]
    """One for each chapter."""
    units: tuple[Unit, ...]
    first_units: tuple[int, ...]
    """Number of each chapter's first unit."""

    @property
    def plan(self) -> Plan:
        """How it is spoken; the same in all chapters but for the text."""
        return self.plans[0]


def chapters_in(asked: Mapping[str, Any]) -> tuple[Chapter, ...]:
    """Those of a request, or its whole text as one. Raises InvalidInput."""
    given = asked.get("chapters") or [{"title": "", "text": asked.get("text") or ""}]
    chapters = tuple(Chapter(str(each.get("title") or ""), each["text"]) for each in given)
    spoken = tuple(each for each in chapters if each.text.strip())
    if not spoken:
        raise NothingToSpeak("There is nothing to speak in the text.", param="text")
    return spoken


def text_of(chapters: Sequence[Chapter]) -> str:
    """All of it, as positions of words count."""
    return _GAP.join(chapter.text for chapter in chapters)


def format_of(asked: Mapping[str, Any]) -> Format:
    """That the result is wanted in."""
    return format_named(asked.get("format") or "mp3")


async def written(
    planner: Planner,
    asked: Mapping[str, Any],
    *,
    model: str | None = None,
    voice: Voice | None = None,
) -> Script:
    """The script of a request; `model` and `voice` are others than it names. Raises what
    planning raises: every refusal is here."""
    chapters = chapters_in(asked)
    length = sum(len(chapter.text) for chapter in chapters)
    if length > planner.max_characters:
        raise InvalidInput(
            f"The text has {length} characters; at most {planner.max_characters} are taken by one "
            "job (setting jobs.max_characters).",
            param="input",
        )
    how = {name: asked[name] for name in _SPOKEN if asked.get(name) is not None}
    if model is not None:
        how |= {"model": model, "options": {}, "profile": None}
    seeds: Mapping[str, int] = asked.get("seeds") or {}
    plans, units, firsts, position = list[Plan](), list[Unit](), list[int](), 0
    for chapter in chapters:
        said = Utterance(chapter.text, **how)
        plan = await planner.plan(said, format_of(asked), asked.get("sample_rate"), voice)
        plans.append(plan)
        firsts.append(len(units))
        for index, piece in enumerate(plan.pieces):
            number, last = len(units), index + 1 == len(plan.pieces)
            pause = max(piece.pause, _BETWEEN_CHAPTERS) if last else piece.pause
            seed = int(seeds.get(str(number), said.seed or 0))
            units.append(Unit(number, plan, piece, pause, position, seed))
        position += len(chapter.text) + len(_GAP)
    units[-1] = replace(units[-1], pause=units[-1].piece.pause)
    if any(plan.engine is not plans[0].engine for plan in plans):
        raise InvalidInput("One voice speaks all chapters.", param="voice")
    return Script(chapters, tuple(plans), tuple(units), tuple(firsts))

"""Lines that are spoken with a profile that is not kept, so that it is heard before it is."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from polyvox.audio.encode import Format, completed
from polyvox.audio.render import Renderer
from polyvox.domain.audio import AudioChunk, Recording
from polyvox.domain.errors import NothingToSpeak
from polyvox.domain.profile import Profile
from polyvox.domain.speech import Segment, Utterance
from polyvox.engines.options import check
from polyvox.services.effects import Effects, checked
from polyvox.services.plan import Plan
from polyvox.services.profiles import Profiles

if TYPE_CHECKING:
    from polyvox.services import Services


async def spoken_with(
    profile: Profile, line: str, voice: str | None, language: str, fmt: Format, served: Services
) -> Recording:
    """The line in a voice of the profile's engine, its default one if not said. Raises InvalidInput
    or NotFound, naming the field that is wrong."""
    check(served.engines.synthesizer(profile.engine).Options, profile.options)
    checked(profile.effects)
    found = await served.voices.find(voice, profile.engine)
    planner = served.synthesis.planner.choosing(_Unkept(profile, served.profiles))
    plan = await planner.plan(Utterance(line, language=language), fmt, None, found)
    return await _spoken(replace(plan, whole=True), served)


class _Unkept(Profiles):
    """Chooses one profile for its engine, and for others what is kept."""

    def __init__(self, profile: Profile, kept: Profiles) -> None:
        self._profile, self._kept = profile, kept

    async def choose(self, name: str | None, engine: str) -> tuple[Profile, Effects]:
        if engine == self._profile.engine:
            return self._profile, checked(self._profile.effects)
        return await self._kept.choose(name, engine)

    async def touch(self, profile: Profile) -> None:
        """A trial is no use of what is kept."""


async def _spoken(plan: Plan, served: Services) -> Recording:
    source, fmt = plan.engine.sample_rate, plan.format
    renderer = Renderer(source, fmt, plan.sample_rate, plan.stretch, plan.chain)
    data = b""
    for index, piece in enumerate(plan.pieces):
        chunks = list[AudioChunk]()
        if not piece.silent:
            segment = Segment(piece.text, piece.language)
            async with contextlib.aclosing(served.synthesis.segment(plan, segment)) as speaking:
                chunks += [chunk async for chunk in speaking]
        last = index + 1 == len(plan.pieces)
        sound = await asyncio.to_thread(renderer.render, chunks, piece.pause, last)
        data += sound.data
    if not renderer.sounded:
        raise NothingToSpeak("The engine found nothing to speak in the text.", param="input")
    return Recording(completed(fmt, data), renderer.time)

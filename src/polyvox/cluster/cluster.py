"""Speaks through nodes as `Pool` does through the hosts of this machine, which speaks for models
that no node has. When a node is lost in the middle of a segment, another one goes on with it."""

from __future__ import annotations

import contextlib
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import replace
from typing import Any

from polyvox.cluster.asking import Answers, Asking, NobodyLeft, chunks, whole
from polyvox.cluster.balance import Balance
from polyvox.cluster.caller import Caller
from polyvox.cluster.members import Member, Members
from polyvox.cluster.request import Request
from polyvox.cluster.take import Take
from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import PolyvoxError, Unavailable
from polyvox.domain.node import FAILED as BROKEN
from polyvox.domain.node import LOADING as COMING
from polyvox.domain.speech import Segment
from polyvox.domain.voice import Design, Reference, Voice
from polyvox.runtime.breaker import CLOSED, OPEN
from polyvox.runtime.gathering import together
from polyvox.runtime.pool import LOADING, READY, SLEEPING, Limits, Pool
from polyvox.runtime.wire import (
    Message,
    from_fields,
    samples_out,
    to_fields,
)


class Cluster:
    """Nodes first; then this machine."""

    def __init__(
        self,
        members: Members,
        caller: Caller,
        balance: Balance,
        limits: Limits,
        local: Pool,
        here: Callable[[str], bool],
    ) -> None:
        """`here` says whether `local` can speak with a model."""
        self.members, self._caller = members, caller
        self._asking = Asking(members, caller, balance, limits)
        self._local, self._here = local, here
        self.tally = local.tally

    async def speak(
        self,
        model: str,
        segment: Segment,
        voice: Voice,
        options: Mapping[str, Any],
        *,
        promised: bool = False,
    ) -> AsyncGenerator[AudioChunk, None]:
        """The segment's audio, without a gap or a double whichever nodes are lost meanwhile.

        A `promised` segment waits its turn whatever the line's length. Others raise Busy when the
        line is full or too slow.
        """
        asked = {"segment": to_fields(segment), "options": dict(options)}

        def here() -> AsyncGenerator[AudioChunk, None]:
            return self._local.speak(model, segment, voice, options, promised=promised)

        sound = self._sound(model, Request("speak", asked, voices=(voice,)), promised, here)
        async with contextlib.aclosing(sound):
            async for chunk in sound:
                yield chunk

    async def convert(
        self, model: str, spoken: Sequence[AudioChunk], voice: Voice, options: Mapping[str, Any]
    ) -> AsyncGenerator[AudioChunk, None]:
        """What was `spoken`, as if `voice` said it; it takes as long."""
        if not spoken:
            return
        whole = together(spoken)
        source = Reference(whole.samples, whole.sample_rate)
        asked = {"source": to_fields(source), "options": dict(options)}
        request = Request("convert", asked, samples_out(whole.samples), (voice,))

        def here() -> AsyncGenerator[AudioChunk, None]:
            return self._local.convert(model, spoken, voice, options)

        words = whole.words
        async with contextlib.aclosing(self._sound(model, request, True, here)) as sound:
            async for chunk in sound:
                yield replace(chunk, words=words)
                words = ()

    async def enroll(self, model: str, reference: Reference) -> bytes:
        """The voice state that the model makes of `reference`."""
        body = samples_out(reference.samples)
        request = Request("enroll", to_fields(reference), body)
        made = await self._made(model, request)
        return bytes(made.body) if made else await self._local.enroll(model, reference)

    async def design(
        self, model: str, description: str, language: str, settings: Mapping[str, float], text: str
    ) -> Design:
        """The voice that the model makes of a description."""
        asked = {"description": description, "language": language, "text": text}
        request = Request("design", {**asked, "settings": dict(settings)})
        made = await self._made(model, request)
        if made is None:
            return await self._local.design(model, description, language, settings, text)
        return from_fields(Design, {**made.fields, "state": bytes(made.body)})  # type: ignore[no-any-return]

    async def blend(self, model: str, voices: Sequence[Voice], weights: Sequence[float]) -> bytes:
        """The state of a voice between `voices`."""
        request = Request("blend", {"weights": list(weights)}, voices=tuple(voices))
        made = await self._made(model, request)
        return bytes(made.body) if made else await self._local.blend(model, voices, weights)

    async def warm(self, model: str) -> None:
        """Have a node bring the model into memory, where none has it."""
        serving = self.members.serving(model)
        if not serving:
            await self._local.warm(model)
        elif self.state(model) == SLEEPING:
            await self.command(self.members.ready(model)[0], "activate", {"model": model})

    async def rest(self, model: str) -> None:
        """Have the nodes give the model's memory back."""
        for member in self.members.serving(model):
            with contextlib.suppress(Unavailable):
                await self.command(member, "standby", {"model": model})
        if self._here(model):
            await self._local.rest(model)

    async def command(
        self, member: Member, command: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Have a node do something. Raises NodeLost, and what the node raises."""
        return await self._caller.command(member.node.url, command, params)

    def state(self, model: str) -> str:
        """sleeping, loading or ready on the nodes that offer it; else as it is here. Raises
        Unavailable for a model that nobody has."""
        serving = self.members.serving(model)
        if not serving:
            self._surely_here(model)
            return self._local.state(model)
        if any((offer := each.node.offer(model)) and offer.loaded for each in serving):
            return READY
        loading = any(self.members.state(each) == COMING for each in serving)
        return LOADING if loading else SLEEPING

    def capacity(self, model: str) -> int:
        """Segments of it that can be spoken at once. Raises Unavailable for none."""
        offers = [each.node.offer(model) for each in self.members.ready(model)]
        seats = sum(offer.seats for offer in offers if offer)
        if seats:
            return seats
        self._surely_here(model)
        return self._local.capacity(model)

    def free(self, model: str) -> int:
        """Seats for it that nobody has taken, as far as is known here."""
        return sum(max(0, each.free(model)) for each in self.members.ready(model))

    def failure(self, model: str) -> str | None:
        """Why a node cannot speak with it, where none can."""
        if self.members.serving(model):
            return None
        offering = [each for each in self.members.all() if each.node.offer(model)]
        broken = [each.node.error for each in offering if self.members.state(each) == BROKEN]
        return next(iter(broken), self._local.failure(model) if self._here(model) else None)

    def breaker(self, model: str) -> str:
        """closed while any node may be asked."""
        offering = [each for each in self.members.all() if each.node.offer(model)]
        if not offering and self._here(model):
            return self._local.breaker(model)
        return OPEN if offering and all(each.resting for each in offering) else CLOSED

    def hosts(self, model: str) -> Collection[object]:
        """The nodes that have it in memory, or the hosts of this machine."""
        serving = self.members.serving(model)
        if not serving:
            return self._local.hosts(model) if self._here(model) else []
        return [each for each in serving if (offer := each.node.offer(model)) and offer.loaded]

    def queued(self, model: str) -> int:
        """Requests that wait for a seat of it, on nodes or here."""
        return self._asking.waiting(model) + self._local.queued(model)

    def processes(self, model: str) -> list[int]:
        """Ids of its hosts' processes on this machine."""
        return self._local.processes(model)

    async def close(self) -> None:
        await self._local.close()
        await self._caller.close()
        await self.members.registry.close()

    async def _sound(
        self,
        model: str,
        request: Request,
        promised: bool,
        here: Callable[[], AsyncGenerator[AudioChunk, None]],
    ) -> AsyncGenerator[AudioChunk, None]:
        """The request's audio from nodes; where none is left, from here on by this machine."""
        take = Take()

        def heard(answers: Answers, member: Member) -> AsyncGenerator[AudioChunk, None]:
            return take.rest(self.tally.of(model, chunks(answers, member)))

        try:
            asking = self._asking.ask(model, request, promised, heard)
            async with contextlib.aclosing(asking) as sound:
                async for chunk in sound:
                    yield chunk
            return
        except NobodyLeft as nobody:
            self._surely_here(model, nobody.failure)
        async with contextlib.aclosing(here()) as sound:
            async for chunk in take.rest(sound):
                yield chunk

    async def _made(self, model: str, request: Request) -> Message | None:
        """A node's one answer; None where this machine has to make it."""
        try:
            asking = self._asking.ask(model, request, False, whole)
            async with contextlib.aclosing(asking) as answers:
                return [answer async for answer in answers][-1]
        except NobodyLeft as nobody:
            self._surely_here(model, nobody.failure)
        return None

    def _surely_here(self, model: str, failure: PolyvoxError | None = None) -> None:
        """Raises the failure, or that nobody has the model, unless this machine can speak."""
        if self._here(model):
            return
        raise failure or Unavailable(
            f"No node has the model '{model}' now. Start one: polyvox worker --engine ENGINE "
            "--gateway URL"
        )

"""Asks nodes, one after the other where they are lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from polyvox.cluster.balance import Balance
from polyvox.cluster.caller import Caller, StateNeeded
from polyvox.cluster.line import Line
from polyvox.cluster.members import Member, Members
from polyvox.cluster.request import Request
from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import Busy, EngineFailed, NodeLost, PolyvoxError
from polyvox.runtime.breaker import FAILURES
from polyvox.runtime.lane import Limits
from polyvox.runtime.wire import Message, WireBroken, chunk_in

_log = logging.getLogger(__name__)
Answers = AsyncGenerator[Message, None]
_Heard = TypeVar("_Heard")
_TRIES = 3
"""Nodes whose engine may fail at one request; of nodes that are lost all may be tried."""
_LOOK_AGAIN = 0.1
"""Seconds between two looks for a free seat, where nothing has told of one."""


class Asking:
    """Of all models."""

    def __init__(self, members: Members, caller: Caller, balance: Balance, limits: Limits) -> None:
        self._members, self._caller, self._balance = members, caller, balance
        self._limits = limits
        self._lines: defaultdict[str, Line] = defaultdict(lambda: Line(limits))
        self._choices = 0

    def waiting(self, model: str) -> int:
        """Requests that wait for a seat on any node."""
        return self._lines[model].waiting if model in self._lines else 0

    async def ask(
        self,
        model: str,
        request: Request,
        promised: bool,
        heard: Callable[[Answers, Member], AsyncGenerator[_Heard, None]],
    ) -> AsyncGenerator[_Heard, None]:
        """What is `heard` of a node's answers; when it is lost, of another one's. That an engine
        failed speaks against its node only when another one can do the same. Raises NobodyLeft,
        and what speaks against the request."""
        tried, failure = list[str](), None
        failed = list[tuple[Member, EngineFailed]]()
        while len(failed) < _TRIES and (
            member := await self._turn(model, request, promised or bool(tried), tried)
        ):
            with self._seated(member, model):
                try:
                    async with (
                        contextlib.aclosing(self._answers(member, model, request)) as answers,
                        contextlib.aclosing(heard(answers, member)) as pieces,
                    ):
                        async for piece in pieces:
                            yield piece
                    member.breaker.passed()
                    for other, error in failed:
                        other.breaker.failed(error)
                    return
                except Busy:
                    member.full(model)
                except FAILURES as error:
                    if isinstance(error, EngineFailed):
                        failed.append((member, error))
                    else:
                        member.breaker.failed(error)
                    tried.append(member.node.id)
                    failure = error
                    _log.warning("node %s, model %s: %s", member.node.id, model, error.message)
        raise NobodyLeft(failure)

    async def _turn(
        self, model: str, request: Request, promised: bool, tried: Sequence[str]
    ) -> Member | None:
        """The node whose turn it is, once it has a free seat; None where there is none to ask. A
        request that has lost one is not used to find out whether another one has recovered."""
        voice = request.voices[0] if request.voices else None
        ready = self._members.ready(model, tried)
        if not ready:
            return None
        async with self._lines[model].head(promised, len(ready)):
            while ready := self._members.ready(model, tried):
                if free := [each for each in ready if each.free(model) > 0]:
                    sound = [each for each in free if tried and not each.doubtful]
                    member = self._balance(sound or free, model, voice)
                    self._choices += 1
                    member.chosen = self._choices
                    member.taken[model] += 1
                    return member
                await self._members.change(_LOOK_AGAIN)
        return None

    @contextlib.contextmanager
    def _seated(self, member: Member, model: str) -> Iterator[None]:
        """A seat that has been taken, given back when the block is left."""
        with self._lines[model].timed():
            try:
                yield
            finally:
                member.taken[model] -= 1
                self._members.stir()

    async def _answers(self, member: Member, model: str, request: Request) -> Answers:
        """The node's messages; a voice that it does not hold any more is sent again. One that only
        says that it works, for longer than it may, is lost."""
        for _ in range(2):
            try:
                asking = self._caller.ask(member.node.url, model, request.packed(member.holds))
                async with contextlib.aclosing(asking) as answers:
                    while answer := await self._next(answers, member, model):
                        for digest in request.digests:
                            member.given(digest)
                        yield answer
                return
            except StateNeeded:
                for digest in request.digests:
                    member.lacks(digest)
        raise EngineFailed(f"Node {member.node.id} does not keep the voice that it is sent.")

    async def _next(self, answers: Answers, member: Member, model: str) -> Message | None:
        offer, limits = member.node.offer(model), self._limits
        loading = 0.0 if offer and offer.loaded else limits.load
        try:
            async with asyncio.timeout(loading + limits.wait + limits.patience):
                return await anext(answers, None)
        except TimeoutError as error:
            raise NodeLost(f"Node {member.node.id} works without an end.") from error


class NobodyLeft(Exception):
    """No node can be asked, or all that were asked have failed."""

    def __init__(self, failure: PolyvoxError | None) -> None:
        super().__init__(failure)
        self.failure = failure


async def chunks(answers: Answers, member: Member) -> AsyncGenerator[AudioChunk, None]:
    async for message in answers:
        if message.kind != "done":
            try:
                chunk = chunk_in(message)
            except WireBroken as error:
                raise NodeLost(f"Node {member.node.id} broke off: {error}") from error
            if chunk.sample_rate <= 0 or not np.isfinite(chunk.samples).all():
                raise NodeLost(f"Node {member.node.id} broke off: its samples are none.")
            yield replace(chunk, origin=member.node.id)


async def whole(answers: Answers, member: Member) -> Answers:
    """The one message in which a node hands over what it made."""
    async for message in answers:
        if message.kind != "made":
            raise NodeLost(f"Node {member.node.id} broke off: it made nothing.")
        yield message

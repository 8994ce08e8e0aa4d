"""Asks nodes, one after the other where they are lost."""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

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
"""Nodes that are tried for one request, as long as others are left."""
_LOOK_AGAIN = 0.1
"""Seconds between two looks for a free seat, where nothing has told of one."""


class Asking:
    """Of all models."""

    def __init__(self, members: Members, caller: Caller, balance: Balance, limits: Limits) -> None:
        self._members, self._caller, self._balance = members, caller, balance
        self._lines: defaultdict[str, Line] = defaultdict(lambda: Line(limits))
        self._choices = 0

    async def ask(
        self,
        model: str,
        request: Request,
        promised: bool,
        heard: Callable[[Answers, Member], AsyncGenerator[_Heard, None]],
    ) -> AsyncGenerator[_Heard, None]:
        """What is `heard` of a node's answers; when it is lost, of another one's. Raises
        NobodyLeft, and what speaks against the request."""
        tried, failure = list[str](), None
        while member := await self._turn(model, request, promised or bool(tried), tried):
            with self._seated(member, model):
                try:
                    async with (
                        contextlib.aclosing(self._answers(member, model, request)) as answers,
                        contextlib.aclosing(heard(answers, member)) as pieces,
                    ):
                        async for piece in pieces:
                            yield piece
                    member.breaker.passed()
                    return
                except Busy:
                    member.full(model)
                except FAILURES as error:
                    member.breaker.failed(error)
                    tried.append(member.node.id)
                    failure = error
                    _log.warning("node %s, model %s: %s", member.node.id, model, error.message)
        raise NobodyLeft(failure)

    async def _turn(
        self, model: str, request: Request, promised: bool, tried: Sequence[str]
    ) -> Member | None:
        """The node whose turn it is, once it has a free seat; None where there is none to ask."""
        voice = request.voices[0] if request.voices else None
        ready = self._members.ready(model, tried)
        if not ready or len(tried) >= _TRIES:
            return None
        async with self._lines[model].head(promised, len(ready)):
            while ready := self._members.ready(model, tried):
                if free := [each for each in ready if each.free(model) > 0]:
                    member = self._balance(free, model, voice)
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
        """The node's messages; a voice that it does not hold any more is sent again."""
        for _ in range(2):
            try:
                asking = self._caller.ask(member.node.url, model, request.packed(member.holds))
                async with contextlib.aclosing(asking) as answers:
                    async for answer in answers:
                        for digest in request.digests:
                            member.given(digest)
                        yield answer
                return
            except StateNeeded:
                for digest in request.digests:
                    member.lacks(digest)
        raise EngineFailed(f"Node {member.node.id} does not keep the voice that it is sent.")


class NobodyLeft(Exception):
    """No node can be asked, or all that were asked have failed."""

    def __init__(self, failure: PolyvoxError | None) -> None:
        super().__init__(failure)
        self.failure = failure


async def chunks(answers: Answers, member: Member) -> AsyncGenerator[AudioChunk, None]:
    async for message in answers:
        if message.kind != "done":
            try:
                yield replace(chunk_in(message), origin=member.node.id)
            except WireBroken as error:
                raise NodeLost(f"Node {member.node.id} broke off: {error}") from error


async def whole(answers: Answers, member: Member) -> Answers:
    async for message in answers:
        yield message

"""Tells callers' addresses that their jobs are over, signed as Standard Webhooks asks (v1): whoever
knows the key can see that it was us, and that it is not an old message again."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
from collections import Counter
from collections.abc import Mapping
from time import time
from typing import Any
from urllib.parse import urlsplit

import httpcore

from polyvox.api.job_shapes import shown
from polyvox.api.network import PublicNetwork, check_url
from polyvox.domain.errors import InvalidInput, NotFound, PolyvoxError, TimedOut, Unavailable
from polyvox.domain.job import Job
from polyvox.services.jobs import Jobs

_log = logging.getLogger(__name__)
PAUSES = (5.0, 30.0, 300.0, 1800.0, 7200.0, 28800.0)
"""Seconds before each try after the first."""
_SPARE = 30.0
"""Seconds after which another server may tell it, besides those that an address has to answer."""
_GONE = 410
_LOOK = 1.0
"""Seconds between two looks for jobs that are over."""
_AT_ONCE = 8
"""Messages that one address gets at a time, so that a slow one does not hold the others."""
_LOOKED_AT = 200
_ENCODED = b"whsec_"
"""Before a key that is written in base64, as other senders of webhooks give theirs."""


class Herald:
    """Tells what has happened."""

    def __init__(
        self,
        secret: bytes,
        private: bool,
        pauses: tuple[float, ...] = PAUSES,
        within: float = 15.0,
    ) -> None:
        """`private`: whether private and loopback addresses are told too; `pauses`: seconds
        before each try after the first; `within`: seconds that an address has to answer."""
        self._key, self._private = _key(secret), private
        self.pauses, self.within = pauses, within

    async def tell(self, url: str, id: str, what: Mapping[str, Any]) -> None:
        """Raises a PolyvoxError when the address does not answer with 2xx; InvalidInput when it
        need not be asked again."""
        check_url(url, "webhook_url")
        body = json.dumps(what).encode()
        try:
            async with (
                asyncio.timeout(self.within),
                httpcore.AsyncConnectionPool(network_backend=PublicNetwork(self._private)) as pool,
                pool.stream("POST", url, headers=self._signed(id, body), content=body) as answer,
            ):
                status = answer.status
        except TimeoutError as error:
            raise TimedOut(f"It did not answer within {self.within:g} s.") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise Unavailable(f"It cannot be reached: {error}") from error
        if status == _GONE:
            raise NotFound("It answers 410: it wants to be told nothing more.")
        if not 200 <= status < 300:
            raise Unavailable(f"It answers {status}.")

    def _signed(self, id: str, body: bytes) -> Mapping[bytes | str, bytes | str]:
        moment = str(int(time()))
        signature = hmac.digest(self._key, f"{id}.{moment}.".encode() + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "User-Agent": "Polyvox",
            "webhook-id": id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }


async def herald(jobs: Jobs, teller: Herald) -> None:
    """Tell every webhook that is due, again and again, until cancelled. What was not heard is told
    again later, for half a day. Several servers may do so at one database."""
    telling: dict[str, tuple[str, asyncio.Task[None]]] = {}
    try:
        while True:
            telling = {id: each for id, each in telling.items() if not each[1].done()}
            busy = Counter(place for place, _ in telling.values())
            for job in await _due(jobs, _LOOKED_AT + len(telling)):
                place = urlsplit(str(job.webhook)).netloc
                if job.id not in telling and busy[place] < _AT_ONCE:
                    busy[place] += 1
                    telling[job.id] = place, asyncio.create_task(_told(jobs, teller, job.id))
            await asyncio.sleep(_LOOK)
    finally:
        tasks = [task for _, task in telling.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _due(jobs: Jobs, count: int) -> list[Job]:
    try:
        return await jobs.rows.tellings(count)
    except PolyvoxError as error:
        _log.warning("webhooks wait: %s", error.message)
        return []


async def _told(jobs: Jobs, teller: Herald, id: str) -> None:
    """Tell it, unless another server does."""
    try:
        job = await jobs.rows.claim_telling(id, time() + teller.within + _SPARE)
        if job is None:
            return
        try:
            again = await _tell(teller, job)
        except asyncio.CancelledError:
            await jobs.rows.told(job, time(), tried=False)
            raise
        await jobs.rows.told(job, again)
    except PolyvoxError as error:
        _log.warning("webhooks wait: %s", error.message)


async def _tell(teller: Herald, job: Job) -> float | None:
    """When it is to be told again; None for never."""
    try:
        if job.over:
            await teller.tell(str(job.webhook), _id_of(job), _message(job))
    except InvalidInput as error:
        _log.warning("the webhook of job %s is refused: %s", job.id, error.message)
    except PolyvoxError as error:
        _log.warning("the webhook of job %s was not heard: %s", job.id, error.message)
        if job.tellings < len(teller.pauses):
            return time() + teller.pauses[job.tellings]
        _log.warning("the webhook of job %s is given up.", job.id)
    return None


def _message(job: Job) -> dict[str, Any]:
    told = shown(job)
    return {"type": f"job.{job.status}", "timestamp": told["ended_at"], "data": told}


def _id_of(job: Job) -> str:
    """The same each time that a message is sent, another when the job was begun again."""
    return f"{job.id}-{round(1000 * (job.ended_at or 0))}"


def _key(secret: bytes) -> bytes:
    if not secret.startswith(_ENCODED):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    except binascii.Error as error:
        raise Unavailable("What follows whsec_ in jobs.webhook_secret is no base64.") from error

"""Tells callers' addresses that their jobs are over, signed as Standard Webhooks asks (v1): whoever
knows the key can see that it was us, and that it is not an old message again."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import Any

import httpcore

from polyvox.api.jobs import shown
from polyvox.api.network import PublicNetwork, check_url
from polyvox.domain.errors import InvalidInput, PolyvoxError, TimedOut, Unavailable
from polyvox.domain.job import Job
from polyvox.services.jobs import Jobs

_log = logging.getLogger(__name__)
_PAUSES = (5, 30, 300, 1800, 7200, 28800)
"""Seconds before each try after the first."""
_WITHIN = 15.0
"""Seconds that an address has to answer."""
_LOOK = 1.0


@dataclass(frozen=True)
class Herald:
    """Tells what has happened."""

    secret: bytes
    private: bool
    """Whether private and loopback addresses are told too."""

    async def tell(self, url: str, id: str, what: Mapping[str, Any]) -> None:
        """Raises a PolyvoxError when the address does not answer with 2xx."""
        check_url(url, "webhook_url")
        body = json.dumps(what).encode()
        moment = str(int(time()))
        signed = hmac.digest(self.secret, f"{id}.{moment}.".encode() + body, hashlib.sha256)
        headers: Mapping[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": "Polyvox",
            "webhook-id": id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        try:
            async with (
                asyncio.timeout(_WITHIN),
                httpcore.AsyncConnectionPool(network_backend=PublicNetwork(self.private)) as pool,
                pool.stream("POST", url, headers=headers, content=body) as answer,
            ):
                if not 200 <= answer.status < 300:
                    raise Unavailable(f"It answers {answer.status}.")
        except TimeoutError as error:
            raise TimedOut(f"It did not answer within {_WITHIN:g} s.") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise Unavailable(f"It cannot be reached: {error}") from error


async def herald(jobs: Jobs, teller: Herald) -> None:
    """Tell every webhook that is due, again and again, until cancelled. What was not heard is told
    again later, for half a day."""
    while True:
        try:
            due = await jobs.rows.tellings()
            await asyncio.gather(*(_tell(jobs, teller, job) for job in due))
        except PolyvoxError as error:
            _log.warning("webhooks wait: %s", error.message)
        await asyncio.sleep(_LOOK)


async def _tell(jobs: Jobs, teller: Herald, job: Job) -> None:
    again: float | None = None
    try:
        told = {"type": f"job.{job.status}", "timestamp": job.ended_at, "data": shown(job)}
        await teller.tell(str(job.webhook), job.id, told)
    except InvalidInput as error:
        _log.warning("the webhook of job %s is refused: %s", job.id, error.message)
    except PolyvoxError as error:
        _log.warning("the webhook of job %s was not heard: %s", job.id, error.message)
        if job.tellings < len(_PAUSES):
            again = time() + _PAUSES[job.tellings]
    await jobs.rows.tell_again(job.id, again)

"""Many short texts in one request: `POST /v1/audio/speech/batch`."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS, Problem, as_problem, invalid
from polyvox.api.speech import Manner
from polyvox.api.streaming import unless_gone
from polyvox.audio.encode import format_named
from polyvox.domain.errors import PolyvoxError
from polyvox.services import Services

router = APIRouter(tags=["speech"], responses=REFUSALS)


class Item(Manner):
    input: str


class BatchRequest(Manner):
    items: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=32,
        description="Each like a speech request; what it lacks is taken from beside `items`.",
    )


class BatchResult(BaseModel):
    index: int
    status: str = Field(description="success or error.")
    audio_data: str | None = Field(None, description="Base64.")
    media_type: str | None = None
    duration: float | None = Field(None, description="Seconds.")
    error: Problem | None = None


class BatchAnswer(BaseModel):
    id: str
    results: list[BatchResult]
    total: int
    succeeded: int
    failed: int


@router.post("/audio/speech/batch", response_model_exclude_none=True)
async def speak_batch(asked: BatchRequest, request: Request, served: Served) -> BatchAnswer:
    """Speak up to 32 texts; each fails alone."""
    defaults = asked.model_dump(exclude={"items"}, exclude_unset=True)
    begun = asyncio.Event()
    speaking = (
        _result(index, {**defaults, **item}, served, begun)
        for index, item in enumerate(asked.items)
    )
    results = await unless_gone(request, _all(speaking))
    succeeded = sum(result.status == "success" for result in results)
    return BatchAnswer(
        id=f"batch_{uuid4().hex}",
        results=results,
        total=len(results),
        succeeded=succeeded,
        failed=len(results) - succeeded,
    )


async def _all(speaking: Any) -> list[BatchResult]:
    return list(await asyncio.gather(*speaking))


async def _result(
    index: int, fields: dict[str, Any], served: Services, begun: asyncio.Event
) -> BatchResult:
    """The first text waits in the queue for all of them, which is what it is refused by."""
    if index:
        await begun.wait()
    try:
        item = Item.model_validate(fields)
        fmt = format_named(item.response_format)
        said = item.utterance(item.input)
        speech = await served.synthesis.speak(
            said, fmt, item.sample_rate, whole=True, promised=index > 0
        )
        begun.set()
        recording = await speech.collect()
    except ValidationError as error:
        problem = as_problem(invalid(error.errors()))
        return BatchResult(index=index, status="error", error=Problem(**problem))
    except PolyvoxError as error:
        return BatchResult(index=index, status="error", error=Problem(**as_problem(error)))
    finally:
        begun.set()
    return BatchResult(
        index=index,
        status="success",
        audio_data=base64.b64encode(recording.data).decode(),
        media_type=fmt.media_type,
        duration=round(recording.duration, 3),
    )

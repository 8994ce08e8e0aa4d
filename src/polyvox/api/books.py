"""Books: a file of text in, a narration with its chapters out."""

from __future__ import annotations

import asyncio
import base64
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field
from starlette.datastructures import UploadFile

from polyvox.api.access import Served
from polyvox.api.batches import Meant
from polyvox.api.bodies import checked, described, fields
from polyvox.api.errors import REFUSALS
from polyvox.api.job_shapes import JobAnswer, shown
from polyvox.api.jobs import JobRequest, check_webhook
from polyvox.api.limits import Limits
from polyvox.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from polyvox.domain.job import BATCH, INTERACTIVE
from polyvox.services.audiobooks import book_in, chapters_of

router = APIRouter(tags=["jobs"], responses=REFUSALS)


class BookIn(Meant, JobRequest):
    title: str | None = Field(None, max_length=500, description="Instead of the book's own.")
    author: str | None = Field(None, max_length=500, description="Instead of the book's own.")


_FILE = {"type": "string", "format": "binary", "description": "EPUB, Markdown or plain text."}
_FORM = BookIn.model_json_schema()
_FORM["properties"] = {
    "file": _FILE,
    **{
        name: rule
        for name, rule in _FORM["properties"].items()
        if name not in ("text", "chapters", "options")
    },
}
_FORM["required"] = ["file"]


@router.post(
    "/books",
    status_code=202,
    response_model=JobAnswer,
    responses={200: {"model": JobAnswer, "description": "The key was used for the same before."}},
    openapi_extra=described(("multipart/form-data", _FORM)),
)
async def narrate_book(
    request: Request,
    response: Response,
    served: Served,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="Sent twice, it makes one job.")
    ] = None,
) -> dict[str, Any]:
    """Speak a book, chapter by chapter, as a job; `response_format` m4b makes an audiobook."""
    limits: Limits = request.app.state.limits
    given = await fields(request)
    data, name = await _uploaded(given.pop("file", None), limits)
    meant = checked(BookIn, {**given, "text": None, "chapters": None})
    if meant.webhook_url is not None:
        check_webhook(meant.webhook_url, limits)
    book = await asyncio.to_thread(book_in, data, name)
    asked = {
        **meant.asked(),
        "chapters": chapters_of(book),
        "title": meant.title or book.title,
        "author": meant.author or book.author,
        "cover": base64.b64encode(book.cover).decode() if book.cover else None,
    }
    if meant.language == "auto" and book.language:
        asked["language"] = book.language
    job, new = await served.jobs.submit(
        "narration",
        {name: value for name, value in asked.items() if value is not None},
        priority=INTERACTIVE if meant.priority == "interactive" else BATCH,
        key=idempotency_key,
        webhook=meant.webhook_url,
    )
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return shown(job)


async def _uploaded(file: object, limits: Limits) -> tuple[bytes, str]:
    if not isinstance(file, UploadFile):
        raise InvalidInput("Send the book as `file`.", param="file")
    name = PurePath(file.filename or "").name
    if not name:
        raise UnsupportedMedia("The file has no name, by which its kind is told.", param="file")
    data = await file.read(limits.upload_bytes + 1)
    if len(data) > limits.upload_bytes:
        most = limits.upload_bytes / 1e6
        raise TooLarge(f"The book is over the limit of {most:g} MB.", param="file")
    return data, name

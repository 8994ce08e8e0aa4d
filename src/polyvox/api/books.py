"""Books: a file of text in, a narration with its chapters out."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from polyvox.api.bodies import checked, described, fields
from polyvox.api.errors import REFUSALS
from polyvox.api.job_shapes import JobAnswer
from polyvox.api.jobs import JobRequest, Key, accepted
from polyvox.api.limits import Limits
from polyvox.api.uploads import document
from polyvox.services.audiobooks import book_in, chapters_of

router = APIRouter(tags=["jobs"], responses=REFUSALS)


class BookIn(JobRequest):
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
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Speak a book, chapter by chapter, as a job; `response_format` m4b makes an audiobook."""
    limits: Limits = request.app.state.limits
    given = await fields(request)
    data, name = await document(given.pop("file", None), limits, "book")
    meant = checked(BookIn, {**given, "text": None, "chapters": None})
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
    kept = {name: value for name, value in asked.items() if value is not None}
    return await accepted("narration", kept, meant, idempotency_key, request, response)

"""Many texts as one job: from JSON or an uploaded list, to a file each and one archive."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from polyvox.api.access import Served
from polyvox.api.bodies import checked, described, fields, is_form
from polyvox.api.errors import REFUSALS, as_problem, invalid
from polyvox.api.job_shapes import JobAnswer
from polyvox.api.jobs import Id, Key, Meant, accepted
from polyvox.api.limits import Limits
from polyvox.api.speech import Manner
from polyvox.api.uploads import document
from polyvox.domain.errors import Conflict, NotFound
from polyvox.services.archives import MEDIA_TYPE, archive, file_name
from polyvox.services.batches import MOST_ROWS, Batches, BatchRow
from polyvox.services.lists import listed

router = APIRouter(tags=["jobs"], responses=REFUSALS)
_SHOWN = 200
"""Characters of a text that a list of rows shows."""


class Item(Manner):
    """One text; what it does not say is taken from beside the items."""

    text: str = Field(validation_alias=AliasChoices("text", "input"))
    name: str | None = Field(None, max_length=200, description="Part of the file's name.")

    def asked(self) -> dict[str, Any]:
        """The row as it is kept."""
        said = asdict(self.utterance(self.text))
        said |= {"format": self.response_format, "sample_rate": self.sample_rate}
        said |= {"name": self.name}
        return {name: value for name, value in said.items() if value not in (None, {}, "")}


class BatchIn(Meant, Manner):
    items: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_ROWS,
        description="Each with a text, and what is different for it from beside `items`.",
    )


class RowAnswer(BaseModel):
    number: int = Field(description="From 0.")
    text: str = Field(description="Its beginning.")
    name: str | None
    status: str = Field(description="waiting, success or error.")
    file: str | None = Field(description="Its name in the archive.")
    seconds: float | None
    error: str | None


class RowPage(BaseModel):
    rows: list[RowAnswer]
    total: int
    succeeded: int
    failed: int


_UPLOAD = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "CSV, TSV, JSON lines or plain lines.",
        }
    },
    "additionalProperties": True,
}
_BODIES = described(
    ("application/json", BatchIn.model_json_schema()), ("multipart/form-data", _UPLOAD)
)


@router.post(
    "/batches",
    status_code=202,
    response_model=JobAnswer,
    responses={200: {"model": JobAnswer, "description": "The key was used for the same before."}},
    openapi_extra=_BODIES,
)
async def create_batch(
    request: Request,
    response: Response,
    idempotency_key: Key = None,
) -> dict[str, Any]:
    """Speak up to 10,000 texts, each into a file; a row that cannot be spoken fails alone. The
    body is JSON, or a form with a list as `file` and defaults beside it."""
    limits: Limits = request.app.state.limits
    given = await fields(request)
    if is_form(request):
        data, name = await document(given.pop("file", None), limits, "list of texts")
        given["items"] = await asyncio.to_thread(listed, data, name)
    asked = checked(BatchIn, given)
    defaults = {name: value for name, value in given.items() if name in Manner.model_fields}
    items = await asyncio.to_thread(lambda: [_row(defaults, item) for item in asked.items])
    kept = {"items": items}
    return await accepted(Batches.kind, kept, asked, idempotency_key, request, response)


@router.get("/jobs/{id}/rows", response_model=RowPage)
async def batch_rows(
    id: Id,
    served: Served,
    first: Annotated[int, Query(ge=0)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 1000,
    status: Annotated[Literal["waiting", "success", "error"] | None, Query()] = None,
) -> dict[str, Any]:
    """The texts of a batch, and what became of each."""
    rows = await served.batches.rows(served.jobs, id)
    wanted = [row for row in rows if status in (None, row.status)]
    return {
        "rows": [_answer(row) for row in wanted[first : first + count]],
        "total": len(rows),
        "succeeded": sum(row.status == "success" for row in rows),
        "failed": sum(row.status == "error" for row in rows),
    }


@router.get("/jobs/{id}/rows/{number}/audio", response_class=Response)
async def batch_row_audio(
    id: Id, number: Annotated[int, Path(ge=0)], served: Served
) -> StreamingResponse:
    """One text's file."""
    rows = await served.batches.rows(served.jobs, id)
    if number >= len(rows):
        raise NotFound(f"The job has rows 0 to {len(rows) - 1}.", param="number")
    blob = await served.batches.open(id, rows[number])
    file = f"{number + 1:05}{rows[number].format.suffix}"
    headers = {
        "Content-Length": str(blob.size),
        "Content-Disposition": f'attachment; filename="{file}"',
    }
    return StreamingResponse(blob.pieces, 200, headers, rows[number].format.media_type)


@router.get("/jobs/{id}/archive", response_class=Response)
async def batch_archive(id: Id, served: Served) -> StreamingResponse:
    """All files of a batch that is over as one ZIP, with a manifest.csv and an errors.txt."""
    job = await served.jobs.get(id)
    rows = await served.batches.rows(served.jobs, id)
    if not job.over:
        raise Conflict(f"Job '{id}' has no archive yet: it is {job.status}.")
    headers = {"Content-Disposition": f'attachment; filename="{id}.zip"'}
    return StreamingResponse(archive(served.batches, id, rows), 200, headers, MEDIA_TYPE)


def _row(defaults: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """A text as it is kept, or what is wrong with it."""
    given = {**defaults, **item}
    if "format" in item and "response_format" not in item:
        given["response_format"] = item["format"]
    if "problem" in item:
        return {"text": "", "problem": str(item["problem"])[:_SHOWN]}
    try:
        return Item.model_validate(given).asked()
    except ValidationError as error:
        text = str(item.get("text", item.get("input", "")))
        return {"text": text[:_SHOWN], "problem": as_problem(invalid(error.errors()))["message"]}


def _answer(row: BatchRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "text": str(row.asked.get("text") or "")[:_SHOWN],
        "name": row.asked.get("name"),
        "status": row.status,
        "file": file_name(row) if row.spoken else None,
        "seconds": round(row.part.seconds, 3) if row.part and row.spoken else None,
        "error": row.part.error if row.part else None,
    }

"""The pages, as files."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from polyvox.web import FOLDER

router = APIRouter(include_in_schema=False)
files = StaticFiles(directory=FOLDER / "static")
_POLICY = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; object-src 'none'"


@router.get("/")
async def speak_page() -> FileResponse:
    return FileResponse(FOLDER / "speak.html", headers={"Content-Security-Policy": _POLICY})

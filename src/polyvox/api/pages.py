"""The pages, as files."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from polyvox.web import FOLDER


class _Files(StaticFiles):
    """Browsers ask each time whether a file has changed, so that an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


router = APIRouter(include_in_schema=False)
files = _Files(directory=FOLDER / "static")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def speak_page() -> FileResponse:
    return FileResponse(FOLDER / "speak.html", headers=_HEADERS)

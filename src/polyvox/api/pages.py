"""The pages, each inside the frame that they share, and their files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from polyvox.api.access import Served
from polyvox.web import FOLDER


class _Files(StaticFiles):
    """Browsers ask each time whether a file has changed, so that an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


router = APIRouter(include_in_schema=False)
_pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)
files = _Files(directory=FOLDER / "static")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-cache",
}


def wants_page(request: Request) -> bool:
    """Whether whoever asks is a browser that shows pages."""
    return "text/html" in request.headers.get("accept", "")


def page(name: str, **given: object) -> HTMLResponse:
    """A page, by the name of its file; what is `given` it knows by these names."""
    return HTMLResponse(_pages.get_template(name).render(given), headers=_HEADERS)


@router.get("/")
async def speak_page() -> HTMLResponse:
    return page("speak.html")


@router.get("/clone")
async def clone_page() -> HTMLResponse:
    return page("clone.html")


@router.get("/design")
async def design_page() -> HTMLResponse:
    return page("design.html")


@router.get("/generate")
async def generate_page() -> HTMLResponse:
    return page("generate.html")


@router.get("/history")
async def history_page() -> HTMLResponse:
    return page("history.html")


@router.get("/nodes")
async def nodes_page(served: Served) -> HTMLResponse:
    return page("nodes.html", alone=served.cluster is None)


@router.get("/settings")
async def settings_page() -> HTMLResponse:
    return page("settings.html")


@router.get("/sign-in")
async def sign_in_page() -> HTMLResponse:
    return page("sign-in.html")

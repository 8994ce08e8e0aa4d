"""Signing in with a key, for browsers: it is kept in a cookie that pages cannot read."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.door import COOKIE, is_own_page
from polyvox.api.errors import REFUSALS
from polyvox.domain.errors import Forbidden, Unauthorized

router = APIRouter(prefix="/session", tags=["session"], responses=REFUSALS)
_DAYS = 30


class SignIn(BaseModel):
    key: str = Field(max_length=200)


class Session(BaseModel):
    """Who asks, as far as a browser has told."""

    keys_needed: bool
    name: str | None = Field(description="Of the key; null for nobody.")
    scopes: tuple[str, ...]


@router.get("")
async def session(request: Request, served: Served) -> Session:
    """Whether keys are needed here, and which one this browser has."""
    needed = request.app.state.limits.keys_needed
    written = request.cookies.get(COOKIE)
    if not (needed and written):
        return Session(keys_needed=needed, name=None, scopes=())
    try:
        caller = await served.keys.caller(written)
    except Unauthorized:
        return Session(keys_needed=needed, name=None, scopes=())
    assert caller.key
    return Session(keys_needed=needed, name=caller.key.name, scopes=caller.key.scopes)


@router.post("")
async def sign_in(said: SignIn, request: Request, response: Response, served: Served) -> Session:
    """Keep a key in this browser, for 30 days. Wrong ones are refused with 401."""
    if not is_own_page(request.headers):
        raise Forbidden("A page of another site has asked in your name.")
    caller = await served.keys.caller(said.key.strip())
    assert caller.key
    response.set_cookie(
        COOKIE,
        said.key.strip(),
        max_age=_DAYS * 86400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return Session(keys_needed=True, name=caller.key.name, scopes=caller.key.scopes)


@router.delete("", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """Forget it."""
    if not is_own_page(request.headers):
        raise Forbidden("A page of another site has asked in your name.")
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")

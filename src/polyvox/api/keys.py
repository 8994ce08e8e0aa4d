"""Keys, for admins: made, listed, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.voices import moment
from polyvox.domain.account import SCOPES, SPEAK, Key

router = APIRouter(prefix="/keys", tags=["keys"], responses=REFUSALS)
_DAY = 86400


class KeyAnswer(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: Key) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            scopes=key.scopes,
            created_at=moment(key.created_at),
            expires_at=moment(key.expires_at),
            used_at=moment(key.used_at),
            revoked_at=moment(key.revoked_at),
        )


class NewKey(KeyAnswer):
    key: str = Field(description="The key itself, which is never shown again.")


class KeyList(BaseModel):
    keys: list[KeyAnswer]


class KeyWish(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    scopes: tuple[str, ...] = Field((SPEAK,), description=f"Some of {', '.join(SCOPES)}.")
    expires_in_days: float | None = Field(None, gt=0, le=36500)


@router.get("")
async def list_keys(served: Served) -> KeyList:
    """Every key, the newest first."""
    return KeyList(keys=[KeyAnswer.of(key) for key in await served.keys.all()])


@router.post("", status_code=201)
async def create_key(wish: KeyWish, served: Served) -> NewKey:
    """A new key; it is in this answer only."""
    days = wish.expires_in_days
    key, written = await served.keys.create(wish.name, wish.scopes, days and days * _DAY)
    return NewKey(**KeyAnswer.of(key).model_dump(), key=written)


@router.delete("/{key_id}", status_code=204)
async def revoke_key(key_id: Annotated[str, Path(max_length=40)], served: Served) -> None:
    """It opens nothing any more, here at once, at other servers within seconds."""
    await served.keys.revoke(key_id)

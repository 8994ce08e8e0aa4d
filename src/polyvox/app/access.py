"""Whether a server may be reached as it is set up."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from polyvox.app.storing import opened
from polyvox.domain.account import ADMIN, SCOPES
from polyvox.domain.errors import Unavailable
from polyvox.services.keys import Keys
from polyvox.settings import Settings


async def check_access(settings: Settings) -> str | None:
    """The key for admins that was made for the first start, where that is wanted. Raises
    Unavailable for a server that others reach and nobody has a key for."""
    if not settings.keys_needed:
        return None
    async with keys(settings) as known:
        if await known.any_admin():
            return None
        if settings.access.bootstrap:
            _, written = await known.create("admin", SCOPES)
            return written
    raise Unavailable(
        f"Whoever calls {settings.server.host} needs a key (access.keys), and there is none yet. "
        f"Make one: polyvox keys create --name admin --scope {ADMIN}. Or start with --bootstrap, "
        "which prints one; or with --insecure, for everybody."
    )


@contextlib.asynccontextmanager
async def keys(settings: Settings) -> AsyncIterator[Keys]:
    """The keys of the database, with nothing running."""
    async with contextlib.AsyncExitStack() as stack:
        storage = await opened(settings, stack)
        assert storage.keys
        yield Keys(storage.keys)

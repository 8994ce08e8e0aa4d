"""How much has been spoken since the start, and how long that took."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator
from time import monotonic

from polyvox.domain.audio import AudioChunk


class Tally:
    """By model."""

    def __init__(self) -> None:
        self.audio = defaultdict[str, float](float)
        """Seconds of sound."""
        self.took = defaultdict[str, float](float)
        """Seconds for which seats were held to speak it."""

    async def of(
        self, model: str, chunks: AsyncGenerator[AudioChunk, None]
    ) -> AsyncGenerator[AudioChunk, None]:
        """The same chunks, counted; a seat is held from here to their end."""
        since = monotonic()
        try:
            async with contextlib.aclosing(chunks):
                async for chunk in chunks:
                    self.audio[model] += chunk.duration
                    yield chunk
        finally:
            self.took[model] += monotonic() - since

"""Voices: who can speak. Finds, lists, renames, deletes and restores them; making new ones is
the business of `enrolment`."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from polyvox.domain.blob import Blob
from polyvox.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from polyvox.domain.identity import is_id
from polyvox.domain.voice import PRESET, Voice, VoiceRecord
from polyvox.services.engines import Engines
from polyvox.services.presets import Presets

if TYPE_CHECKING:
    from polyvox.storage.shelf import Shelf

LONGEST_NAME = 100
_STATES_HELD = 64
_LINK_SECONDS = 600


class Voices:
    """Presets, and what users made."""

    def __init__(
        self, engines: Engines, presets: Presets, shelf: Shelf | None, *, links: bool = True
    ) -> None:
        """Without a `shelf` there are only presets. `links` sends clients to the store of files,
        where it has addresses."""
        self._engines, self._presets, self._shelf, self._links = engines, presets, shelf, links
        self._states: OrderedDict[str, bytes] = OrderedDict()

    async def find(self, name: str | None, engine: str, *, anywhere: bool = False) -> Voice:
        """The voice that a request to `engine` means by an id or a name, ready to be spoken with.

        `anywhere` allows the voice to be another engine's. Raises NotFound.
        """
        if name is None:
            return self._presets.default(engine)
        voice = self._presets.named(name, engine)
        if voice is None and self._shelf and (made := await self._shelf.rows.named(name)):
            voice = await self._with_state(made.voice)
        if voice and voice.engine in self._engines.names and (anywhere or voice.engine == engine):
            return voice
        if voice:
            raise NotFound(
                f"Voice '{name:.80}' belongs to engine '{voice.engine}', not to '{engine}'.",
                param="voice",
            )
        names = list(self._presets.names(engine))
        if not names:
            raise NotFound(
                f"There is no voice '{name:.80}', and engine '{engine}' has none of its own; "
                "clone one first.",
                param="voice",
            )
        near = get_close_matches(name.lower(), names, n=3) or names[:3]
        raise NotFound(
            f"Engine '{engine}' has no voice '{name:.80}'. Some that it has: "
            f"{', '.join(near)}; GET /v1/voices lists all.",
            param="voice",
        )

    async def like(self, voice: Voice, named: str | None, engine: str) -> Voice:
        """A preset of `engine` that can stand in for `voice`: one of that name, or of the same
        gender, or the default."""
        for name in (named, voice.name, f"{voice.gender}_generic"):
            found = self._presets.named(name, engine) if name else None
            if found and found.engine == engine:
                return found
        return self._presets.default(engine)

    async def get(self, id: str) -> VoiceRecord:
        """The voice with that id. Raises NotFound."""
        preset = self._presets.get(id)
        if preset:
            return VoiceRecord(preset)
        made = await self._shelf.rows.get(id) if self._shelf and is_id(id) else None
        if made is None:
            raise NotFound(f"There is no voice '{id:.80}'.", param="voice")
        return made

    async def list(
        self,
        *,
        engine: str | None = None,
        kind: str | None = None,
        language: str | None = None,
        text: str | None = None,
        first: int = 0,
        count: int = 1000,
        presets: bool = True,
    ) -> tuple[builtins.list[VoiceRecord], int]:
        """Some of the voices, and how many there are in all: those that were made, the newest
        first, then `presets`, where they are wanted. `language` is a code; `text` is in name,
        gender or description."""
        speaking = [
            name
            for name in self._engines.names
            if engine in (None, name)
            and (language is None or language in self._engines.languages(name))
        ]
        own, total = builtins.list[VoiceRecord](), 0
        if self._shelf and kind != PRESET:
            own, total = await self._shelf.rows.search(
                speaking, kind=kind, text=text, first=first, count=count
            )
        if not presets:
            return own, total
        others = self._presets.list(speaking, kind, text)
        rest = others[max(0, first - total) :][: count - len(own)]
        return [*own, *map(VoiceRecord, rest)], total + len(others)

    def check_name(self, name: str) -> str:
        """The name as it is kept. Raises InvalidInput, or Conflict for a preset's."""
        kept = " ".join(name.split())
        if not kept or len(kept) > LONGEST_NAME:
            raise InvalidInput(
                f"A voice's name has 1 to {LONGEST_NAME} characters, not {len(kept)}.",
                param="name",
            )
        if not kept.isprintable() or any(sign in kept for sign in "/\\") or set(kept) == {"."}:
            raise InvalidInput(
                "A voice's name may not contain slashes or control characters.", param="name"
            )
        if self._presets.known(kept) or is_id(kept):
            raise Conflict(f"'{kept}' is the name of a preset voice or an id.", param="name")
        return kept

    async def change(
        self, id: str, *, name: str | None = None, description: str | None = None
    ) -> VoiceRecord:
        """Rename or describe a voice that was made. Raises NotFound, InvalidInput, Conflict."""
        made = await self._own(id)
        if name is not None and name != made.voice.name:
            await self.shelf.rows.change(id, name=self.check_name(name))
        if description is not None:
            await self.shelf.rows.change(id, description=description)
        return await self.get(id)

    async def delete(self, id: str) -> None:
        """Take a voice out of every list; `restore` undoes it for a while. Speech that is being
        spoken with it goes on. Raises NotFound."""
        await self._own(id)
        await self.shelf.rows.delete(id)

    async def restore(self, id: str) -> VoiceRecord:
        """Undo `delete`. Raises NotFound, or Conflict when its name has been given away."""
        made = await self.shelf.rows.restore(id) if is_id(id) else None
        if made is None:
            raise NotFound(f"There is no deleted voice '{id:.80}'.", param="voice")
        return made

    async def reference(self, id: str) -> Blob:
        """The recording that the voice was made of, a WAV file. Raises NotFound."""
        await self._own(id)
        opened = await self.shelf.reference(id)
        if opened is None:
            raise NotFound(f"Voice '{id}' was not made of a recording.", param="voice")
        return opened

    async def reference_link(self, id: str) -> str | None:
        """An address of the recording that clients can be sent to, where there is one."""
        await self._own(id)
        return await self.shelf.link(id, _LINK_SECONDS) if self._links else None

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            raise Unavailable("Nothing is stored here; voices cannot be kept.")
        return self._shelf

    async def _own(self, id: str) -> VoiceRecord:
        found = await self.get(id)
        if found.voice.kind == PRESET:
            raise InvalidInput(f"'{id}' is a preset voice; it stays as it is.", param="voice")
        return found

    async def _with_state(self, voice: Voice) -> Voice:
        """The voice with its state, of which the latest are held in memory."""
        digest = str(voice.digest)
        if digest not in self._states:
            self._states[digest] = await self.shelf.state(voice.id)
            while len(self._states) > _STATES_HELD:
                self._states.popitem(last=False)
        self._states.move_to_end(digest)
        return replace(voice, state=self._states[digest])

"""Quality profiles: the built-in ones of every engine, and what users saved beside them."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from polyvox.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.profile import Profile
from polyvox.engines.options import check
from polyvox.services.built_in import built_in
from polyvox.services.effects import Effects, checked
from polyvox.services.engines import Engines

if TYPE_CHECKING:
    from polyvox.storage.profiles import ProfileRows

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1000
KNOWN_FOR = 2.0
"""Seconds in which a default that another process has set may not be seen."""
_TOUCHED_EVERY = 3600.0
"""Seconds; a use is noted at most so often."""
_COPIES = 100


class Profiles:
    """Finds, makes, changes and deletes profiles."""

    def __init__(self, engines: Engines, rows: ProfileRows | None) -> None:
        """Without `rows` there are only those that are built in."""
        self._engines, self._stored = engines, rows
        self._built_in = {name: built_in(name) for name in engines.names}
        self._set: Mapping[str, str] = {}
        self._set_until = 0.0

    async def list(self, engine: str | None = None) -> builtins.list[Profile]:
        """Of one engine, or of all: the built-in ones, then those that were made."""
        names = (self._engines.synthesizer(engine).name,) if engine else self._engines.names
        made = await self._stored.of(names) if self._stored else []
        found = [
            profile
            for name in names
            for profile in (*self._built_in[name], *(each for each in made if each.engine == name))
        ]
        return [await self._marked(profile) for profile in found]

    async def defaults(self) -> dict[str, Profile]:
        """What each engine uses when a request names none."""
        return {name: await self.find(None, name) for name in self._engines.names}

    async def find(self, name: str | None, engine: str) -> Profile:
        """What a request to `engine` means by an id or a name; its default when there is none.
        Raises NotFound, or InvalidInput for another engine's."""
        wanted = await self._default_id(engine) if name is None else name
        found = await self._named(wanted)
        own = next((each for each in found if each.engine == engine), None)
        if own:
            return await self._marked(own)
        if name is None:
            return await self._marked(self._built_in[engine][0])
        if found:
            raise InvalidInput(
                f"Profile '{name:.100}' belongs to engine '{found[0].engine}', not to '{engine}'.",
                param="profile",
            )
        names = ", ".join(each.name for each in await self.list(engine))
        raise NotFound(
            f"Engine '{engine}' has no profile '{name:.100}'. It has: {names}.", param="profile"
        )

    async def choose(self, name: str | None, engine: str) -> tuple[Profile, Effects]:
        """The same, to speak with. Raises InvalidInput, too, for one whose options the engine
        does not take any more."""
        found = await self.find(name, engine)
        try:
            check(self._engines.synthesizer(engine).Options, found.options)
            return found, checked(found.effects)
        except InvalidInput as error:
            raise InvalidInput(
                f"Profile '{found.name}' does not fit engine '{engine}' any more: {error.message} "
                f"Change it: PATCH /v1/profiles/{found.id}.",
                param="profile",
            ) from error

    async def touch(self, profile: Profile) -> None:
        """Note that it has been used."""
        now = time()
        if profile.used_at is not None and profile.used_at < now - _TOUCHED_EVERY:
            await self.rows.touch(profile.id, now)

    async def get(self, id: str) -> Profile:
        """The profile with that id. Raises NotFound."""
        found = [each for each in await self._named(id) if each.id == id]
        if not found:
            raise NotFound(f"There is no profile '{id:.100}'.", param="profile")
        return await self._marked(found[0])

    async def create(
        self,
        engine: str,
        name: str,
        options: Mapping[str, Any],
        effects: Mapping[str, Any],
        description: str = "",
    ) -> Profile:
        """Keep a profile. Raises NotFound, InvalidInput or Conflict, naming the field."""
        declared = self._engines.synthesizer(engine)
        now = time()
        made = Profile(
            new_id(),
            self._check_name(name, engine),
            declared.name,
            options,
            effects,
            description,
            created_at=now,
            used_at=now,
        )
        self._check(made)
        await self.rows.add(made)
        return await self.get(made.id)

    async def change(self, id: str, **values: Any) -> Profile:
        """Give a profile another `name`, `description`, `options` or `effects`, each as a whole.
        Raises NotFound, InvalidInput or Conflict, naming the field."""
        found = await self._own(id)
        if "name" in values:
            values["name"] = self._check_name(values["name"], found.engine)
        self._check(replace(found, **values))
        if values and not await self.rows.change(found, **values):
            raise NotFound(f"There is no profile '{id:.100}'.", param="profile")
        return await self.get(id)

    async def duplicate(self, id: str, name: str | None = None) -> Profile:
        """A profile of one's own with the options of any, called `name` or "… copy"."""
        found = await self.get(id)
        given = found.options, found.effects, found.description
        if name is not None:
            return await self.create(found.engine, name, *given)
        for number in range(1, _COPIES):
            called = f"{found.name[: LONGEST_NAME - 8]} copy{f' {number}' if number > 1 else ''}"
            with contextlib.suppress(Conflict):
                return await self.create(found.engine, called, *given)
        raise Conflict(f"There are {_COPIES - 1} copies of '{found.name}'.", param="name")

    async def delete(self, id: str) -> None:
        """Raises NotFound, InvalidInput for a built-in one, Conflict for an engine's default."""
        found = await self._own(id)
        if await self.rows.delete(id):
            return
        raise Conflict(
            f"Profile '{found.name}' is the default of engine '{found.engine}'; make another one "
            f"the default first, as {self._built_in[found.engine][0].id}.",
            param="profile",
        )

    async def set_default(self, id: str) -> Profile:
        """Let the profile's engine use it for requests that name none."""
        found = await self.get(id)
        await self.rows.set_default(found.engine, found.id)
        self._set_until = 0.0
        return await self.get(id)

    async def purge(self) -> int:
        """Remove those whose time is over."""
        return await self.rows.purge()

    @property
    def rows(self) -> ProfileRows:
        """Raises Unavailable where nothing is stored."""
        if self._stored is None:
            raise Unavailable("Nothing is stored here; profiles cannot be kept.")
        return self._stored

    async def _named(self, name: str) -> builtins.list[Profile]:
        """Those of any engine that is switched on with that id or name."""
        key = _key(name)
        every = [each for own in self._built_in.values() for each in own]
        found = [each for each in every if each.id == name or each.name == key]
        if self._stored and is_id(name):
            made = await self._stored.get(name.lower())
            found += [made] if made else []
        elif self._stored and name.isprintable() and not any(each.id == name for each in found):
            found += await self._stored.named(name)
        return [each for each in found if each.engine in self._built_in]

    async def _own(self, id: str) -> Profile:
        found = await self.get(id)
        if found.built_in:
            raise InvalidInput(
                f"Profile '{found.id}' is built in and stays as it is; make one of your own of it: "
                f"POST /v1/profiles/{found.id}/duplicate.",
                param="profile",
            )
        return found

    async def _default_id(self, engine: str) -> str:
        if self._stored and monotonic() >= self._set_until:
            with contextlib.suppress(Unavailable):  # speech goes on with what was known
                self._set = await self._stored.defaults()
            self._set_until = monotonic() + KNOWN_FOR
        return self._set.get(engine, self._built_in[engine][0].id)

    async def _marked(self, profile: Profile) -> Profile:
        """With a mark on an engine's default."""
        return replace(profile, default=profile.id == await self._default_id(profile.engine))

    def _check(self, profile: Profile) -> None:
        check(self._engines.synthesizer(profile.engine).Options, profile.options)
        checked(profile.effects)
        if len(profile.description) > LONGEST_DESCRIPTION:
            raise InvalidInput(
                f"A description has up to {LONGEST_DESCRIPTION} characters, not "
                f"{len(profile.description)}.",
                param="description",
            )
        if "\0" in profile.description:
            raise InvalidInput("A description has no zero characters.", param="description")

    def _check_name(self, name: str, engine: str) -> str:
        """The name as it is kept. Raises InvalidInput, or Conflict for a built-in one's."""
        kept = " ".join(name.split())
        if not 1 <= len(kept) <= LONGEST_NAME:
            raise InvalidInput(
                f"A profile's name has 1 to {LONGEST_NAME} characters, not {len(kept)}.",
                param="name",
            )
        if not kept.isprintable() or any(sign in kept for sign in "/\\") or set(kept) == {"."}:
            raise InvalidInput(
                "A profile's name may not contain slashes or control characters.", param="name"
            )
        every = [each for own in self._built_in.values() for each in own]
        own = any(each.engine == engine and each.name == _key(kept) for each in every)
        if own or is_id(kept) or any(each.id == kept for each in every):
            raise Conflict(f"'{kept}' is the name of a built-in profile or an id.", param="name")
        return kept


def _key(name: str) -> str:
    return " ".join(name.casefold().split())

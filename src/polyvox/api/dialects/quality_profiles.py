"""The asynchronous audio service's quality profiles, by engine and id or by id alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import AliasChoices, BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.profiles import UNNAMED, Copy
from polyvox.api.voices import moment
from polyvox.domain.profile import Profile
from polyvox.services import Services

router = APIRouter(
    prefix="/quality-profiles",
    tags=["audio-voice"],
    route_class=DetailRoute,
    responses=DETAILS,
)
Engine = Annotated[str, Path(max_length=200, description="An engine's name.")]
Which = Annotated[str, Path(max_length=200, description="A profile's id or name.")]
Either = Annotated[str, Path(max_length=200, description="An engine's name, or a profile's id.")]
Id = Annotated[str, Path(max_length=200, description="A profile's id.")]


class QualityProfile(BaseModel):
    id: str
    name: str
    engine: str
    description: str
    options: dict[str, Any]
    effects: dict[str, Any]
    is_builtin: bool
    is_default: bool
    created_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def of(cls, profile: Profile) -> Self:
        return cls(
            id=profile.id,
            name=profile.name,
            engine=profile.engine,
            description=profile.description,
            options=dict(profile.options),
            effects=dict(profile.effects),
            is_builtin=profile.built_in,
            is_default=profile.default,
            created_at=moment(profile.created_at),
            last_used_at=moment(profile.used_at),
            expires_at=moment(profile.expires_at),
        )


class QualityProfiles(BaseModel):
    profiles: list[QualityProfile]
    total: int


class Defaults(BaseModel):
    defaults: dict[str, QualityProfile] = Field(description="By engine.")


class Written(BaseModel):
    """A profile as it is to be."""

    name: str = Field(max_length=1000)
    description: str = Field("", max_length=1000)
    options: dict[str, Any] = {}
    effects: dict[str, Any] = {}


class WrittenFor(Written):
    engine: str = Field(
        max_length=200, validation_alias=AliasChoices("engine", "tts_engine", "engine_type")
    )


class Changed(BaseModel):
    name: str | None = Field(None, max_length=1000)
    description: str | None = Field(None, max_length=1000)
    options: dict[str, Any] | None = None
    effects: dict[str, Any] | None = None


@router.get("")
async def list_quality_profiles(
    served: Served, engine: Annotated[str | None, Query(max_length=200)] = None
) -> QualityProfiles:
    """Profiles of every engine, or of one."""
    return _listed(await served.profiles.list(engine))


@router.post("", status_code=201)
async def create_quality_profile(asked: WrittenFor, served: Served) -> QualityProfile:
    """Keep a profile of the engine that the body names."""
    return await _created(served, asked.engine, asked)


@router.get("/defaults")
async def list_default_profiles(served: Served) -> Defaults:
    """What each engine uses when a job names none."""
    found = await served.profiles.defaults()
    return Defaults(defaults={name: QualityProfile.of(each) for name, each in found.items()})


@router.get("/{engine}")
async def get_quality_profiles(engine: Either, served: Served) -> QualityProfiles | QualityProfile:
    """Profiles of an engine; or one, by its id alone."""
    if engine in served.engines.names:
        return _listed(await served.profiles.list(engine))
    return QualityProfile.of(await served.profiles.get(engine))


@router.post("/{engine}", status_code=201)
async def create_profile_of(engine: Engine, asked: Written, served: Served) -> QualityProfile:
    """Keep a profile of this engine."""
    return await _created(served, engine, asked)


@router.patch("/{id}")
async def change_by_id(id: Id, asked: Changed, served: Served) -> QualityProfile:
    """Change what is sent."""
    return await _changed(served, id, asked.model_dump(exclude_none=True))


@router.put("/{id}")
async def replace_by_id(id: Id, asked: Written, served: Served) -> QualityProfile:
    """Write it anew."""
    return await _changed(served, id, asked.model_dump())


@router.delete("/{id}", status_code=204)
async def delete_by_id(id: Id, served: Served) -> None:
    """Delete a profile."""
    await served.profiles.delete(id)


@router.post("/{id}/set-default")
async def set_default_by_id(id: Id, served: Served) -> QualityProfile:
    """Let its engine use it for jobs that name none."""
    return QualityProfile.of(await served.profiles.set_default(id))


@router.post("/{id}/duplicate", status_code=201)
async def duplicate_by_id(id: Id, served: Served, copy: Copy = UNNAMED) -> QualityProfile:
    """Make one's own of any."""
    return QualityProfile.of(await served.profiles.duplicate(id, copy.name))


@router.get("/{engine}/{id}")
async def get_quality_profile(engine: Engine, id: Which, served: Served) -> QualityProfile:
    """One profile."""
    return QualityProfile.of(await _of(served, engine, id))


@router.patch("/{engine}/{id}")
async def change_quality_profile(
    engine: Engine, id: Which, asked: Changed, served: Served
) -> QualityProfile:
    """Change what is sent."""
    found = await _of(served, engine, id)
    return await _changed(served, found.id, asked.model_dump(exclude_none=True))


@router.put("/{engine}/{id}")
async def replace_quality_profile(
    engine: Engine, id: Which, asked: Written, served: Served
) -> QualityProfile:
    """Write it anew."""
    found = await _of(served, engine, id)
    return await _changed(served, found.id, asked.model_dump())


@router.delete("/{engine}/{id}", status_code=204)
async def delete_quality_profile(engine: Engine, id: Which, served: Served) -> None:
    """Delete a profile."""
    await served.profiles.delete((await _of(served, engine, id)).id)


@router.post("/{engine}/{id}/set-default")
async def set_default_profile(engine: Engine, id: Which, served: Served) -> QualityProfile:
    """Let the engine use it for jobs that name none."""
    return await set_default_by_id((await _of(served, engine, id)).id, served)


@router.post("/{engine}/{id}/duplicate", status_code=201)
async def duplicate_quality_profile(
    engine: Engine, id: Which, served: Served, copy: Copy = UNNAMED
) -> QualityProfile:
    """Make one's own of any."""
    return await duplicate_by_id((await _of(served, engine, id)).id, served, copy)


def _listed(found: list[Profile]) -> QualityProfiles:
    profiles = [QualityProfile.of(each) for each in found]
    return QualityProfiles(profiles=profiles, total=len(profiles))


async def _of(served: Services, engine: str, id: str) -> Profile:
    served.engines.synthesizer(engine)
    return await served.profiles.find(id, engine)


async def _created(served: Services, engine: str, asked: Written) -> QualityProfile:
    made = await served.profiles.create(
        engine, asked.name, asked.options, asked.effects, asked.description
    )
    return QualityProfile.of(made)


async def _changed(served: Services, id: str, values: dict[str, Any]) -> QualityProfile:
    return QualityProfile.of(await served.profiles.change(id, **values))

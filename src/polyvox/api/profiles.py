"""Quality profiles: saved sets of an engine's options, and of effects on its sound."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.streaming import unless_gone
from polyvox.api.voices import moment
from polyvox.audio.encode import FORMATS, format_named
from polyvox.domain.profile import Profile
from polyvox.services.effects import rules
from polyvox.services.trials import spoken_with

router = APIRouter(prefix="/profiles", tags=["profiles"], responses=REFUSALS)
Id = Annotated[str, Path(max_length=200, description="A profile's id.")]


class ProfileAnswer(BaseModel):
    """A profile, and everything that is known of it."""

    id: str
    name: str
    engine: str
    options: dict[str, Any] = Field(description="The engine's own.")
    effects: dict[str, Any] = Field(description="What is done to the sound.")
    description: str
    built_in: bool = Field(description="Comes with Polyvox and stays as it is.")
    default: bool = Field(description="Used by requests to its engine that name none.")
    created_at: datetime | None
    used_at: datetime | None = Field(description="To the hour.")
    expires_at: datetime | None = Field(description="If it is not used before.")

    @classmethod
    def of(cls, profile: Profile) -> Self:
        return cls(
            id=profile.id,
            name=profile.name,
            engine=profile.engine,
            options=dict(profile.options),
            effects=dict(profile.effects),
            description=profile.description,
            built_in=profile.built_in,
            default=profile.default,
            created_at=moment(profile.created_at),
            used_at=moment(profile.used_at),
            expires_at=moment(profile.expires_at),
        )


class ProfileList(BaseModel):
    profiles: list[ProfileAnswer]


class NewProfile(BaseModel):
    engine: str = Field(max_length=200, examples=["espeak"])
    name: str = Field(max_length=1000, examples=["My voice-over"])
    options: dict[str, Any] = Field({}, description="The engine's own; see /v1/engines.")
    effects: dict[str, Any] = Field({}, description="See /v1/profiles/effects.")
    description: str = Field("", max_length=1000)


class Trial(BaseModel):
    """A profile that is not kept, and what to say with it."""

    engine: str = Field(max_length=200, examples=["espeak"])
    options: dict[str, Any] = Field({}, description="The engine's own; see /v1/engines.")
    effects: dict[str, Any] = Field({}, description="See /v1/profiles/effects.")
    input: str = Field(max_length=1000, description="The text.", examples=["Can you hear me?"])
    voice: str | None = Field(
        None, max_length=200, description="Of the engine; its default one if not said."
    )
    language: str = Field("auto", max_length=64)
    response_format: str = Field("wav", json_schema_extra={"enum": list(FORMATS)})


class ProfileChange(BaseModel):
    name: str | None = Field(None, max_length=1000)
    options: dict[str, Any] | None = Field(None, description="All of them anew.")
    effects: dict[str, Any] | None = Field(None, description="All of them anew.")
    description: str | None = Field(None, max_length=1000)


class Copy(BaseModel):
    name: str | None = Field(None, max_length=1000, description="NAME copy if not said.")


UNNAMED = Copy(name=None)


@router.get("")
async def list_profiles(
    served: Served,
    engine: Annotated[str | None, Query(max_length=200, description="Of this engine.")] = None,
) -> ProfileList:
    """Profiles: of each engine the built-in ones, then your own, the newest first."""
    found = await served.profiles.list(engine)
    return ProfileList(profiles=[ProfileAnswer.of(each) for each in found])


@router.post("", status_code=201)
async def create_profile(asked: NewProfile, served: Served) -> ProfileAnswer:
    """Keep a profile of your own."""
    return ProfileAnswer.of(
        await served.profiles.create(
            asked.engine, asked.name, asked.options, asked.effects, asked.description
        )
    )


@router.post("/preview", response_class=Response)
async def preview(asked: Trial, request: Request, served: Served) -> Response:
    """Speak a line with options and effects that are not kept."""
    fmt = format_named(asked.response_format)
    engine = served.engines.synthesizer(asked.engine).name
    profile = Profile("", "", engine, asked.options, asked.effects)
    speaking = spoken_with(profile, asked.input, asked.voice, asked.language, fmt, served)
    recording = await unless_gone(request, speaking)
    headers = {
        "X-Engine": engine,
        "X-Audio-Duration": f"{recording.duration:.3f}",
        "Cache-Control": "no-store",
    }
    return Response(recording.data, 200, headers, fmt.media_type)


@router.get("/effects")
async def list_effects() -> dict[str, Any]:
    """The effects that a profile may ask for, in their order, as JSON Schema."""
    return rules()


@router.get("/{id}")
async def get_profile(id: Id, served: Served) -> ProfileAnswer:
    """One profile."""
    return ProfileAnswer.of(await served.profiles.get(id))


@router.patch("/{id}")
async def change_profile(id: Id, change: ProfileChange, served: Served) -> ProfileAnswer:
    """Change a profile of your own; what is not sent stays."""
    values = change.model_dump(exclude_none=True)
    return ProfileAnswer.of(await served.profiles.change(id, **values))


@router.delete("/{id}", status_code=204)
async def delete_profile(id: Id, served: Served) -> None:
    """Delete a profile of your own that is no engine's default."""
    await served.profiles.delete(id)


@router.post("/{id}/duplicate", status_code=201)
async def duplicate_profile(id: Id, served: Served, copy: Copy = UNNAMED) -> ProfileAnswer:
    """Make a profile of your own from any."""
    return ProfileAnswer.of(await served.profiles.duplicate(id, copy.name))


@router.post("/{id}/default")
async def make_default(id: Id, served: Served) -> ProfileAnswer:
    """Let its engine use it for requests that name none."""
    return ProfileAnswer.of(await served.profiles.set_default(id))

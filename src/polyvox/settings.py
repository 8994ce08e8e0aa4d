"""Every setting, with its one line of explanation. Only `app` and `cli` read them.

Arguments win over the environment (POLYVOX_SECTION__NAME, and the platforms' own DATABASE_URL
and REDIS_URL), then a `.env` file, then a settings file, then the defaults here.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from dotenv import dotenv_values
from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from polyvox.domain.errors import InvalidInput

PREFIX, DELIMITER = "POLYVOX_", "__"
FILE_NAMES = ("polyvox.toml", "polyvox.yaml", "polyvox.yml", "config.yaml")
_PLATFORM = {
    "DATABASE_URL": ("storage", "database"),
    "REDIS_URL": ("storage", "redis"),
    "AWS_DEFAULT_REGION": ("storage", "s3_region"),
    "AWS_REGION": ("storage", "s3_region"),
    "AWS_ENDPOINT_URL": ("storage", "s3_endpoint"),
    "AWS_ACCESS_KEY_ID": ("storage", "s3_access_key"),
    "AWS_SECRET_ACCESS_KEY": ("storage", "s3_secret_key"),
    "AWS_SESSION_TOKEN": ("storage", "s3_session_token"),
}
_FILE_VARIABLE = "POLYVOX_CONFIG"
_NOT_SETTINGS = (_FILE_VARIABLE, "POLYVOX_TEST_DATABASE_URL")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _from_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Environment variables and files write nothing as "", and lists with commas."""
        default = cls.model_fields[str(info.field_name)].get_default()
        if value == "" and default is None:
            return None
        if isinstance(value, str) and isinstance(default, tuple):
            parts = json.loads(value) if value.startswith("[") else value.split(",")
            return tuple(str(part).strip() for part in parts if str(part).strip())
        return value


class Server(Section):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    max_body_mb: float = Field(4, gt=0, description="Largest request body, in megabytes.")
    header_seconds: float = Field(10, gt=0, description="Time a client has to send its headers.")
    body_seconds: float = Field(30, gt=0, description="Time a client has to send its body.")
    upload_seconds: float = Field(300, gt=0, description="Time a client has to send a file.")
    stall_seconds: float = Field(
        60, gt=0, description="How long a client may stop reading before it is cut off."
    )
    max_connections: int = Field(1000, ge=1, description="Connections served at once.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )


class Speech(Section):
    model: str = Field("espeak", description="Model of requests that name none.")
    voice: str | None = Field(None, description="Voice of requests that name none.")
    max_characters: int = Field(4096, ge=1, description="Longest text of one request.")
    max_waiting: int = Field(
        256, ge=0, description="Requests that may wait for an engine; more are answered 503."
    )
    max_wait_seconds: float = Field(
        60, gt=0, description="Longest wait for an engine; after it the answer is 503."
    )
    stand_in: str | None = Field(
        None,
        description="Engine that speaks for models whose own engine is not here, such as the "
        "qwen3-tts-… names; unset refuses them with 503.",
    )
    look_ahead: int = Field(
        2, ge=0, le=16, description="Segments of a long text that are spoken before their turn."
    )


class Engines(Section):
    enabled: tuple[str, ...] = Field(("espeak",), description="Engines that may be used.")
    hosts: int = Field(
        0, ge=0, description="Processes of an engine that uses one core each; 0 is one a core."
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N.")
    folder: Path | None = Field(None, description="Folder of drop-in engines.")
    load_seconds: float = Field(300, gt=0, description="Time an engine has to load.")
    chunk_seconds: float = Field(
        120, gt=0, description="Time a loaded engine has for its next piece of sound."
    )
    max_loaded_models: int = Field(
        2, ge=1, description="Models with weights that may be in memory at once."
    )
    keep_alive_seconds: float = Field(
        300, ge=0, description="How long such a model stays in memory unused."
    )
    low_memory: bool = Field(False, description="Free such a model after each request.")
    settings: dict[str, dict[str, Any]] = Field(
        {}, description="What engines are told, by engine: addresses, keys."
    )


class Storage(Section):
    folder: Path = Field(
        default_factory=lambda: user_data_path("polyvox", appauthor=False),
        description="Where Polyvox keeps its files.",
    )
    database: str | None = Field(
        None, description="sqlite:///PATH or postgresql://…; a SQLite file in the folder if unset."
    )
    redis: str | None = Field(
        None, description="redis://… shared with other Polyvox processes; `doctor` checks it."
    )

    blobs: str | None = Field(
        None, description="s3://BUCKET/PREFIX for recordings and clips; a folder if unset."
    )
    s3_endpoint: str | None = Field(None, description="https://… of an S3-compatible store.")
    s3_region: str | None = Field(None, description="Region of the bucket.")
    s3_access_key: str | None = Field(None, description="Access key of the store.")
    s3_secret_key: str | None = Field(None, description="Secret key of the store.")
    s3_session_token: str | None = Field(None, description="Session token of the store.")
    signed_urls: bool = Field(
        True, description="Send clients to the S3 store for files, by addresses that expire."
    )
    generated_days: float = Field(
        7, gt=0, description="How long clips of the web application are kept."
    )


class Voices(Section):
    min_seconds: float = Field(10, gt=0, description="Shortest recording to clone from.")
    max_seconds: float = Field(300, gt=0, description="Longest recording to clone from.")
    max_mb: float = Field(50, gt=0, description="Largest recording, in megabytes.")
    lifetime_days: float | None = Field(
        None, gt=0, description="How long voices are kept; until they are deleted if unset."
    )
    undo_minutes: float = Field(
        10, ge=0, description="How long a deleted voice can be brought back."
    )
    consent_required: bool = Field(
        False, description="Clone only with a note that the speaker agrees."
    )
    private_urls: bool = Field(
        False, description="Fetch recordings from private and loopback addresses too."
    )
    url_seconds: float = Field(30, gt=0, description="Time to fetch a recording from a URL.")


class Cache(Section):
    enabled: bool = Field(True, description="Answer repeated requests from storage.")
    max_mb: float = Field(512, ge=0, description="Room for cached speech, in megabytes.")


class Settings(Section):
    """All sections."""

    server: Server = Server()
    speech: Speech = Speech()
    engines: Engines = Engines()
    storage: Storage = Field(default_factory=Storage)
    voices: Voices = Voices()
    cache: Cache = Cache()

    @property
    def database_url(self) -> str:
        return self.storage.database or f"sqlite:///{self.storage.folder / 'polyvox.db'}"


def load(arguments: Mapping[str, Any] | None = None, file: Path | None = None) -> Settings:
    """The settings in force.

    `arguments` are nested by section and win over everything; `file` replaces the settings
    file that would be found. Raises InvalidInput naming the key that is wrong.
    """
    layers = (
        _read(file or settings_file()),
        _from_variables({key: value or "" for key, value in dotenv_values(".env").items()}),
        _from_variables(os.environ),
        arguments or {},
    )
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, values in layer.items():
            if isinstance(values, Mapping) and isinstance(merged.get(section, {}), Mapping):
                merged[section] = {**merged.get(section, {}), **values}
            else:
                merged[section] = values
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise InvalidInput(_explained(error)) from error


def settings_file() -> Path | None:
    """The settings file in force: POLYVOX_CONFIG, or the first found in the working folder or
    the user's configuration folder."""
    named = os.environ.get(_FILE_VARIABLE)
    if named:
        return Path(named)
    folders = (Path(), user_file().parent)
    found = (folder / name for folder in folders for name in FILE_NAMES)
    return next((path for path in found if path.is_file()), None)


def user_file() -> Path:
    """Where the user's own settings file lives."""
    return user_config_path("polyvox", appauthor=False) / FILE_NAMES[0]


def default_file() -> str:
    """A settings file with every setting at its default, commented out and explained."""
    lines = ["# Polyvox settings. Remove a '#' to change a setting."]
    for section, field in Settings.model_fields.items():
        lines += ["", f"[{section}]"]
        kind = field.annotation
        assert isinstance(kind, type)
        assert issubclass(kind, Section)
        for name, each in kind.model_fields.items():
            lines += [
                f"# {each.description}",
                f"# {name} = {as_toml(each.get_default(call_default_factory=True))}",
            ]
    return "\n".join(lines) + "\n"


def as_toml(value: Any) -> str:
    """A default as TOML writes it; an empty string where there is none."""
    if value is None or isinstance(value, (str, Path)):
        return f'"{value or ""}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return str(value)


def known_keys() -> list[str]:
    """Every setting as section.name."""
    return [
        f"{section}.{name}"
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    ]


def _read(file: Path | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text) or {}
    except OSError as error:
        raise InvalidInput(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidInput(f"The settings file {file} is malformed: {error}") from error
    if not isinstance(content, Mapping):
        raise InvalidInput(f"The settings file {file} must hold sections.")
    return content


def _from_variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings among environment variables, nested by section."""
    values: dict[str, Any] = {}
    for variable, (section, name) in _PLATFORM.items():
        if environment.get(variable):
            values.setdefault(section, {})[name] = environment[variable]
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable not in _NOT_SETTINGS:
            section, _, name = variable.removeprefix(PREFIX).lower().partition(DELIMITER)
            values.setdefault(section, {})[name] = value
    return values


def _explained(error: ValidationError) -> str:
    """The first problem in one sentence."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return _unknown(key, known_keys())
    return f"Setting '{key}' cannot be {problem['input']!r:.60}: {problem['msg']}."


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"There is no setting '{key}'.{hint} `polyvox config show` lists all."

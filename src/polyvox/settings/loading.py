"""Reads settings. Arguments win over the environment (POLYVOX_SECTION__NAME, and the platforms' own
names such as DATABASE_URL), then a `.env` file, then a settings file, then the defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from platformdirs import user_config_path
from pydantic import ValidationError

from polyvox.domain.errors import InvalidInput
from polyvox.settings.sections import Section, Settings

PREFIX, DELIMITER = "POLYVOX_", "__"
FILE_NAMES = ("polyvox.toml", "polyvox.yaml", "polyvox.yml", "config.yaml")
_STORAGE_VARIABLES = {
    "DATABASE_URL": "database",
    "REDIS_URL": "redis",
    "AWS_DEFAULT_REGION": "s3_region",
    "AWS_REGION": "s3_region",
    "AWS_ENDPOINT_URL": "s3_endpoint",
    "AWS_ACCESS_KEY_ID": "s3_access_key",
    "AWS_SECRET_ACCESS_KEY": "s3_secret_key",
    "AWS_SESSION_TOKEN": "s3_session_token",
}
"""The platforms' own names."""
_FILE_VARIABLE = "POLYVOX_CONFIG"
_NOT_SETTINGS = (_FILE_VARIABLE, "POLYVOX_KEY", "POLYVOX_TEST_DATABASE_URL", "POLYVOX_TEST_ENGINES")


def load(
    arguments: Mapping[str, Any] | None = None,
    file: Path | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings in force.

    `arguments` are nested by section and win over everything; `file` replaces the settings
    file that would be found; `defaults` stand where nothing else is said. Raises InvalidInput
    naming the key that is wrong.
    """
    layers = (
        defaults or {},
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
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {as_toml(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return str(value)


def known_keys() -> list[str]:
    """Every setting as section.name."""
    sections = Settings.model_fields.items()
    return [f"{name}.{key}" for name, each in sections for key in _fields(each.annotation)]


def _fields(section: Any) -> Mapping[str, Any]:
    return getattr(section, "model_fields", {})


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
    for variable, name in _STORAGE_VARIABLES.items():
        if environment.get(variable):
            values.setdefault("storage", {})[name] = environment[variable]
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

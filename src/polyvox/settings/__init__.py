"""Every setting. Only `app` and `cli` read them."""

from polyvox.settings.loading import (
    DELIMITER,
    FILE_NAMES,
    PREFIX,
    as_toml,
    default_file,
    known_keys,
    load,
    settings_file,
    user_file,
)
from polyvox.settings.sections import Section, Settings

__all__ = [
    "DELIMITER",
    "FILE_NAMES",
    "PREFIX",
    "Section",
    "Settings",
    "as_toml",
    "default_file",
    "known_keys",
    "load",
    "settings_file",
    "user_file",
]

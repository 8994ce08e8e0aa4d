"""A glance into the database, for programs that are gone before it would be open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_SQLITE = "sqlite:///"


def has_default_profiles(url: str) -> bool:
    """Whether somebody has set what engines use when no profile is named. Of a database that is
    no file, or is busy, it is taken for granted."""
    if not url.startswith(_SQLITE):
        return True
    path = Path(url.removeprefix(_SQLITE).partition("?")[0])
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT 1 FROM default_profiles LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)
    return found is not None

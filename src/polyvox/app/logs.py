"""How lines of the log are written. Libraries say only what is wrong: at their debug level they
tell keys and texts, and theirs are not ours to tell."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from polyvox.domain.trace import request_id

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s%(behalf)s"
_SERVER = "uvicorn"


def log_config(form: str, level: str) -> dict[str, Any]:
    """What `logging.config.dictConfig` takes: `form` is text or json, `level` that of our own
    lines. All of it goes to the error stream."""
    servers = "INFO" if level == "debug" else level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": OfRequest}},
        "formatters": {"text": {"format": _TEXT}, "json": {"()": Json}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["request"],
                "formatter": form,
            }
        },
        "root": {"handlers": ["stderr"], "level": "ERROR" if level == "error" else "WARNING"},
        "loggers": {
            "polyvox": {"level": level.upper()},
            _SERVER: {"level": servers},
            f"{_SERVER}.error": {"level": servers},
            f"{_SERVER}.access": {"level": servers},
            "celery": {"level": servers},
        },
    }


def server_level(level: str) -> str:
    """That of the server below us: at debug it would tell headers of live updates, cookies among
    them."""
    return "info" if level == "debug" else level


class OfRequest(logging.Filter):
    """Each line knows the id of its request; the server's say no query of a path."""

    def filter(self, record: logging.LogRecord) -> bool:
        id = request_id()
        record.request_id, record.behalf = id, f" [{id}]" if id else ""
        if record.name.startswith(_SERVER) and isinstance(record.args, tuple):
            record.args = tuple(map(_without_query, record.args))
        return True


def _without_query(value: object) -> object:
    is_path = isinstance(value, str) and value.startswith("/")
    return str(value).partition("?")[0] if is_path else value


class Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if id := getattr(record, "request_id", ""):
            said["request_id"] = id
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)

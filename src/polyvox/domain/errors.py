"""Everything that can go wrong, as one tree. A stable `code` travels on the wire and into
documentation; statuses, exit codes and retries are decided where they are used, from the class.

PolyvoxError
├── InvalidInput             the caller can mend it
│   ├── NothingToSpeak       a blank text, or one without a sound
│   ├── Unauthorized         it does not say who asks, or wrongly
│   ├── Forbidden            it says who asks, and that is not enough
│   ├── NotFound             no such voice, model, language, engine
│   ├── Conflict             it exists already, or is in use
│   ├── TooLarge             over a limit that the message names
│   ├── TooSlow              the request itself took too long to come
│   └── UnsupportedMedia     not a kind of content we read
├── Busy                     try again later; says when
│   └── RateLimited          this client, or all together, ask too often
├── Unavailable              the engine is not installed or cannot load
│   └── NodeLost             the machine that was to speak does not answer
├── EngineFailed             the engine raised an error of its own
│   └── EngineCrashed        the engine's process died
├── TimedOut                 it took longer than the limit allows
└── Cancelled                whoever asked has left
"""

from __future__ import annotations

from typing import Any, Optional


class PolyvoxError(Exception):
    """Any error that Polyvox raises on purpose."""

    code = "error"
    retry = False
    """Whether the same request may succeed later."""

    def __init__(
        self, message: str, *, param: Optional[str] = None, retry_after: Optional[int] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        """The field of the request that is wrong, where there is one."""
        self.retry_after = retry_after
        """Seconds after which a retry makes sense."""


class InvalidInput(PolyvoxError):
    code = "invalid_input"


class NothingToSpeak(InvalidInput):
    code = "nothing_to_speak"


class Unauthorized(InvalidInput):
    code = "unauthorized"


class Forbidden(InvalidInput):
    code = "forbidden"


class NotFound(InvalidInput):
    code = "not_found"


class Conflict(InvalidInput):
    code = "conflict"


class TooLarge(InvalidInput):
    code = "too_large"


class TooSlow(InvalidInput):
    code = "too_slow"


class UnsupportedMedia(InvalidInput):
    code = "unsupported_media"


class Busy(PolyvoxError):
    code = "busy"
    retry = True


class RateLimited(Busy):
    code = "rate_limited"


class Unavailable(PolyvoxError):
    code = "unavailable"
    retry = True


class NodeLost(Unavailable):
    code = "node_lost"


class EngineFailed(PolyvoxError):
    code = "engine_failed"


class EngineCrashed(EngineFailed):
    code = "engine_crashed"
    retry = True


class TimedOut(PolyvoxError):
    code = "timed_out"
    retry = True


class Cancelled(PolyvoxError):
    code = "cancelled"


def every_error(root: type[PolyvoxError] = PolyvoxError) -> list[type[PolyvoxError]]:
    """The tree from `root` down, parents before children."""
    return [root] + [kind for child in root.__subclasses__() for kind in every_error(child)]


def to_message(error: PolyvoxError) -> dict[str, Any]:
    """An error as the fields of a wire message."""
    return {
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "retry_after": error.retry_after,
    }


def from_message(fields: dict[str, Any]) -> PolyvoxError:
    """The error that `to_message` described; an unknown code becomes an `EngineFailed`."""
    kinds = {kind.code: kind for kind in every_error()}
    kind = kinds.get(str(fields.get("code")), EngineFailed)
    return kind(
        str(fields.get("message", "")),
        param=fields.get("param"),
        retry_after=fields.get("retry_after"),
    )

"""What each route asks of whoever calls it: one table, the first match counts, and what is not in
it is for admins."""

from __future__ import annotations

import re

from polyvox.domain.account import ADMIN, JOBS, SPEAK, VOICES

PUBLIC, LISTS, NODES = "public", "lists", "nodes"
"""Open to everybody; open where lists are; for workers, who have a token of their own."""
_READ, _ANY = "GET|HEAD", ".*"
_ID = "[^/]+"

_TABLE: tuple[tuple[str, str, str], ...] = (
    (_READ, r"/|/health(/.*)?|/version|/static/.*|/favicon\.ico|/robots\.txt", PUBLIC),
    (_READ, r"/docs.*|/redoc.*|/openapi\.json|/static-offline-docs/.*", PUBLIC),
    (_READ, r"/(clone|design|generate|history|settings|nodes|datasets|sign-in)", PUBLIC),
    (_ANY, r"/session", PUBLIC),
    ("POST", rf"/api/nodes/(register|{_ID}/heartbeat)", NODES),
    ("DELETE", rf"/api/nodes/{_ID}", NODES),
    (_READ, r"(/api)?/v1/(models|audio/models|audio/voices)(/.*)?", LISTS),
    (_READ, r"/v1/(engines|profiles)(/.*)?|/languages|/presets|/api/status", LISTS),
    ("POST", r"(/api)?/v1/audio/(speech|captions|speech/batch)", SPEAK),
    ("POST", r"(/api/v1)?/generate|/api/(generate|synthesize|batch_synthesize)", SPEAK),
    ("POST", r"/v1/profiles/preview", SPEAK),
    (_READ, rf"/uploads/generated/{_ID}|/api/(tasks|generations)(/.*)?", SPEAK),
    (_ANY, r"/api/(tasks|generations)/.*", SPEAK),
    (_READ, rf"/v1/voices(/{_ID}(/preview)?)?|/api/voices|/voices(/{_ID})?", SPEAK),
    (_READ, r"(/api/v1)?/speakers|/api/voices/[^/]+/preview|/quality-profiles.*", SPEAK),
    (_ANY, r"/v1/voices(/.*)?|/voices(/.*)?|/api/voices/.*|/uploads/references/.*", VOICES),
    (_ANY, r"(/api)?/v1/audio/(voices|voice_consents)(/.*)?|(/api/v1)?/speakers", VOICES),
    ("POST", r"/api/(clone|design|extract_voice)", VOICES),
    (_ANY, r"/v1/(jobs|batches|books)(/.*)?|/jobs(/.*)?", JOBS),
    (_READ, r"/ws|/v1/nodes(/.*)?|/api/nodes(/.*)?", SPEAK),
    (_ANY, r"/gradio(/.*)?", SPEAK),
)


def needed(method: str, path: str) -> str:
    """The scope that a request needs, or PUBLIC, LISTS or NODES."""
    for methods, paths, scope in _TABLE:
        if re.fullmatch(methods, method) and re.fullmatch(paths, path):
            return scope
    return ADMIN

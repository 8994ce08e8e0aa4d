"""Every route says who may call it; what says nothing is for admins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from polyvox.api import build
from polyvox.api.limits import Limits
from polyvox.api.permissions import LISTS, NODES, PUBLIC, needed
from polyvox.domain.account import ADMIN, JOBS, SPEAK, VOICES


@contextlib.asynccontextmanager
async def _nothing(app: FastAPI) -> AsyncIterator[None]:
    yield


def _routes() -> list[tuple[str, str]]:
    """Every method and path of the OpenAPI document, its ids filled in."""
    app = build(_nothing, Limits(1, 1, 1, 1, 1, 1, False, 1, 1, False))
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]


_FOR_ADMINS = {
    "/admin/cleanup",
    "/admin/stats",
    "/metrics",
    "/v1/keys",
    "/v1/keys/key_id",
    "/v1/engines/name/load",
    "/v1/engines/name/unload",
    "/v1/nodes/id",
    "/v1/nodes/id/command",
    "/api/nodes/node_id/command",
}
_PROFILES = ("/v1/profiles", "/quality-profiles")


def test_only_what_is_meant_for_admins_is_left_to_them() -> None:
    left = {
        path
        for method, path in _routes()
        if needed(method, path) == ADMIN and not path.startswith(_PROFILES)
    }
    assert left == _FOR_ADMINS


def test_whatever_is_not_known_is_for_admins() -> None:
    assert needed("POST", "/v2/anything") == ADMIN
    assert needed("TRACE", "/v1/models") == ADMIN


def test_profiles_are_read_by_all_and_changed_by_admins() -> None:
    for path in _PROFILES:
        assert needed("GET", f"{path}/x") in (SPEAK, LISTS)
        assert needed("PATCH", f"{path}/x") == ADMIN
        assert needed("DELETE", f"{path}/x") == ADMIN


def test_no_route_that_changes_something_is_open_but_signing_in() -> None:
    changing = {
        path
        for method, path in _routes()
        if method not in ("GET", "HEAD") and needed(method, path) in (PUBLIC, LISTS)
    }
    assert changing == {"/session"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/audio/speech", SPEAK),
        ("POST", "/api/v1/audio/speech", SPEAK),
        ("POST", "/generate", SPEAK),
        ("POST", "/api/v1/generate", SPEAK),
        ("GET", "/v1/audio/voices", LISTS),
        ("POST", "/v1/audio/voices", VOICES),
        ("GET", "/v1/voices/1/reference", VOICES),
        ("GET", "/v1/voices/1/preview", SPEAK),
        ("POST", "/api/clone", VOICES),
        ("DELETE", "/speakers", VOICES),
        ("GET", "/speakers", SPEAK),
        ("GET", "/uploads/references/1.wav", VOICES),
        ("GET", "/uploads/generated/1.mp3", SPEAK),
        ("POST", "/v1/books", JOBS),
        ("GET", "/jobs", JOBS),
        ("DELETE", "/v1/jobs/1", JOBS),
        ("POST", "/api/nodes/register", NODES),
        ("GET", "/ws", SPEAK),
        ("GET", "/health/ready", PUBLIC),
        ("GET", "/healthy", ADMIN),
        ("GET", "/static/speak.js", PUBLIC),
    ],
)
def test_what_each_route_needs(method: str, path: str, scope: str) -> None:
    assert needed(method, path) == scope

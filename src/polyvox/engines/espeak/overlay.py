"""A data folder for espeak-ng that holds our voice variants beside its own files.

espeak-ng reads variants only from inside its data folder, and fails silently when that
folder's path is long. So a small folder of links stands in for the installed one; it is made
once per content and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from polyvox.engines.espeak.presets import Timbre, variant

_LONGEST_ROOT = 120
_NAME = "espeak-ng-data"
_FORGOTTEN_AFTER = 24 * 3600
"""Seconds."""


def overlay(installed: Path, variants: Mapping[str, str]) -> Path:
    """The data folder with `variants` (name to file text) added to those of `installed`."""
    content = repr((str(installed), sorted(variants.items()))).encode()
    root = _root() / f"espeak-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (root / _NAME).is_dir():
        making = Path(tempfile.mkdtemp(prefix="making-", dir=root.parent))
        _build(making / _NAME, installed, variants)
        try:
            making.rename(root)
        except OSError:  # another host was first
            shutil.rmtree(making)
    return root / _NAME


class Slot:
    """A place in a data folder for one voice at a time, under a name of this process alone."""

    def __init__(self, data: Path) -> None:
        self.name = f"host-{secrets.token_hex(6)}"
        self._file = data / "voices" / "!v" / self.name
        _forget_the_dead(self._file.parent)

    def hold(self, timbre: Timbre) -> None:
        """Make `name` sound so from the next text on."""
        self._file.write_text(variant(self.name, timbre), encoding="utf-8")

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)


def _forget_the_dead(folder: Path) -> None:
    """Remove what processes left that could not clear up; the living write before they speak."""
    for each in folder.glob("host-*"):
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > _FORGOTTEN_AFTER:
                each.unlink()


def _root() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polyvox"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(cache)) <= _LONGEST_ROOT and os.access(cache, os.W_OK):
            return cache
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="polyvox-"))


def _build(target: Path, installed: Path, variants: Mapping[str, str]) -> None:
    _link_all(installed, target, leaving_out="voices")
    _link_all(installed / "voices", target / "voices", leaving_out="!v")
    _link_all(installed / "voices" / "!v", target / "voices" / "!v")
    for name, text in variants.items():
        (target / "voices" / "!v" / name).write_text(text, encoding="utf-8")


def _link_all(source: Path, target: Path, leaving_out: str = "") -> None:
    target.mkdir()
    for each in source.iterdir():
        if each.name != leaving_out:
            _link(each, target / each.name)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:  # a system that does not allow links
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

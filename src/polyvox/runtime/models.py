"""The weights that are on this machine: a folder for each model, made whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.engines.contract import Weights
from polyvox.runtime import hub
from polyvox.runtime.archives import unpacked


class Models:
    """Those below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, model: str, weights: Weights) -> Path:
        """Where the model's files are. Raises Unavailable, with the command, when they are not."""
        home = self._folder / model
        missing = _missing(home, weights)
        if missing:
            sources = " and ".join(part.source for part in weights.parts)
            raise Unavailable(
                f"The weights of '{model}' are not here ({missing[0]} is missing). Run: polyvox "
                f"models pull {model} (without a network: --from FOLDER, with the files of "
                f"{sources})"
            )
        return home

    def size(self, model: str) -> int:
        """Bytes that the model takes; 0 when it is not here."""
        return _size(self._folder / model)

    def take(self, model: str, weights: Weights, source: Path) -> Path:
        """Copy the model's files from a folder or an archive, which may be in parts (NAME.001, …).
        They lie there as they will here; what is not the model's stays behind.

        Raises InvalidInput when they are not all in it, Unavailable when the disk is too small.
        """
        if not source.exists():
            raise InvalidInput(f"There is nothing at {source}.")
        with self._told(model):
            return self._take(model, weights, source)

    def fetch(self, model: str, weights: Weights) -> Path:
        """Fetch the model's files from the hub (HF_ENDPOINT, HF_TOKEN), with progress on standard
        error; what was fetched before is kept, so a second run goes on where the first stopped.

        Raises Unavailable with what to do, and when a file is not what its digest says.
        """
        coming = self._folder / f".fetching-{model}"
        found = [hub.look(part) for part in weights.parts]
        with self._told(model):
            self._check_room(model, sum(part.bytes for part in found) - _size(coming))
            hub.fetch(found, coming)
            return self._replace(model, coming)

    def remove(self, model: str) -> None:
        """Raises NotFound when it is not here."""
        home, coming = self._folder / model, self._folder / f".fetching-{model}"
        if not home.is_dir() and not coming.is_dir():
            raise NotFound(f"Model '{model}' is not on this machine.")
        for each in (home, coming):
            shutil.rmtree(each, ignore_errors=True)

    def _take(self, model: str, weights: Weights, source: Path) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".taking-", dir=self._folder) as name:
            packed = not source.is_dir()
            root = _root(unpacked(source, Path(name)) if packed else source, weights)
            files = list(_wanted(root, weights))
            if not packed:
                self._check_room(model, sum((root / each).stat().st_size for each in files))
            ready = Path(name) / "ready"
            for each in files:
                (ready / each).parent.mkdir(parents=True, exist_ok=True)
                if packed:
                    (root / each).rename(ready / each)
                else:
                    shutil.copyfile(root / each, ready / each)
            return self._replace(model, ready)

    @contextlib.contextmanager
    def _told(self, model: str) -> Iterator[None]:
        """Says what the system has against writing."""
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"'{model}' cannot be kept in {self._folder}: {error.strerror or error}. The model "
                "that was here is as it was; mend this, then run the command again."
            ) from error

    def _check_room(self, model: str, needed: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise Unavailable(
                f"'{model}' takes {needed / 1e9:.1f} GB more and {free / 1e9:.1f} GB are free in "
                f"{self._folder}. Make room, then run the command again."
            )

    def _replace(self, model: str, ready: Path) -> Path:
        home = self._folder / model
        shutil.rmtree(home, ignore_errors=True)
        ready.rename(home)
        return home


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _missing(folder: Path, weights: Weights) -> list[str]:
    places = [part.place(name) for part in weights.parts for name in part.files]
    return [place for place in places if not (folder / place).is_file()]


def _wanted(folder: Path, weights: Weights) -> Iterator[str]:
    """Names of the model's files in a folder that is laid out as the model's."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    yield from dict.fromkeys(
        name
        for part in weights.parts
        for name in (*map(part.place, part.files), *names)
        if name.startswith(part.place(""))
        and hub.is_wanted(part, name.removeprefix(part.place("")))
    )


def _root(folder: Path, weights: Weights) -> Path:
    """`folder` or the one below it that holds the files, as archives often have one around them."""
    candidates = [folder, *(path for path in sorted(folder.iterdir()) if path.is_dir())]
    for each in candidates:
        if not _missing(each, weights):
            return each
    nearest = min((_missing(each, weights) for each in candidates), key=len)
    whose = next(
        part.source
        for part in reversed(weights.parts)
        if nearest[0] in [part.place(name) for name in part.files]
    )
    raise InvalidInput(
        f"These are not all files of the model: {nearest[0]} is missing; it comes from {whose}."
    )

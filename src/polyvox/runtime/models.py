"""The weights that are on this machine: a folder for each model, made whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.engines.contract import Weights

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_PIECE = 1 << 20


class Models:
    """Those below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, model: str, weights: Weights) -> Path:
        """Where the model's files are. Raises Unavailable, with the command, when they are not."""
        home = self._folder / model
        missing = _missing(home, weights)
        if missing:
            raise Unavailable(
                f"The weights of '{model}' are not here ({missing[0]} is missing). Run: polyvox "
                f"models pull {model} (without a network: --from FOLDER, with the files of "
                f"{weights.source})"
            )
        return home

    def size(self, model: str) -> int:
        """Bytes that the model takes; 0 when it is not here."""
        home = self._folder / model
        return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())

    def take(self, model: str, weights: Weights, source: Path) -> Path:
        """Copy the model's files from a folder or an archive, which may be in parts (NAME.001, …).

        Raises InvalidInput when they are not all in it, Unavailable when the disk is too small.
        """
        if not source.exists():
            raise InvalidInput(f"There is nothing at {source}.")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".taking-", dir=self._folder) as name:
            unpacked = source if source.is_dir() else _unpacked(source, Path(name))
            found = _root(unpacked, weights)
            needed = sum(path.stat().st_size for path in found.rglob("*") if path.is_file())
            free = shutil.disk_usage(self._folder).free
            if unpacked is source and needed > free:
                raise Unavailable(
                    f"'{model}' takes {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free in "
                    f"{self._folder}."
                )
            ready = Path(name) / "ready"
            shutil.copytree(found, ready) if unpacked is source else found.rename(ready)
            home = self._folder / model
            shutil.rmtree(home, ignore_errors=True)
            ready.rename(home)
        return home

    def fetch(self, model: str, weights: Weights) -> Path:
        """Fetch the model's files from the hub (HF_ENDPOINT, HF_TOKEN), with progress on standard
        error; what was fetched before is kept, so a second run goes on where the first stopped.

        Raises Unavailable with what to do, and when a file is not what its digest says.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        coming = self._folder / f".fetching-{model}"
        free = shutil.disk_usage(self._folder).free
        if weights.gigabytes * 1e9 > free:
            raise Unavailable(
                f"'{model}' takes about {weights.gigabytes:g} GB and {free / 1e9:.1f} GB are free "
                f"in {self._folder}."
            )
        for name, digest in _downloaded(weights.source, coming):
            if digest and _sha256(coming / name) != digest:
                (coming / name).unlink()
                raise Unavailable(f"{name} came broken; run the command again to fetch it anew.")
        if missing := _missing(coming, weights):
            raise Unavailable(f"{weights.source} does not hold {missing[0]}; is it the model?")
        shutil.rmtree(coming / ".cache", ignore_errors=True)
        home = self._folder / model
        shutil.rmtree(home, ignore_errors=True)
        coming.rename(home)
        return home

    def remove(self, model: str) -> None:
        """Raises NotFound when it is not here."""
        home = self._folder / model
        if not home.is_dir():
            raise NotFound(f"Model '{model}' is not on this machine.")
        shutil.rmtree(home)


def _downloaded(source: str, folder: Path) -> list[tuple[str, str | None]]:
    """Names of a repository's files, once they are in `folder`, with the digests of large ones."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        found = HfApi().model_info(source, files_metadata=True)
        snapshot_download(source, revision=found.sha, local_dir=folder)
    except (HfHubHTTPError, HTTPError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise Unavailable(
            f"{source} cannot be fetched: {reason} Without a network, fetch it elsewhere and use "
            "--from."
        ) from error
    files = found.siblings or ()
    return [(each.rfilename, each.lfs.sha256 if each.lfs else None) for each in files]


def _sha256(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _missing(folder: Path, weights: Weights) -> list[str]:
    return [name for name in weights.files if not (folder / name).is_file()]


def _root(folder: Path, weights: Weights) -> Path:
    """`folder` or the one below it that holds the files, as archives often have one around them."""
    candidates = [folder, *(path for path in sorted(folder.iterdir()) if path.is_dir())]
    for each in candidates:
        if not _missing(each, weights):
            return each
    raise InvalidInput(
        f"These are not the files of {weights.source}: {_missing(folder, weights)[0]} is missing."
    )


def _unpacked(archive: Path, folder: Path) -> Path:
    """What is in an archive, below `folder`; names that lead elsewhere are refused."""
    whole = _joined(archive, folder) if archive.suffix.lstrip(".").isdecimal() else archive
    target = folder / "unpacked"
    try:
        if zipfile.is_zipfile(whole):
            with zipfile.ZipFile(whole) as packed:
                packed.extractall(target)
        elif tarfile.is_tarfile(whole):
            with tarfile.open(whole) as packed_tar:
                packed_tar.extractall(target, filter="data")
        else:
            raise InvalidInput(f"{archive.name} is no archive ({', '.join(_ARCHIVES)}).")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise InvalidInput(f"{archive.name} cannot be unpacked: {error}") from error
    return target


def _joined(first: Path, folder: Path) -> Path:
    """The parts of a split archive as one file."""
    whole = folder / first.stem
    with whole.open("wb") as written:
        for part in _parts(first):
            with part.open("rb") as read:
                shutil.copyfileobj(read, written, _PIECE)
    return whole


def _parts(first: Path) -> Iterator[Path]:
    digits = first.suffix.lstrip(".")
    number = int(digits)
    while (part := first.with_suffix(f".{number:0{len(digits)}d}")).exists():
        yield part
        number += 1

"""Fetches files of repositories on the model hub through its own client, and checks what came.

The client reads HF_ENDPOINT and HF_TOKEN, shows progress on standard error and tries again when
the line breaks. A file that an earlier run began goes on where that one stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from polyvox.domain.errors import Unavailable
from polyvox.engines.contract import Weights

_KEPT = "What came so far is kept; run the command again to go on."
_OTHERWISE = "Without a network, fetch the files elsewhere and use --from."


@dataclass(frozen=True)
class File:
    name: str
    """In its repository."""
    bytes: int
    """0 where the hub does not say."""
    digest: str | None
    """SHA-256 of large files, Git's own (SHA-1) of the others; None where the hub does not say."""


@dataclass(frozen=True)
class Found:
    """What of a repository is wanted, as it is at one commit."""

    weights: Weights
    commit: str
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)


def is_wanted(weights: Weights, name: str) -> bool:
    """Whether a file of the repository belongs to the model."""
    return name in weights.files or any(fnmatchcase(name, each) for each in weights.optional)


def look(weights: Weights) -> Found:
    """What there is to fetch of one repository. Raises Unavailable when the hub does not answer,
    or when a file that is needed is not in it."""
    from huggingface_hub import HfApi

    with _told(weights.source):
        told = HfApi().model_info(weights.source, files_metadata=True)
    files = tuple(
        File(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else each.blob_id)
        for each in told.siblings or ()
        if is_wanted(weights, each.rfilename)
    )
    lacking = set(weights.files) - {each.name for each in files}
    if lacking:
        raise Unavailable(
            f"{weights.source} does not hold {min(lacking)}: it has changed, or is another model."
        )
    return Found(weights, told.sha or "main", files)


def fetch(found: Sequence[Found], folder: Path) -> None:
    """Bring all of it into `folder`. Raises Unavailable with what to do; what came is kept, but
    for a file that is not what its digest says."""
    for part in found:
        for file in part.files:
            target = folder / part.weights.place(file.name)
            if not _is_whole(target, file):
                target.parent.mkdir(parents=True, exist_ok=True)
                _download(part, file, target)
    for left in folder.rglob("*.part"):
        left.unlink()  # of files that have changed at the hub since an earlier run


def _download(part: Found, file: File, target: Path) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    source = part.weights.source
    coming = target.with_name(f"{target.name}.{file.digest or part.commit}.part")
    with coming.open("ab" if file.digest else "wb") as written, _told(source):
        http_get(
            hf_hub_url(source, file.name, revision=part.commit),
            written,
            resume_size=written.tell(),
            headers=build_hf_headers(),
            expected_size=file.bytes or None,
            displayed_filename=file.name,
        )
    if file.digest and not _is_whole(coming, file):
        coming.unlink()
        raise Unavailable(f"{file.name} of {source} came broken. {_KEPT}")
    coming.replace(target)


def _is_whole(path: Path, file: File) -> bool:
    """Whether the file is here and is what its digest says."""
    if file.digest is None or not path.is_file():
        return False
    with path.open("rb") as read:
        if len(file.digest) == hashlib.sha256().digest_size * 2:
            return hashlib.file_digest(read, "sha256").hexdigest() == file.digest
        blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        return hashlib.file_digest(read, lambda: blob).hexdigest() == file.digest


@contextlib.contextmanager
def _told(source: str) -> Iterator[None]:
    """Says what of the hub's errors a user can mend."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    try:
        yield
    except GatedRepoError as error:
        raise Unavailable(
            f"The makers of {source} want to know who fetches it: accept their terms on its page, "
            f"then set HF_TOKEN. {_KEPT}"
        ) from error
    except (HfHubHTTPError, HTTPError, OSError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise Unavailable(f"{source} cannot be fetched: {reason}. {_KEPT} {_OTHERWISE}") from error

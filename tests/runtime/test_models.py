"""Weights come from a folder or an archive, whole or not at all."""

import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from polyvox.domain.errors import InvalidInput, NotFound, Unavailable
from polyvox.engines.contract import Weights
from polyvox.runtime.models import Models

WEIGHTS = Weights("Some/Model", "Apache-2.0", True, 0.1, ("config.json", "codec/model.safetensors"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "model"
    (folder / "codec").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "codec" / "model.safetensors").write_bytes(bytes(range(256)) * 2000)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Models:
    return Models(tmp_path / "models")


def test_a_model_that_is_not_here_says_how_to_fetch_it(models: Models) -> None:
    with pytest.raises(Unavailable, match=r"polyvox models pull tiny .*--from"):
        models.folder("tiny", WEIGHTS)


def test_a_folder_is_copied(models: Models, source: Path) -> None:
    home = models.take("tiny", WEIGHTS, source)
    assert models.folder("tiny", WEIGHTS) == home
    assert (home / "codec" / "model.safetensors").read_bytes() == (
        source / "codec" / "model.safetensors"
    ).read_bytes()
    assert models.size("tiny") == 512_002
    assert source.exists()
    models.take("tiny", WEIGHTS, source.parent)
    models.remove("tiny")
    with pytest.raises(NotFound):
        models.remove("tiny")


@pytest.mark.parametrize("kind", ["zip", "gztar", "xztar", "tar"])
@pytest.mark.parametrize("around", [True, False])
def test_an_archive_is_unpacked(
    models: Models, source: Path, tmp_path: Path, kind: str, around: bool
) -> None:
    root = source.parent if around else source
    archive = shutil.make_archive(str(tmp_path / "packed"), kind, root)
    home = models.take("tiny", WEIGHTS, Path(archive))
    assert (home / "config.json").read_text() == "{}"
    assert sorted(path.name for path in home.parent.iterdir()) == ["tiny"]


def test_only_the_models_own_files_are_taken(models: Models, source: Path) -> None:
    beside = Weights("Other/Vocoder", "MIT", True, 0.1, ("a.bin",), ("*.json",), folder="vocoder")
    weights = replace(WEIGHTS, optional=("LICENSE*", "presets.pth"), beside=(beside,))
    (source / "LICENSE.txt").write_text("Be good.")
    (source / "other.safetensors").write_bytes(b"another model")
    with pytest.raises(InvalidInput, match=r"vocoder/a\.bin is missing; .*Other/Vocoder"):
        models.take("tiny", weights, source)
    (source / "vocoder").mkdir()
    for name in ("a.bin", "b.json", "c.bin"):
        (source / "vocoder" / name).write_text(name)
    home = models.take("tiny", weights, source)
    taken = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert taken == {*WEIGHTS.files, "LICENSE.txt", "vocoder/a.bin", "vocoder/b.json"}
    assert models.folder("tiny", weights) == home
    (home / "vocoder" / "a.bin").unlink()
    with pytest.raises(Unavailable, match=r"Some/Model and Other/Vocoder"):
        models.folder("tiny", weights)


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path, source: Path) -> None:
    (tmp_path / "models").write_text("a file in its place")
    with pytest.raises(Unavailable, match="run the command again"):
        Models(tmp_path / "models").take("tiny", WEIGHTS, source)


def test_an_archive_in_parts_is_joined(models: Models, source: Path, tmp_path: Path) -> None:
    data = Path(shutil.make_archive(str(tmp_path / "packed"), "tar", source)).read_bytes()
    for number, first in enumerate(range(0, len(data), 100_000), start=1):
        (tmp_path / f"split.tar.{number:03d}").write_bytes(data[first : first + 100_000])
    home = models.take("tiny", WEIGHTS, tmp_path / "split.tar.001")
    assert models.size("tiny") == 512_002
    assert home.is_dir()


def test_what_is_not_the_model_changes_nothing(
    models: Models, source: Path, tmp_path: Path
) -> None:
    models.take("tiny", WEIGHTS, source)
    (source / "config.json").unlink()
    with pytest.raises(InvalidInput, match=r"config\.json is missing"):
        models.take("tiny", WEIGHTS, source)
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(InvalidInput, match="no archive"):
        models.take("tiny", WEIGHTS, tmp_path / "text.zip")
    with pytest.raises(InvalidInput, match="nothing at"):
        models.take("tiny", WEIGHTS, tmp_path / "gone")
    cut = Path(shutil.make_archive(str(tmp_path / "cut"), "gztar", source))
    cut.write_bytes(cut.read_bytes()[:200])
    with pytest.raises(InvalidInput):
        models.take("tiny", WEIGHTS, cut)
    assert models.size("tiny") == 512_002


def test_names_that_lead_elsewhere_stay_inside(models: Models, tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("evil")
    with tarfile.open(tmp_path / "evil.tar", "w") as packed:
        packed.add(tmp_path / "evil", "../../escaped")
    with pytest.raises(InvalidInput):
        models.take("tiny", WEIGHTS, tmp_path / "evil.tar")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed_zip:
        packed_zip.writestr("../../escaped", "evil")
    with pytest.raises(InvalidInput):
        models.take("tiny", WEIGHTS, tmp_path / "evil.zip")
    assert not list(tmp_path.rglob("escaped"))

"""Loads F5 and its vocoder with the package's own loaders, and says plainly what is wrong with a
folder that does not hold them. Nothing is fetched, and no code from the files is run."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from polyvox.domain.errors import Unavailable
from polyvox.engines.contract import Weights
from polyvox.engines.f5 import packages
from polyvox.engines.pytorch import check_device

_NAME = "F5TTS_v1_Base"
_NETWORK = f"{_NAME}/model_1250000.safetensors"
_VOCABULARY = f"{_NAME}/vocab.txt"
_SHAPE = f"{_NAME}.yaml"
"""Where the network is of another size than the published one, in the form of the package's own
file of this name; most folders have none."""
_VOCODER = "vocos"
WEIGHTS = Weights(
    source="SWivid/F5-TTS",
    licence="CC-BY-NC-4.0",
    commercial=False,
    gigabytes=1.4,
    files=(_NETWORK, _VOCABULARY),
    optional=(_SHAPE,),
    beside=(
        Weights(
            source="charactr/vocos-mel-24khz",
            licence="MIT",
            commercial=True,
            gigabytes=0.06,
            files=("config.yaml", "pytorch_model.bin"),
            folder=_VOCODER,
        ),
    ),
)
FILES = tuple(part.place(name) for part in WEIGHTS.parts for name in part.files)
_PARTS = {
    "feature_extractor": "vocos.feature_extractors.MelSpectrogramFeatures",
    "backbone": "vocos.models.VocosBackbone",
    "head": "vocos.heads.ISTFTHead",
}
"""Of the vocoder: the classes its file may name."""
_MARK = "ema_model.transformer.text_embed.text_embed.weight"
"""A tensor that only F5's family has."""


def load(folder: Optional[Path], model: str, device: str) -> tuple[Any, Any]:
    """The network and the vocoder, ready on `device`. Raises Unavailable with what to mend."""
    again = f"Run `polyvox models pull {model}`."
    place = _checked(folder, model, again)
    packages.load()
    import torch  # type: ignore[import-not-found, unused-ignore]
    from f5_tts.infer.utils_infer import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        load_model,
        load_vocoder,
    )
    from f5_tts.model import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        DiT,
    )

    check_device(torch, device)
    shape = _shape(place, again)
    files = {"ckpt_path": str(place / _NETWORK), "vocab_file": str(place / _VOCABULARY)}
    try:
        network = load_model(DiT, shape, **files, device=device)
        vocoder = load_vocoder(is_local=True, local_path=str(place / _VOCODER), device=device)
    except torch.OutOfMemoryError as error:
        raise Unavailable(f"'{device}' has too little memory left for F5.") from error
    except pickle.UnpicklingError as error:
        raise Unavailable(
            f"{place / FILES[3]} holds more than weights and was not read. {again}"
        ) from error
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Unavailable(
            f"The files in {place} are of another network or do not fit each other "
            f"({reason}). {again}"
        ) from error
    return network, vocoder


def _checked(folder: Optional[Path], model: str, again: str) -> Path:
    if folder is None:
        raise Unavailable(f"The weights of '{model}' are not here. {again}")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise Unavailable(f"{folder} lacks {', '.join(missing)}. {again}")
    _check_weights(folder / _NETWORK, again)
    if not (folder / _VOCABULARY).read_bytes().startswith((b" \n", b" \r\n")):
        raise Unavailable(f"{folder / _VOCABULARY} is not a vocabulary of F5. {again}")
    if not zipfile.is_zipfile(folder / FILES[3]):
        raise Unavailable(f"{folder / FILES[3]} is cut short or no PyTorch checkpoint. {again}")
    parts = _yaml(folder / FILES[2], again)
    for part, expected in _PARTS.items():
        named = parts.get(part)
        kind = named.get("class_path") if isinstance(named, dict) else None
        if kind != expected:
            raise Unavailable(f"{folder / FILES[2]} is not the vocoder of F5: {kind!s:.60}.")
    return folder


def _check_weights(path: Path, again: str) -> None:
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as opened:
        if opened.read(4).startswith((b"PK", b"\x80")):
            raise Unavailable(f"{path} is a pickle by its content, not safetensors. {again}")
    try:
        with safe_open(path, "numpy") as tensors:
            names = set(tensors.keys())
    except SafetensorError as error:
        raise Unavailable(f"{path} is cut short or damaged ({error}). {again}") from error
    if _MARK not in names:
        raise Unavailable(f"{path} holds another architecture than F5: no {_MARK}. {again}")


def _shape(folder: Path, again: str) -> Mapping[str, Any]:
    """How large the network is: by the folder's own file, or by the package's."""
    from importlib.resources import as_file, files

    own = folder / _SHAPE
    with as_file(files("f5_tts") / "configs" / _SHAPE) as usual:
        chosen = own if own.is_file() else usual
        described = _yaml(chosen, again).get("model")
    if not isinstance(described, dict) or not isinstance(described.get("arch"), dict):
        raise Unavailable(f"{chosen} does not describe a network of F5. {again}")
    if described.get("backbone") != "DiT":
        raise Unavailable(f"{chosen} describes another architecture than F5. {again}")
    arch: dict[str, Any] = described["arch"]
    return arch


def _yaml(path: Path, again: str) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} cannot be read as YAML. {again}") from error
    return content if isinstance(content, dict) else {}

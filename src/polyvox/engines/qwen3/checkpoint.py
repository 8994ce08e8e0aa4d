"""Reads a Qwen3-TTS checkpoint with the package's own loader, and says plainly what is wrong with
a folder that holds none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from polyvox.domain.errors import Unavailable
from polyvox.engines.pytorch import check_device
from polyvox.engines.qwen3.models import FILES, MODELS
from polyvox.engines.qwen3.package import import_package

_WEIGHTS = ("model.safetensors", "speech_tokenizer/model.safetensors")
_CODEC = "qwen3_tts_tokenizer_12hz"


def load(folder: Optional[Path], model: str, device: str, precision: str) -> Any:
    """The package's `Qwen3TTSModel`, ready on `device`. Raises Unavailable with what to mend."""
    again = f"Run `polyvox models pull {model}`."
    place, held = _checked(folder, model, again)
    import torch  # type: ignore[import-not-found, unused-ignore]

    check_device(torch, device)
    package = import_package()
    if precision == "auto":
        precision = "float32" if device == "cpu" else "bfloat16"
    from safetensors import SafetensorError

    try:
        loaded = package.Qwen3TTSModel.from_pretrained(
            str(place),
            device_map=device,
            dtype=getattr(torch, precision),
            local_files_only=True,
            use_safetensors=True,
        )
    except torch.OutOfMemoryError as error:
        raise Unavailable(f"The GPU has too little memory left for {model}.") from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(f"{place} is not usable ({_short(error)}). {again}") from error
    except SafetensorError as error:
        raise Unavailable(f"The weights in {place} are damaged ({error}). {again}") from error
    _check_complete(loaded.model, held, place, again)
    return loaded


def _checked(
    folder: Optional[Path], model: str, again: str
) -> tuple[Path, dict[str, frozenset[str]]]:
    """The folder, and the names of the tensors in each file of weights."""
    expected = MODELS.get(model)
    if expected is None:
        raise Unavailable(f"'{model}' is no model of Qwen3-TTS. Known: {', '.join(MODELS)}.")
    if folder is None:
        raise Unavailable(f"The weights of '{model}' are not here. {again}")
    _check_format(folder, again)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise Unavailable(f"{folder} lacks {', '.join(missing)}. {again}")
    found = _json(folder / "config.json", again)
    if found.get("model_type") != "qwen3_tts":
        kind = found.get("model_type")
        raise Unavailable(f"{folder} holds a model of the type '{kind!s:.40}'. {again}")
    kind, size = str(found.get("tts_model_type")), str(found.get("tts_model_size"))
    if (kind, size) != (expected.kind, expected.size):
        held = [name for name, each in MODELS.items() if (each.kind, each.size) == (kind, size)]
        what = held[0] if held else f"{kind:.20} of size {size:.20}"
        raise Unavailable(f"{folder} holds the weights of {what}, not of {model}. {again}")
    codec = _json(folder / "speech_tokenizer/config.json", again).get("model_type")
    if codec != _CODEC or found.get("tokenizer_type") != _CODEC:
        raise Unavailable(f"{folder} is made for another codec than the one of 12 Hz. {again}")
    return folder, {name: _tensors(folder / name, again) for name in _WEIGHTS}


def _check_format(folder: Path, again: str) -> None:
    """That there are no weights that run code when they are read, in place of safe ones."""
    for name in _WEIGHTS:
        path = folder / name
        old = path.with_name("pytorch_model.bin")
        if old.is_file() and not path.is_file():
            raise Unavailable(f"{old} is a pickle and is not read: {path.name} is needed. {again}")


def _tensors(path: Path, again: str) -> frozenset[str]:
    """The names in a safetensors file, which must be as long as it says."""
    length = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04"):
            raise Unavailable(f"{path} is a pickle, not safetensors, and is not read. {again}")
        size = int.from_bytes(start, "little")
        header = file.read(size) if size < length else b""
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        end = max(entry["data_offsets"][1] for entry in entries.values())
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Unavailable(f"{path} is cut short or not safetensors. {again}") from error
    if 8 + size + end != length:
        raise Unavailable(f"{path} is cut short: {length} bytes of {8 + size + end}. {again}")
    return frozenset(entries)


def _check_complete(model: Any, held: dict[str, frozenset[str]], place: Path, again: str) -> None:
    """That nothing was left at random: the package only warns of parameters it did not find."""
    main, codec = (held[name] for name in _WEIGHTS)
    wanted = [name for name, _ in model.named_parameters() if name not in main]
    decoder = model.speech_tokenizer.model.named_parameters()
    wanted += [name for name, _ in decoder if name.startswith("decoder.") and name not in codec]
    if wanted:
        raise Unavailable(f"The weights in {place} lack '{wanted[0]}' and others. {again}")


def _json(path: Path, again: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unavailable(f"{path} is not JSON ({error}). {again}") from error
    if not isinstance(content, dict):
        raise Unavailable(f"{path} is not a JSON object. {again}")
    return content


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

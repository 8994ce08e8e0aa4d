"""Reads an XTTS checkpoint with the package's own loader, and says plainly what is wrong with a
folder that holds none. Weights are read without running code from them or writing to them."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any, Optional

from polyvox.domain.errors import Unavailable
from polyvox.engines.pytorch import check_device, import_torchaudio
from polyvox.engines.xtts.latents import Latents, Shape

FILES = ("config.json", "model.pth", "vocab.json")
_SPEAKERS = "speakers_xtts.pth"
_MARKS = ("[START]", "[STOP]", "[SPACE]", "[en]")
"""Entries without which a vocabulary is not one of XTTS."""


def load(folder: Optional[Path], model: str, device: str) -> Any:
    """The package's model, ready on `device`. Raises Unavailable with what to mend."""
    place = _checked(folder, model)
    import_torchaudio()
    import torch  # type: ignore[import-not-found, unused-ignore]
    from TTS.tts.configs.xtts_config import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        XttsConfig,
    )
    from TTS.tts.models.xtts import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        Xtts,
    )

    check_device(torch, device)
    again = f"Fetch it again: `polyvox models pull {model}`."
    config = XttsConfig()
    try:
        config.load_json(str(place / "config.json"))
        xtts = Xtts(config)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Unavailable(f"{place / 'config.json'} is not usable ({error}). {again}") from error
    xtts._load_checkpoint = _weights
    try:
        xtts.load_checkpoint(config, checkpoint_dir=str(place), eval=True, use_deepspeed=False)
    except pickle.UnpicklingError as error:
        raise Unavailable(
            f"A file of {place} holds more than weights and was not read. {again}"
        ) from error
    except (RuntimeError, KeyError, TypeError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Unavailable(
            f"The weights in {place} do not fit its config.json ({reason}). {again}"
        ) from error
    return xtts.to(device)


def speakers(xtts: Any, shape: Shape) -> dict[str, Latents]:
    """The latents of the checkpoint's own speakers, by name; empty where it has none."""
    known = xtts.speaker_manager.speakers if xtts.speaker_manager else {}
    try:
        found = {
            name: Latents(*(tensors[each.name].float().cpu().numpy() for each in fields(Latents)))
            for name, tensors in known.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise Unavailable(f"{_SPEAKERS} is not a list of XTTS speakers ({error}).") from error
    strange = [name for name, latents in found.items() if not shape.takes(latents)]
    if strange:
        raise Unavailable(f"{_SPEAKERS} is of another checkpoint: see '{strange[0]}'.")
    return found


def _weights(path: Path) -> dict[str, Any]:
    """The tensors of `path`.

    The package's own reader writes checkpoints of the old form, such as the published one, back
    to disk in the new form; this one leaves them, and reads them page by page.
    """
    import torch
    from TTS.tts.models import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        xtts,
    )

    with xtts._legacy_safe_globals():
        checkpoint = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    return dict(checkpoint["model"])


def _checked(folder: Optional[Path], model: str) -> Path:
    fetch = f"Run `polyvox models pull {model}`."
    if folder is None:
        raise Unavailable(f"The weights of '{model}' are not here. {fetch}")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise Unavailable(f"{folder} lacks {', '.join(missing)}. {fetch}")
    kind = _json(folder / "config.json", fetch).get("model")
    if kind != "xtts":
        raise Unavailable(f"{folder} holds a model of the kind '{kind!s:.40}', not XTTS. {fetch}")
    vocabulary = _json(folder / "vocab.json", fetch).get("model")
    entries = vocabulary.get("vocab") if isinstance(vocabulary, dict) else None
    if not isinstance(entries, dict) or not set(_MARKS) <= set(entries):
        raise Unavailable(f"{folder / 'vocab.json'} is not a vocabulary of XTTS. {fetch}")
    for name in ("model.pth", _SPEAKERS):
        if (folder / name).exists() and not zipfile.is_zipfile(folder / name):
            raise Unavailable(f"{folder / name} is cut short or not a PyTorch checkpoint. {fetch}")
    return folder


def _json(path: Path, fetch: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unavailable(f"{path} is not JSON ({error}). {fetch}") from error
    if not isinstance(content, dict):
        raise Unavailable(f"{path} is not a JSON object. {fetch}")
    return content

"""Finds engines by name: those of the package, installed ones (entry points in the group
`polyvox.engines`), and files in a drop-in folder. Importing an engine must be cheap."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Optional

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.engines.contract import Engine, Synthesizer

BUILT_IN = {
    "espeak": "polyvox.engines.espeak.engine:Espeak",
    "tone": "polyvox.engines.tone:Tone",
    "xtts": "polyvox.engines.xtts.engine:Xtts",
    "f5": "polyvox.engines.f5.engine:F5",
    "qwen3": "polyvox.engines.qwen3.engine:Qwen3",
    "openvoice": "polyvox.engines.openvoice.engine:OpenVoice",
    "openai": "polyvox.engines.openai:OpenAI",
    "elevenlabs": "polyvox.engines.elevenlabs:ElevenLabs",
    "modal": "polyvox.engines.modal:Modal",
    "gpt_sovits": "polyvox.engines.gpt_sovits:GptSovits",
}


class Registry:
    """The engines there are. Each is imported when it is first asked for."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        """`folder` holds drop-in engines, one Python file each, named like the engine."""
        self._files = {path.stem: path for path in sorted(folder.glob("*.py"))} if folder else {}
        self._found: dict[str, type[Engine]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*BUILT_IN, *_installed(), *self._files]))

    def find(self, name: str) -> type[Engine]:
        """The engine's class. Raises NotFound for an unknown name, Unavailable when its file
        cannot be imported."""
        if name not in self._found:
            try:
                self._found[name] = self._import(name)
            except ImportError as error:
                raise Unavailable(f"Engine '{name}' cannot be imported: {error}") from error
        return self._found[name]

    def synthesizer(self, name: str) -> type[Synthesizer]:
        """Like `find`, for an engine that must be able to speak."""
        engine = self.find(name)
        if not issubclass(engine, Synthesizer):
            raise NotFound(f"Engine '{name}' does not speak.", param="model")
        return engine

    def _import(self, name: str) -> type[Engine]:
        if place := BUILT_IN.get(name) or _installed().get(name):
            module, _, attribute = place.partition(":")
            engine: type[Engine] = getattr(importlib.import_module(module), attribute)
            return engine
        if name in self._files:
            return _engine_in(self._files[name])
        near = get_close_matches(name, list(self), n=1) or list(self)
        raise NotFound(
            f"There is no engine '{name:.60}'. Known: {', '.join(near)}.", param="engine"
        )


def _installed() -> dict[str, str]:
    """Name to place of the engines that other packages bring."""
    from importlib.metadata import entry_points  # costs a host 3 MB that it rarely needs

    return {each.name: each.value for each in entry_points(group="polyvox.engines")}


def _engine_in(path: Path) -> type[Engine]:
    spec = importlib.util.spec_from_file_location(f"polyvox_engine_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Engine) and found.__module__ == module.__name__:
            return found
    raise ImportError(f"{path.name} defines no engine")

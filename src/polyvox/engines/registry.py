"""Finds engines by name: those of the package, installed ones (entry points in the group
`polyvox.engines`), and files in a drop-in folder. Importing an engine must be cheap."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Optional

from polyvox.domain.errors import NotFound, Unavailable
from polyvox.engines.contract import Engine, Synthesizer

BUILT_IN = {
    "espeak": "polyvox.engines.espeak.engine:Espeak",
    "tone": "polyvox.engines.tone:Tone",
}


class Registry:
    """The engines there are. Each is imported when it is first asked for."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        """`folder` holds drop-in engines, one Python file each, named like the engine."""
        self._folder = folder
        self._places = dict(BUILT_IN)
        self._places |= {each.name: each.value for each in entry_points(group="polyvox.engines")}
        self._files = {path.stem: path for path in sorted(folder.glob("*.py"))} if folder else {}
        self._found: dict[str, type[Engine]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter([*self._places, *(name for name in self._files if name not in self._places)])

    def find(self, name: str) -> type[Engine]:
        """The engine's class. Raises NotFound for an unknown name, Unavailable when its file
        cannot be imported."""
        if name not in self._found:
            self._found[name] = self._import(name)
        return self._found[name]

    def synthesizer(self, name: str) -> type[Synthesizer]:
        """Like `find`, for an engine that must be able to speak."""
        engine = self.find(name)
        if not issubclass(engine, Synthesizer):
            raise NotFound(f"Engine '{name}' does not speak.", param="model")
        return engine

    def _import(self, name: str) -> type[Engine]:
        try:
            if name in self._places:
                module, _, attribute = self._places[name].partition(":")
                found = getattr(importlib.import_module(module), attribute)
            elif name in self._files:
                found = _engine_in(self._files[name])
            else:
                near = get_close_matches(name, list(self), n=1) or list(self)
                raise NotFound(
                    f"There is no engine '{name:.60}'. Known: {', '.join(near)}.", param="engine"
                )
        except ImportError as error:
            raise Unavailable(f"Engine '{name}' cannot be imported: {error}") from error
        engine: type[Engine] = found
        return engine


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

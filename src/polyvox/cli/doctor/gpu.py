"""What the machine, its driver, this container and each engine's environment see of an NVIDIA GPU,
and the one step that mends the first gap between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyvox.cli.doctor.finding import Finding
from polyvox.cli.doctor.gap import first_gap
from polyvox.cli.doctor.sight import Sight, look
from polyvox.cli.doctor.torches import Torch, ask

if TYPE_CHECKING:
    from polyvox.settings import Settings


def findings(settings: Settings) -> Iterator[Finding]:
    """A line a layer, then what to do. A GPU is needed only where the settings name one."""
    needed = settings.engines.device.startswith("cuda")
    seen, torches = look(), _torches(settings)
    if not (seen.anything or torches or needed):
        yield Finding("gpu", False, first_gap(seen, ()) or "", needed=False)
        return
    yield from _layers(seen, needed)
    for torch in torches:
        yield Finding(f"gpu in {torch.engine}", torch.available, torch.told, needed)
    gap = first_gap(seen, torches)
    yield Finding("gpu", gap is None, gap or "every layer sees it", needed)


def _layers(seen: Sight, needed: bool) -> Iterator[Finding]:
    machine = ", ".join((*seen.cards, *seen.places)) or "no card of NVIDIA's"
    yield Finding("gpu machine", bool(seen.cards) or seen.wsl, machine, needed)
    driver = ", ".join((seen.driver or "none is loaded", *seen.devices, *seen.listed))
    yield Finding("gpu driver", bool(seen.devices), driver, needed)
    loads = f"{', '.join(seen.libraries)} load" if seen.libraries else ""
    missing = f"{', '.join(seen.missing)} cannot be loaded" if seen.missing else ""
    told = "; ".join(part for part in (loads, missing, *seen.variables) if part)
    yield Finding("gpu libraries", not seen.missing, told, needed)


def _torches(settings: Settings) -> list[Torch]:
    """What PyTorch says in every environment that is installed."""
    from polyvox.app import environments, registry

    known, ours = registry(settings), environments(settings)
    engines = [known.find(name) for name in known]
    found = ((engine.name, ours.python(engine)) for engine in engines if engine.separate)
    return [ask(name, python) for name, python in found if python]

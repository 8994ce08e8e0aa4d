"""What is to be seen of an NVIDIA GPU from here, read from files, nothing changed.

Files are read below a root, so that a tree of another machine can be looked at.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = ("libcuda.so.1", "libnvidia-ml.so.1")
_NVIDIA = "0x10de"
_DISPLAY, _ACCELERATOR = "0x03", "0x1200"
"""How PCI classes of GPUs begin."""
_VARIABLES = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "CUDA_VISIBLE_DEVICES")
_VIRTUAL = re.compile("QEMU|KVM|VMware|VirtualBox|Virtual Machine|Xen|Bochs|EC2|Google")
_CONTAINER = re.compile("docker|kubepods|libpod|containerd|lxc")


@dataclass(frozen=True)
class Sight:
    cards: tuple[str, ...] = ()
    """On the PCI bus, each with the kernel's driver that holds it."""
    virtual: str | None = None
    """The product that this machine is, where it is a virtual one."""
    container: str | None = None
    """What sort of container this is, where it is one."""
    wsl: bool = False
    """Windows Subsystem for Linux, where the driver is Windows'."""
    driver: str | None = None
    """Version of NVIDIA's kernel driver that is loaded."""
    devices: tuple[str, ...] = ()
    """Device files of the driver."""
    closed: tuple[str, ...] = ()
    """Those that this user may not open."""
    listed: tuple[str, ...] = ()
    """Lines of `nvidia-smi -L`."""
    libraries: tuple[str, ...] = ()
    """The driver's libraries that load here."""
    missing: tuple[str, ...] = ()
    """Those that do not."""
    variables: tuple[str, ...] = ()
    """NAME=VALUE of those that hide or show GPUs."""

    @property
    def anything(self) -> bool:
        return bool(self.cards or self.driver or self.devices or self.libraries)

    @property
    def places(self) -> tuple[str, ...]:
        """In what it runs, in words."""
        virtual = f"a virtual machine ({self.virtual})" if self.virtual else ""
        container = f"in a container ({self.container})" if self.container else ""
        wsl = "in WSL" if self.wsl else ""
        return tuple(place for place in (virtual, wsl, container) if place)


def loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def look(
    root: Path = Path("/"),
    variables: Mapping[str, str] = os.environ,
    loads: Callable[[str], bool] = loadable,
) -> Sight:
    """What is to be seen now. Takes as long as `nvidia-smi -L`, at most 20 seconds."""
    devices = tuple(_devices(root))
    return Sight(
        cards=tuple(_cards(root)),
        virtual=_virtual(root),
        container=_container(root, variables),
        wsl="microsoft" in _text(root / "proc/version").lower(),
        driver=_driver(root),
        devices=devices,
        closed=tuple(path for path in devices if not _open(root / path.lstrip("/"))),
        listed=tuple(_listed(root, variables)),
        libraries=tuple(name for name in LIBRARIES if loads(name)),
        missing=tuple(name for name in LIBRARIES if not loads(name)),
        variables=tuple(f"{name}={variables[name]}" for name in _VARIABLES if name in variables),
    )


def _cards(root: Path) -> Iterator[str]:
    for card in sorted((root / "sys/bus/pci/devices").glob("*")):
        kind = _text(card / "class")
        if _text(card / "vendor") == _NVIDIA and kind.startswith((_DISPLAY, _ACCELERATOR)):
            held = card / "driver"
            holder = held.resolve().name if held.exists() else "no driver"
            yield f"{card.name} held by {holder}"


def _virtual(root: Path) -> str | None:
    made = [_text(root / f"sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")]
    told = " ".join(part for part in made if part)
    return told if _VIRTUAL.search(told) else None


def _container(root: Path, variables: Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" in variables:
        return "Kubernetes"
    if (root / ".dockerenv").exists():
        return "Docker"
    if (root / "run/.containerenv").exists():
        return "Podman"
    if (root / "dev/lxc").exists() or variables.get("container") == "lxc":
        return "LXC"
    named = _CONTAINER.search(_text(root / "proc/1/cgroup"))
    return named.group() if named else None


def _driver(root: Path) -> str | None:
    """The number in a line such as `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14`."""
    told = _text(root / "proc/driver/nvidia/version")
    number = re.search(r"\b\d{3,4}\.\d+(\.\d+)?\b", told)
    return number.group() if number else None


def _devices(root: Path) -> Iterator[str]:
    for pattern in ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "dxg"):
        yield from (f"/dev/{path.name}" for path in sorted((root / "dev").glob(pattern)))


def _open(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)


def _listed(root: Path, variables: Mapping[str, str]) -> list[str]:
    places = [root / place.lstrip("/") for place in variables.get("PATH", "").split(os.pathsep)]
    program = shutil.which("nvidia-smi", path=os.pathsep.join(map(str, places)))
    if not program:
        return []
    try:
        done = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ["nvidia-smi gives no answer"]
    said = (done.stdout or done.stderr).strip()
    return [" ".join(line.split()) for line in said.splitlines()[:8]]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

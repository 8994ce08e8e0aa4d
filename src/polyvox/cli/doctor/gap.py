"""The first gap between a GPU and the engines, as one sentence that says how to close it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from polyvox.cli.doctor.sight import Sight
from polyvox.cli.doctor.torches import Torch

_HIDDEN = ("CUDA_VISIBLE_DEVICES=", "CUDA_VISIBLE_DEVICES=-1", "NVIDIA_VISIBLE_DEVICES=void")
_GIVE = {
    "Docker": "start it with `--gpus all`, which needs the NVIDIA Container Toolkit on the host",
    "Podman": "start it with `--device nvidia.com/gpu=all`, after `nvidia-ctk cdi generate` on "
    "the host",
    "Kubernetes": "ask for `nvidia.com/gpu: 1` under the limits of its resources",
    "LXC": "give it /dev/nvidia0, /dev/nvidiactl and /dev/nvidia-uvm in its configuration",
}


def first_gap(seen: Sight, torches: Sequence[Torch]) -> str | None:
    """What to do next; None when nothing is left to do."""
    steps: tuple[Callable[[], str | None], ...] = (
        lambda: _windows(seen) if seen.wsl else _card(seen) or _driver(seen) or _devices(seen),
        lambda: _libraries(seen) or _program(seen),
        lambda: _variables(seen),
        lambda: _torch(torches),
    )
    return next((gap for step in steps if (gap := step())), None)


def _windows(seen: Sight) -> str | None:
    if "/dev/dxg" in seen.devices:
        return None
    if seen.container:
        return f"This container has no GPU: {_given(seen)}."
    return (
        "WSL shows no GPU: install NVIDIA's driver in Windows (none in Linux), then run "
        "`wsl --update` and `wsl --shutdown` there."
    )


def _card(seen: Sight) -> str | None:
    if seen.cards or seen.driver or seen.devices:
        return None
    if seen.virtual:
        return (
            "No card is seen in this virtual machine; engines run on the CPU. If its host has "
            "one, pass it through (Proxmox: Hardware, Add, PCI Device), then stop the machine "
            "and start it."
        )
    return "No card of NVIDIA's is seen; engines run on the CPU."


def _driver(seen: Sight) -> str | None:
    if seen.driver:
        return None
    where = "on the host" if seen.container else "here"
    held = " ".join(seen.cards)
    if "held by vfio-pci" in held:
        return (
            "The card is set aside for a virtual machine (vfio-pci): run Polyvox in that "
            "machine, or give the card back to this one."
        )
    if "held by nouveau" in held:
        return (
            f"The driver nouveau holds the card and cannot compute: install NVIDIA's driver "
            f"{where}, which puts nouveau on the blacklist, and restart the machine."
        )
    return f"The card has no driver: install NVIDIA's driver {where} and restart the machine."


def _devices(seen: Sight) -> str | None:
    numbered = [each for each in seen.devices if each[-1].isdigit()]
    whole = numbered and {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= set(seen.devices)
    if whole and not seen.closed:
        return None
    if whole:
        return (
            f"This user may not open {', '.join(seen.closed)}: add it to the group that owns "
            "them (often `video` or `render`), or mend their mode."
        )
    if seen.container:
        lacks = "not all of" if seen.devices else "none of"
        return f"This container has {lacks} the GPU's device files: {_given(seen)}."
    return (
        "The driver is loaded but its device files are not all there: run "
        "`nvidia-modprobe -c 0 -u` as root."
    )


def _libraries(seen: Sight) -> str | None:
    if not seen.missing:
        return None
    names = " and ".join(seen.missing)
    if seen.container == "LXC":
        return (
            f"{names} cannot be loaded: install the driver's version {seen.driver} in this "
            "container too, without its kernel module."
        )
    if seen.container:
        return (
            f"{names} cannot be loaded: the container lacks them; set "
            "NVIDIA_DRIVER_CAPABILITIES=compute,utility and start it anew."
        )
    if seen.wsl:
        return f"{names} cannot be loaded: /usr/lib/wsl/lib is not searched; run `ldconfig`."
    return (
        f"{names} cannot be loaded: install the libraries of the driver's version "
        f"{seen.driver} (Debian: libcuda1 and libnvidia-ml1), then run `ldconfig`."
    )


def _program(seen: Sight) -> str | None:
    if seen.listed:
        return None
    return (
        "nvidia-smi is not found, without which `engines.device = auto` takes the CPU: install "
        "it, give a container NVIDIA_DRIVER_CAPABILITIES=compute,utility, or set "
        "POLYVOX_ENGINES__DEVICE=cuda."
    )


def _variables(seen: Sight) -> str | None:
    hiding = next((each for each in seen.variables if each in _HIDDEN), None)
    return hiding and f"{hiding} hides the GPU: unset it, or name the GPU."


def _torch(torches: Sequence[Torch]) -> str | None:
    for torch in torches:
        if torch.available:
            continue
        again = f"`polyvox engines remove {torch.engine}`, then `polyvox engines install"
        if torch.version is None:
            return f"{torch.engine} cannot ask the GPU ({torch.reason}): {again} {torch.engine}`."
        if torch.cuda is None:
            return (
                f"{torch.engine} has a build of PyTorch for the CPU: {again} {torch.engine}` "
                "without a constraint or an index that names such a build."
            )
        return (
            f"{torch.engine}'s PyTorch, built for CUDA {torch.cuda}, finds no GPU "
            f"({torch.reason or 'it does not say why'}): a newer driver mends that, or a build "
            f"for an older CUDA, {again} {torch.engine} --constraint FILE`."
        )
    return None


def _given(seen: Sight) -> str:
    return _GIVE.get(seen.container or "", _GIVE["Docker"])

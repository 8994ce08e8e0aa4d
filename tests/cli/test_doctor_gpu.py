"""`polyvox doctor` says what each layer sees of a GPU, and the step that mends the first gap."""

from __future__ import annotations

import json
import os
import shutil
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from polyvox.cli.doctor.gap import first_gap
from polyvox.cli.doctor.sight import LIBRARIES, Sight, loadable, look
from polyvox.cli.doctor.torches import Torch, ask
from polyvox.engines.registry import Registry
from tests.cli.test_cli import environment, polyvox

__all__ = ["environment"]

MODULE = "NVRM version: NVIDIA UNIX {}  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version: 12\n"
DEVICES = ("nvidia0", "nvidiactl", "nvidia-uvm")
WORKS = Torch("xtts", "2.13.0+cu130", "13.0", ("NVIDIA H200",), available=True)


class Machine:
    """A tree of the files that tell of a GPU."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str = "") -> Machine:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return self

    def card(self, holder: str | None = None, kind: str = "0x030000") -> Machine:
        place = "sys/bus/pci/devices/0000:01:00.0"
        self.write(f"{place}/vendor", "0x10de\n").write(f"{place}/class", f"{kind}\n")
        if holder:
            driver = self.root / "sys/bus/pci/drivers" / holder
            driver.mkdir(parents=True, exist_ok=True)
            (self.root / place / "driver").symlink_to(driver)
        return self

    def driven(self, *devices: str, module: str = "x86_64 Kernel Module") -> Machine:
        self.card("nvidia").write("proc/driver/nvidia/version", MODULE.format(module))
        for name in devices:
            self.write(f"dev/{name}")
        return self

    def sees(self, variables: Mapping[str, str] | None = None, *, libraries: bool = False) -> Sight:
        return look(self.root, variables or {}, lambda name: libraries)

    def gap(self, variables: Mapping[str, str] | None = None, *, libraries: bool = False) -> str:
        return first_gap(self.sees(variables, libraries=libraries), ()) or ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_a_card_runs_on_the_cpu(machine: Machine) -> None:
    assert not machine.sees().anything
    assert "engines run on the CPU" in machine.gap()


def test_a_virtual_machine_without_a_card_may_be_given_one(machine: Machine) -> None:
    machine.write("sys/class/dmi/id/sys_vendor", "QEMU\n")
    machine.write("sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n")
    assert machine.sees().virtual == "QEMU Standard PC (Q35 + ICH9, 2009)"
    assert "pass it through (Proxmox: Hardware, Add, PCI Device)" in machine.gap()


def test_a_sound_device_and_another_makers_card_are_no_gpu(machine: Machine) -> None:
    machine.card(kind="0x040300")
    machine.write("sys/bus/pci/devices/0000:02:00.0/vendor", "0x1002\n")
    machine.write("sys/bus/pci/devices/0000:02:00.0/class", "0x030000\n")
    assert machine.sees().cards == ()


@pytest.mark.parametrize(
    ("holder", "advice"),
    [
        (None, "install NVIDIA's driver here and restart"),
        ("nouveau", "nouveau holds the card"),
        ("vfio-pci", "set aside for a virtual machine"),
    ],
)
def test_a_card_without_nvidias_driver_gets_it(
    machine: Machine, holder: str | None, advice: str
) -> None:
    machine.card(holder)
    assert machine.sees().cards == (f"0000:01:00.0 held by {holder or 'no driver'}",)
    assert advice in machine.gap()


def test_a_container_has_its_driver_from_the_host(machine: Machine) -> None:
    machine.card().write(".dockerenv")
    assert "install NVIDIA's driver on the host" in machine.gap()


@pytest.mark.parametrize("module", ["x86_64 Kernel Module", "Open Kernel Module for x86_64"])
def test_the_drivers_version_is_read_from_either_module(machine: Machine, module: str) -> None:
    assert machine.driven(module=module).sees().driver == "550.54.14"


def test_missing_device_files_are_made(machine: Machine) -> None:
    machine.driven("nvidia0", "nvidiactl")
    assert "`nvidia-modprobe -c 0 -u` as root" in machine.gap()


CONTAINERS: list[tuple[dict[str, str], dict[str, str], str, str]] = [
    ({".dockerenv": ""}, {}, "Docker", "--gpus all"),
    ({"run/.containerenv": ""}, {}, "Podman", "--device nvidia.com/gpu=all"),
    ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes", "nvidia.com/gpu: 1"),
    ({}, {"container": "lxc"}, "LXC", "/dev/nvidia-uvm in its configuration"),
    ({"proc/1/cgroup": "0::/system.slice/docker-4f.scope\n"}, {}, "docker", "--gpus all"),
]


@pytest.mark.parametrize(("files", "variables", "kind", "advice"), CONTAINERS)
def test_a_container_without_the_device_files_is_given_them(
    machine: Machine,
    files: dict[str, str],
    variables: dict[str, str],
    kind: str,
    advice: str,
) -> None:
    machine.driven()
    for path, text in files.items():
        machine.write(path, text)
    assert machine.sees(variables).container == kind
    assert advice in machine.gap(variables)


def test_a_process_in_no_container_is_in_none(machine: Machine) -> None:
    assert machine.write("proc/1/cgroup", "0::/init.scope\n").sees().container is None


def test_device_files_without_libraries_ask_for_the_libraries(machine: Machine) -> None:
    machine.driven(*DEVICES)
    assert machine.sees().missing == LIBRARIES
    assert "libraries of the driver's version 550.54.14" in machine.gap()
    assert "without its kernel module" in machine.gap({"container": "lxc"})
    machine.write(".dockerenv")
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in machine.gap()


def test_what_the_drivers_program_says_is_told(machine: Machine) -> None:
    """`echo` in its place repeats what it was asked."""
    place = machine.root / "usr" / "bin"
    place.mkdir(parents=True)
    (place / "nvidia-smi").symlink_to(shutil.which("echo") or "")
    assert machine.sees({"PATH": "/usr/bin"}).listed == ("-L",)


def test_a_machine_that_has_all_but_nvidia_smi_is_told_of_auto(machine: Machine) -> None:
    machine.driven(*DEVICES)
    assert "`engines.device = auto` takes the CPU" in machine.gap(libraries=True)


def test_windows_driver_is_enough_in_wsl(machine: Machine) -> None:
    machine.write("proc/version", "Linux version 5.15.167.4-microsoft-standard-WSL2\n")
    assert "install NVIDIA's driver in Windows" in machine.gap()
    machine.write("dev/dxg")
    assert "/usr/lib/wsl/lib" in machine.gap()


def complete(*variables: str) -> Sight:
    """A machine on which nothing is amiss."""
    return Sight(
        cards=("0000:01:00.0 held by nvidia",),
        driver="550.54.14",
        devices=("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"),
        listed=("GPU 0: NVIDIA H200",),
        libraries=LIBRARIES,
        variables=variables,
    )


def test_nothing_is_left_to_do_when_every_layer_sees_the_gpu() -> None:
    assert first_gap(complete("NVIDIA_VISIBLE_DEVICES=all"), [WORKS]) is None


@pytest.mark.parametrize("hiding", ["CUDA_VISIBLE_DEVICES=-1", "CUDA_VISIBLE_DEVICES="])
def test_a_variable_that_hides_the_gpu_is_named(hiding: str) -> None:
    assert f"{hiding} hides the GPU" in str(first_gap(complete(hiding), [WORKS]))


@pytest.mark.parametrize(
    ("torch", "advice"),
    [
        (Torch("f5", reason="No module named 'torch'"), "f5 cannot ask the GPU (No module"),
        (Torch("f5", "2.13.0+cpu"), "f5 has a build of PyTorch for the CPU"),
        (Torch("f5", "2.13.0", "13.0", reason="driver too old"), "for CUDA 13.0, finds no GPU"),
    ],
)
def test_an_environment_that_sees_none_is_made_anew(torch: Torch, advice: str) -> None:
    gap = str(first_gap(complete(), [WORKS, torch]))
    assert advice in gap
    assert "polyvox engines install f5" in gap


def test_the_first_gap_goes_before_later_ones(machine: Machine) -> None:
    seen = machine.driven().sees({"CUDA_VISIBLE_DEVICES": "-1"})
    assert "device files" in str(first_gap(seen, [Torch("f5", "2.13.0+cpu")]))


def test_a_library_loads_or_it_does_not() -> None:
    assert loadable("libc.so.6")
    assert not loadable("libthere-is-none.so.1")


def test_an_interpreter_without_pytorch_says_so() -> None:
    assert ask("xtts", Path(sys.executable)).told == "no PyTorch: No module named 'torch'"


def test_an_interpreter_that_is_gone_says_so(tmp_path: Path) -> None:
    assert "gives no answer" in ask("xtts", tmp_path / "python").told


@pytest.mark.engines
def test_a_build_for_the_cpu_is_recognised() -> None:
    python = Path(os.environ["POLYVOX_TEST_ENGINES"]) / "bin" / "python"
    torch = ask("xtts", python)
    assert torch.told.startswith("PyTorch 2.")
    assert "built for the CPU, sees no GPU" in torch.told
    assert "build of PyTorch for the CPU" in str(first_gap(complete(), [torch]))


def doctor(environment: dict[str, str], folder: Path) -> tuple[int, str]:
    done = polyvox(environment, folder, "doctor")
    return done.returncode, done.stdout.decode()


@pytest.mark.long
def test_the_command_tells_of_this_machine(environment: dict[str, str], tmp_path: Path) -> None:
    code, said = doctor(environment, tmp_path)
    assert f" gpu: {first_gap(look(), ()) or 'every layer sees it'}" in said
    assert code == 0, said


@pytest.mark.long
def test_a_gpu_that_the_settings_name_is_needed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["POLYVOX_ENGINES__DEVICE"] = "cuda"
    code, said = doctor(environment, tmp_path)
    gap = first_gap(look(), ())
    assert ("BROKEN gpu: " in said) is (gap is not None)
    assert code == (gap is not None), said


def test_every_installed_environment_is_asked(environment: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "folder" / "environments" / "xtts"
    venv.create(home, with_pip=False)
    made = {"requires": list(Registry().find("xtts").requires)}
    (home / "ready.json").write_text(json.dumps(made))
    environment["POLYVOX_STORAGE__FOLDER"] = str(tmp_path / "folder")
    _, said = doctor(environment, tmp_path)
    assert "absent gpu in xtts: no PyTorch: No module named 'torch'" in said

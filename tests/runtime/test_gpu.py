"""What is told of GPUs agrees with itself, and a machine without any is no trouble."""

import ctypes
import threading

from polyvox.runtime.gpu import Gpu, gpus


def has_driver() -> bool:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def test_a_machine_without_a_driver_has_no_gpus() -> None:
    assert has_driver() or gpus() == ()


def test_figures_agree_with_each_other() -> None:
    for gpu in gpus():
        assert gpu.name
        if gpu.memory_total is not None:
            assert gpu.memory_used is not None
            assert gpu.memory_free is not None
            assert 0 <= gpu.memory_used + gpu.memory_free <= gpu.memory_total
        assert gpu.utilisation is None or 0 <= gpu.utilisation <= 100


def test_it_can_be_asked_from_many_threads_at_once() -> None:
    found: list[tuple[Gpu, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(gpus())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({tuple(gpu.name for gpu in each) for each in found}) == 1
    assert len(found) == 8

import ctypes
import os
import subprocess
import sys
from time import perf_counter

import pytest

from engine.machine import machine_facts, peak_memory_mib, probe_gpu, process_age_s, usable_cores
from tests.house.repository import ROOT


def missing(name: str) -> ctypes.CDLL:
    raise OSError(f"{name}: cannot open shared object file")


class FakeDriver:
    """libcuda with the GPUs it is told to have."""

    def __init__(self, names: list[str], init_code: int = 0) -> None:
        self._names, self._init_code = names, init_code

    def cuInit(self, flags: int) -> int:
        return self._init_code

    def cuDriverGetVersion(self, version) -> int:
        version._obj.value = 12040
        return 0

    def cuDeviceGetCount(self, count) -> int:
        count._obj.value = len(self._names)
        return 0

    def cuDeviceGetName(self, text, size: int, device: int) -> int:
        text.value = self._names[device].encode()
        return 0

    def cuDeviceTotalMem_v2(self, memory, device: int) -> int:
        memory._obj.value = 24 << 30
        return 0


def test_a_machine_without_driver_says_so() -> None:
    facts = probe_gpu(missing)
    assert facts.names == ()
    assert "no NVIDIA driver" in facts.reason


@pytest.mark.parametrize(("code", "says"), [(100, "finds no GPU"), (803, "cuInit returned 803")])
def test_a_driver_that_does_not_start_says_why(code: int, says: str) -> None:
    assert says in probe_gpu(lambda name: FakeDriver([], code)).reason


def test_a_driver_that_is_there_and_damaged_is_not_called_missing() -> None:
    def load(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: file too short")

    assert probe_gpu(load).reason == "the NVIDIA driver does not load (libcuda.so.1: file too short)"


def test_a_driver_without_its_functions_is_told_and_ends_nothing() -> None:
    empty = ctypes.CDLL(None)  # this program's own symbols, none of which is the driver's
    assert "the NVIDIA driver is not whole" in probe_gpu(lambda name: empty).reason


def test_a_driver_without_gpu_says_so() -> None:
    assert "finds no GPU" in probe_gpu(lambda name: FakeDriver([])).reason


def test_gpus_are_named_with_memory_and_driver() -> None:
    facts = probe_gpu(lambda name: FakeDriver(["A Card", "Another Card"]))
    assert facts.names == ("A Card", "Another Card")
    assert facts.memory_mib == (24576, 24576)
    assert facts.driver_cuda == "12.4"
    assert facts.reason == ""


def test_the_machine_is_known() -> None:
    facts = machine_facts()
    assert facts.processor
    assert 1 <= facts.num_cores == usable_cores() <= (os.cpu_count() or 1)
    assert facts.python.startswith("3.")


def test_a_process_tells_its_age_and_what_memory_it_has_held() -> None:
    if not sys.platform.startswith("linux"):
        assert (process_age_s(), peak_memory_mib()) == (None, None)
        return
    code = (
        "from engine.machine import peak_memory_mib, process_age_s; before = peak_memory_mib();"
        " held = bytearray(300 << 20); held[:] = b'x' * len(held); print(process_age_s(), before, peak_memory_mib())"
    )
    began_s = perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    age_s, before_mib, after_mib = map(float, done.stdout.split())
    assert 0.0 < age_s < perf_counter() - began_s + 0.02  # the system counts in hundredths
    assert before_mib < 200
    assert after_mib > before_mib + 290

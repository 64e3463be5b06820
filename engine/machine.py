"""What this machine has: processor, memory, NVIDIA GPU and driver. For choices and for reports.

Rule: probing never fails and never loads a runtime; what cannot be known is said so.
"""

import ctypes
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Those that decide how fast a network runs, slowest to fastest kind.
_TOLD_FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimd", "bf16")
_AMD = "AuthenticAMD"
_CUDA_NO_DEVICE = 100
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """NVIDIA GPUs as their driver tells of them."""

    names: tuple[str, ...]
    memory_mib: tuple[int, ...]
    driver_cuda: str  # the newest CUDA the driver supports, such as "12.4"; empty without a driver
    reason: str  # why there is none; empty where there is one


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The machine in one value."""

    processor: str
    features: tuple[str, ...]  # of the processor, those that matter here
    num_cores: int  # that this process may use
    memory_mib: int  # 0 where unknown
    system: str
    python: str
    gpu: GpuFacts


@lru_cache(maxsize=1)
def machine_facts() -> MachineFacts:
    """Probe once."""
    told = processor_features()
    return MachineFacts(
        processor=processor_name(),
        features=tuple(name for name in _TOLD_FEATURES if name in told),
        num_cores=usable_cores(),
        memory_mib=_memory_mib(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        gpu=probe_gpu(),
    )


@lru_cache(maxsize=1)
def processor_features() -> frozenset[str]:
    """The processor's flags by Linux's names; empty on other systems."""
    line = _cpuinfo_line("flags") or _cpuinfo_line("Features")
    return frozenset(line.split())


def has_fast_bfloat16() -> bool:
    """Whether this processor computes a network faster in bfloat16 than in float32.

    It does with matrix units (AMX: three times), and with AMD's AVX-512, which multiplies twice as many bfloat16 as
    float32 numbers at a time (Zen 5: 1.7 to 1.9 times). Intel's AVX-512 alone is 1.5 to 2.5 times slower. All measured.
    """
    features = processor_features()
    return "amx_bf16" in features or ("avx512_bf16" in features and processor_vendor() == _AMD)


@lru_cache(maxsize=1)
def processor_vendor() -> str:
    """The maker by its own name, such as GenuineIntel; empty where unknown."""
    return _cpuinfo_line("vendor_id")


def usable_cores() -> int:
    """Cores this process may use: its affinity, and the container's share where there is one."""
    affinity = len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        share = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return affinity  # no container, or one without a limit ("max")
    return max(1, min(affinity, share))


def probe_gpu(load: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> GpuFacts:
    """Ask NVIDIA's driver for its devices; no CUDA context is made.

    Args:
        load: Loads a shared library, raising OSError where there is none.
    """
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        cuda = load(name)
        code = cuda.cuInit(0)
    except OSError as error:
        is_absent = isinstance(error, FileNotFoundError) or str(error).startswith(f"{name}: cannot open")
        told = f"no NVIDIA driver is installed ({name} is missing)"
        return GpuFacts((), (), "", told if is_absent else f"the NVIDIA driver does not load ({error})")
    except AttributeError as error:
        return GpuFacts((), (), "", f"the NVIDIA driver is not whole ({error})")
    if code == _CUDA_NO_DEVICE:
        return GpuFacts((), (), "", "the NVIDIA driver finds no GPU")
    if code != 0:
        return GpuFacts((), (), "", f"the NVIDIA driver does not start (cuInit returned {code})")
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    cuda.cuDriverGetVersion(ctypes.byref(version))
    driver = f"{version.value // 1000}.{version.value % 1000 // 10}"
    if cuda.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return GpuFacts((), (), driver, "the NVIDIA driver finds no GPU")
    names, memory_mib = [], []
    for index in range(count.value):
        text, memory = ctypes.create_string_buffer(128), ctypes.c_size_t(0)
        cuda.cuDeviceGetName(text, len(text), index)
        cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), index)
        names.append(text.value.decode("utf-8", "replace"))
        memory_mib.append(memory.value // _MIB)
    return GpuFacts(tuple(names), tuple(memory_mib), driver, "")


def process_age_s() -> float | None:
    """Since this process began, its interpreter's start included; None where the system does not tell (Linux does)."""
    try:
        told = Path("/proc/self/stat").read_text("ascii", "replace")
    except OSError:
        return None
    ticks = int(told.rpartition(")")[2].split()[19])  # field 22: the start, since the machine's
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def peak_memory_mib() -> int | None:
    """The most memory this process has held at a time; None where the system does not tell (Linux does)."""
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), None)


def processor_name() -> str:
    """As it calls itself."""
    return _cpuinfo_line("model name") or platform.processor() or platform.machine()


def _cpuinfo_line(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")


def _memory_mib() -> int:
    if not sys.platform.startswith("linux"):
        return 0
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")) // _MIB)
    except (OSError, ValueError):
        return total

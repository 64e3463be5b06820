"""What computes a training: processor or accelerator, threads, precision.

Rule: nothing less than what was asked for; what runs is said in words.
"""

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import LiveDoubleError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


@dataclass(frozen=True, slots=True)
class Compute:
    """A chosen device.

    Args:
        device: `cpu` or `cuda`.
        is_bfloat16: Convolutions compute in bfloat16 (weights, latents and the output layer stay float32).
        num_threads: Of the processor.
        words: For people and for the record.
    """

    device: torch.device
    is_bfloat16: bool
    num_threads: int
    words: str

    def autocast(self) -> torch.autocast:
        """The context that a forward pass runs in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.is_bfloat16)


def choose_compute(name: str = "cpu", num_threads: int | None = None) -> Compute:
    """Prepare this process to train on `name`.

    bfloat16 is chosen where the hardware has matrix units for it; without them it is slower than float32.

    Raises:
        LiveDoubleError: There is no such device here.
    """
    threads = num_threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    if name == "cuda":
        if not torch.cuda.is_available():
            raise LiveDoubleError(
                f"There is no CUDA device that torch {torch.__version__} can use here.",
                "Train with --device cpu, or install a driver and a torch build with CUDA.",
            )
        torch.backends.cudnn.benchmark = True
        is_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        machine = torch.cuda.get_device_name()
    elif name == "cpu":
        _keep_freed_memory()
        is_bfloat16 = bool(torch.cpu.get_capabilities().get("amx_bf16", False))
        machine = f"{_processor_name()}, {threads} threads"
    else:
        raise LiveDoubleError(f"There is no device '{name}'.", "Give --device cpu or --device cuda.")
    precision = "bfloat16" if is_bfloat16 else "float32"
    words = f"{machine}, {precision}, torch {torch.__version__}"
    return Compute(torch.device(name), is_bfloat16, threads, words)


def _keep_freed_memory() -> None:
    # A step frees and asks again for gigabytes; glibc would give each block back to the kernel and fault it in
    # page by page, which takes a third of the step.
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

"""What computes a training: processor or accelerator, threads, precision, and how its steps are launched.

Rule: nothing less than what was asked for; what runs is said in words.
"""

import ctypes
import os
import platform
import sys
from dataclasses import dataclass

import torch

from engine.errors import LiveDoubleError
from engine.machine import has_fast_bfloat16, processor_name
from training.team import ALONE, Team

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h
_STEPS_A_READING = 25  # of a GPU's loss: a tenth of a second or so


@dataclass(frozen=True, slots=True)
class Compute:
    """A chosen device.

    Args:
        device: `cpu` or `cuda`.
        is_bfloat16: Convolutions compute in bfloat16 (weights, latents and the output layer stay float32).
        num_threads: Of the processor.
        words: For people and for the record.
        holds_data: The data set lies in the device's memory, if it fits, and pictures are augmented there.
        is_captured: Steps are captured as a CUDA graph.
        steps_a_reading: Steps between two readings of the loss; each reading waits for the device.
    """

    device: torch.device
    is_bfloat16: bool
    num_threads: int
    words: str
    holds_data: bool = False
    is_captured: bool = False
    steps_a_reading: int = 1

    def autocast(self) -> torch.autocast:
        """The context that a forward pass runs in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.is_bfloat16)


def choose_compute(
    name: str = "cpu", num_threads: int | None = None, *, has_graph: bool = True, team: Team = ALONE
) -> Compute:
    """Prepare this process to train on `name`.

    bfloat16 is chosen where the hardware computes it faster than float32.

    Args:
        name: `cpu` or `cuda`.
        num_threads: Of the processor; by default this process's part of the cores that it may use, or what
            OMP_NUM_THREADS says where that is less.
        has_graph: Capture steps as a CUDA graph, where there is a GPU and one process.
        team: That this process is one of.

    Raises:
        LiveDoubleError: There is no such device here.
    """
    threads = num_threads or max(1, _own_cores() // team.size_here)
    torch.set_num_threads(threads)
    of_team = f"process {team.rank + 1} of {team.size}, " if team.size > 1 else ""
    if name == "cuda":
        _check_gpu(team)
        torch.backends.cudnn.benchmark = True
        device = torch.device("cuda", torch.cuda.current_device())
        is_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        is_captured = has_graph and team.size == 1
        machine = torch.cuda.get_device_name() + (", CUDA graph" if is_captured else "")
        words = f"{of_team}{_words(machine, is_bfloat16)}"
        return Compute(device, is_bfloat16, threads, words, True, is_captured, _STEPS_A_READING)
    if name == "cpu":
        _keep_freed_memory()
        is_bfloat16 = has_fast_bfloat16()
        words = f"{of_team}{_words(f'{processor_name()}, {threads} threads', is_bfloat16)}"
        return Compute(torch.device(name), is_bfloat16, threads, words)
    raise LiveDoubleError(f"There is no device '{name}'.", "Give --device cpu or --device cuda.")


def _own_cores() -> int:
    """Cores that this process may use: a job scheduler's share, or what the usual variable says."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) > 0 else cores


def _words(machine: str, is_bfloat16: bool) -> str:
    return f"{machine}, {'bfloat16' if is_bfloat16 else 'float32'}, torch {torch.__version__}"


def _check_gpu(team: Team) -> None:
    if not torch.cuda.is_available():
        raise LiveDoubleError(
            f"There is no CUDA device that torch {torch.__version__} can use here.",
            "Train with --device cpu, or install a driver and a torch build with CUDA.",
        )
    if team.size_here > torch.cuda.device_count():
        raise LiveDoubleError(
            f"{team.size_here} processes share {torch.cuda.device_count()} GPUs.",
            f"Start torchrun with --nproc-per-node {torch.cuda.device_count()}: one process for each GPU.",
        )


def _keep_freed_memory() -> None:
    # A step frees and asks again for gigabytes; glibc would give each block back to the kernel and fault it in
    # page by page, which takes a third of the step.
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)

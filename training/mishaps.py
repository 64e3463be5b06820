"""What can happen to a training that is nobody's mistake, in one clear line each.

Rule: a checkpoint is always written whole beside the one before, so whatever happens the last good one is there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from engine.errors import LiveDoubleError
from training.checkpoint import LAST_FILE

# torch has no type for these.
_NO_MEMORY = re.compile("can't allocate memory|not enough memory|DefaultCPUAllocator")
_NO_GPU_MEMORY = re.compile("CUDA error: out of memory|(CUBLAS|CUDNN)_STATUS_(INTERNAL_ERROR_\\w*)?ALLOC\\w*_FAILED")


class OutOfMemoryError(LiveDoubleError):
    """The machine's memory, or the GPU's, is full."""


class DivergedError(LiveDoubleError):
    """A loss or weight is not a finite number."""


def diverged(step: int, run: Path) -> DivergedError:
    """By this step."""
    kept = f" The last good checkpoint is kept in {run}." if (run / LAST_FILE).is_file() else ""
    return DivergedError(
        f"The training diverged: by step {step} the loss or a weight is not a finite number.{kept}",
        "Train again in another folder with a smaller --learning-rate.",
    )


@contextmanager
def told_of_memory(run: Path) -> Iterator[None]:
    """Turn an exhausted memory, the GPU's or the machine's, into one line.

    Raises:
        LiveDoubleError: Memory ran out.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _out_of_memory("GPU", run) from error
    except MemoryError as error:
        raise _out_of_memory("machine", run) from error
    except RuntimeError as error:
        if is_out_of_gpu_memory(error):
            raise _out_of_memory("GPU", run) from error
        if not _NO_MEMORY.search(str(error)):
            raise
        raise _out_of_memory("machine", run) from error


def is_out_of_gpu_memory(error: RuntimeError) -> bool:
    """Whether torch or one of its libraries found the GPU's memory full."""
    return isinstance(error, torch.OutOfMemoryError) or _NO_GPU_MEMORY.search(str(error)) is not None


def _out_of_memory(whose: str, run: Path) -> OutOfMemoryError:
    kept = f" The last good checkpoint is kept in {run}." if (run / LAST_FILE).is_file() else ""
    return OutOfMemoryError(
        f"The memory of the {whose} is full.{kept}",
        "Let other programs free some and run the same command again, or train in another folder with a smaller"
        " --batch.",
    )

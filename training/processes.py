"""What a process must do first that renders for another one."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def begin_renderer() -> None:
    """End with whoever started this process, and draw with one core; the first call of a worker."""
    if sys.platform.startswith("linux"):  # also while it waits for work
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Mesa's software renderer would start a thread for every core in every process.
    os.environ.setdefault("LP_NUM_THREADS", "1")

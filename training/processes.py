"""Processes that render for another one: how they begin, count what they did, and stop.

Rule: a process whose parent died or told it to stop writes nothing more.
"""

import ctypes
import multiprocessing as mp
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def begin_renderer() -> None:
    """End with whoever started this process, and draw with one core; the first call of a worker."""
    if sys.platform.startswith("linux"):  # also while it waits for work
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    end_if_orphaned()  # it may have died before
    # Mesa's software renderer would start a thread for every core in every process.
    os.environ.setdefault("LP_NUM_THREADS", "1")


def end_if_orphaned() -> None:
    """End this process, on the spot, if the one that started it is gone."""
    parent = mp.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)  # without tidying up: what is open here may be another run's by now


class StopWork(Exception):
    """The work was told to stop; a re-run does it again."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a parent and its workers share; without the shared values it counts nothing and is never stopped.

    Args:
        counter: Steps done, by all workers.
        stopped: Not 0 once they should stop.
    """

    counter: Any = None  # multiprocessing's shared values have no public types
    stopped: Any = None

    @classmethod
    def of(cls, context: SpawnContext) -> "Work":
        """For the workers of this context."""
        return cls(context.Value("l", 0), context.RawValue("b", 0))

    @property
    def num_done(self) -> int:
        """Steps done so far."""
        return int(self.counter.value)

    def stop(self) -> None:
        """Tell the workers to stop."""
        self.stopped.value = 1

    def check(self) -> None:
        """Called by a worker before it goes on.

        Raises:
            StopWork: It should not.
        """
        end_if_orphaned()
        if self.stopped is not None and self.stopped.value:
            raise StopWork

    def count(self) -> None:
        """Called by a worker after every step.

        Raises:
            StopWork: It should stop.
        """
        self.check()
        if self.counter is not None:
            with self.counter.get_lock():
                self.counter.value += 1

"""Time: reading it and waiting for it, in one replaceable place.

Rule: whoever paces or measures takes a `Clock`, so tests run on a clock of their own.
"""

import threading
import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """Monotonic time."""

    def now_ns(self) -> int:
        """Nanoseconds, never going back; only differences mean something."""
        ...

    def wait(self, until: threading.Event, timeout_s: float) -> bool:
        """Wait for the event, `timeout_s` at most; whether it is set."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now_ns(self) -> int:
        """`time.perf_counter_ns()`."""
        return time.perf_counter_ns()

    def wait(self, until: threading.Event, timeout_s: float) -> bool:
        """Wait in real time."""
        return until.wait(timeout_s)


SYSTEM_CLOCK = SystemClock()

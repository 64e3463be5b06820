"""A thread with a task: the one place where threads are born.

Rule: whatever ends the task, its `ended` hears of it exactly once, with the error or with None.
"""

import logging
import threading
from collections.abc import Callable

from engine.errors import LiveDoubleError
from engine.handoff import EndOfStream

_log = logging.getLogger(__name__)


class Worker:
    """Runs one task on a thread of its own.

    Args:
        name: Of the thread.
        work: Returns when done; `EndOfStream` is a way of being done.
        ended: Called on the thread when `work` is over, with what went wrong or None. Must not raise.
    """

    def __init__(self, name: str, work: Callable[[], None], ended: Callable[[LiveDoubleError | None], None]) -> None:
        self._name, self._work, self._ended = name, work, ended
        # A driver that never answers must not keep a process alive whose user has closed it; everything
        # else is joined.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the task; whether it has ended (or was never started)."""
        if self._thread.ident is None:
            return True
        self._thread.join(max(timeout_s, 0.0))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work()
        except EndOfStream:
            self._ended(None)
        except LiveDoubleError as error:
            self._ended(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours ends this room, and must reach the user from a thread
            _log.exception("The %s thread failed", self._name)
            unexpected = LiveDoubleError(
                f"Something unforeseen went wrong in {self._name} ({type(error).__name__}: {error}).",
                "Please report it with the log.",
            )
            unexpected.__cause__ = error
            self._ended(unexpected)
        else:
            self._ended(None)

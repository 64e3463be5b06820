"""Work the window must not wait for: opening an actor, loading a backend, encoding a movie.

Rule: work runs in the order it was given, off the window's thread; its outcome is collected on the window's thread.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

from engine.errors import LiveDoubleError

_Result = TypeVar("_Result")


class Jobs:
    """One queue of background work.

    Args:
        wake: Called on the background thread when an outcome can be collected.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._pool.submit(lambda: None)  # its thread is born now, before the window's gives way (startup.give_way)
        self._outcomes: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def submit(
        self,
        work: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[LiveDoubleError], None],
    ) -> None:
        """Run `work` in the background; `done` or `failed` then runs within `collect`."""

        def run() -> None:
            try:
                result = work()
            except LiveDoubleError as error:
                self._outcomes.put(lambda error=error: failed(error))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must reach the banner, not vanish in a thread
                unexpected = LiveDoubleError(
                    f"Something unforeseen went wrong ({type(error).__name__}: {error}).",
                    "Please report it with this line.",
                )
                unexpected.__cause__ = error
                self._outcomes.put(lambda: failed(unexpected))
            else:
                self._outcomes.put(lambda: done(result))
            self._wake()

        self._pool.submit(run)

    def tell(self, outcome: Callable[[], None]) -> None:
        """Have `collect` call this, while the work that says so goes on. From within work."""
        self._outcomes.put(outcome)
        self._wake()

    def collect(self) -> None:
        """Deliver every outcome that is ready."""
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except Empty:
                return
            outcome()

    def close(self) -> None:
        """Finish all work, deliver its outcomes, and end the thread."""
        self._pool.shutdown(wait=True)
        self.collect()

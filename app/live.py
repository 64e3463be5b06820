"""The way from the line's threads to the window's: signals without payload, and the window's clock.

Rule: a signal says that something waits, never what; the window's thread takes it from where it waits, while it paints.
"""

from typing import Generic, TypeVar

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from engine.errors import LiveDoubleError
from engine.handoff import EndOfStream, Latest

REDRAW_HZ = 8.0
_Item = TypeVar("_Item")


class Live(QObject):
    """Wakes the window: its signals may be emitted on any thread and arrive on the window's."""

    frame_waits = pyqtSignal()
    mesh_waits = pyqtSignal()
    job_waits = pyqtSignal()
    ticked = pyqtSignal()  # 8 times a second, for numbers and plots

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setInterval(round(1000 / REDRAW_HZ))
        self._timer.timeout.connect(self.ticked)

    def start(self) -> None:
        """Let the clock run."""
        self._timer.start()

    def stop(self) -> None:
        """Stop the clock."""
        self._timer.stop()


class Feed(Generic[_Item]):
    """One slot of a running line, as the window sees it: the newest item, and how the stream ended.

    Args:
        slot: Filled by one of the line's threads.
        waits: The signal that wakes whoever paints it.
    """

    def __init__(self, slot: Latest[_Item], waits: pyqtSignal) -> None:
        self._slot = slot
        self.has_ended = False
        self.error: LiveDoubleError | None = None
        slot.on_filled = waits.emit

    @property
    def is_ending(self) -> bool:
        """Whether only what waits in the slot is still to come."""
        return self._slot.is_closed and not self.has_ended

    def take(self) -> _Item | None:
        """What waits, or None; never blocks. The window's thread."""
        if self.has_ended:
            return None
        try:
            return self._slot.take(0.0)
        except EndOfStream:
            self.has_ended = True
        except LiveDoubleError as error:
            # Its traceback would keep the painting function's frame, and the painter in it, alive.
            self.has_ended, self.error = True, error.with_traceback(None)
        return None

    def let_go(self) -> None:
        """Wake nobody any more."""
        self._slot.on_filled = None

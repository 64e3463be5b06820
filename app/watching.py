"""A face tracker that watches a recording, in the background: meters and advice, as often as it can.

Rule: it takes the newest picture and leaves the rest; what it says is one immutable value, replaced whole.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import LiveDoubleError
from engine.frames import Frame
from engine.handoff import Latest
from engine.jpeg import colour_picture
from engine.worker import Worker

if TYPE_CHECKING:
    from training.bootstrap.coverage import Aim
    from training.trackers import Tracker

_TAKE_TIMEOUT_S = 0.3
_JOIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known now.

    Args:
        aims: How much of the face's range has been seen.
        advice: One sentence, or None where all is well.
    """

    aims: "tuple[Aim, ...]" = ()
    advice: str | None = None


class Watcher:
    """Watches one recording.

    Args:
        frames: The newest picture.
        tracker: Used on the watcher's own thread alone, and closed there.
    """

    def __init__(self, frames: Latest[Frame], tracker: "Tracker") -> None:
        self._frames, self._tracker = frames, tracker
        self._now = Watched()
        self._counts = False
        self._error: LiveDoubleError | None = None
        self._worker = Worker("watch", self._run, self._ended)

    @property
    def now(self) -> Watched:
        """The newest word. Any thread."""
        return self._now

    @property
    def error(self) -> LiveDoubleError | None:
        """What ended it, if something did. Any thread."""
        return self._error

    def count(self, *, is_on: bool) -> None:
        """Whether what is seen now counts for the meters. Any thread."""
        self._counts = is_on

    def start(self) -> None:
        """Begin; once."""
        self._worker.start()

    def stop(self) -> None:
        """Wait for the end, which the end of the frames brings."""
        self._worker.join(_JOIN_S)

    def _run(self) -> None:
        from training.bootstrap.coverage import Adviser, Coverage

        coverage, adviser = Coverage(), Adviser()
        try:
            while True:
                frame = self._frames.take(_TAKE_TIMEOUT_S)
                if frame is None:
                    continue
                image = colour_picture(frame)
                reading = self._tracker.find(image)
                if reading is not None and self._counts:
                    coverage.see(image, reading)
                self._now = Watched(coverage.aims(), adviser.advise(image, reading))
        finally:
            self._tracker.close()

    def _ended(self, error: LiveDoubleError | None) -> None:
        self._error = error

"""A backend that solves at once and gives way to a faster one as soon as that is ready.

Rule: a batch is solved by one of the two; what runs is what is named.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from engine.backends.backend import Backend, Pictures, Solution, TakesPictures
from engine.errors import LiveDoubleError
from engine.frames import CropRect
from engine.handoff import EndOfStream, Latest
from engine.worker import Worker

_log = logging.getLogger(__name__)


class SwappingBackend:
    """Solves with one backend while another is made on a thread of its own, then with that.

    Args:
        first: Open; closed when the other takes over.
        name: Of the one that is made, for people.
        make: Makes it; takes seconds to minutes. If it fails, the first one stays, and `provider` says why.
    """

    def __init__(self, first: Backend, name: str, make: Callable[[], Backend]) -> None:
        self._current, self._make = first, make
        self._note = f"; {name} is being built"
        self._failed = f"; {name} could not be built"
        self._made: Latest[Backend] = Latest()
        self._worker = Worker("backend", self._work, self._ended)
        self._worker.start()

    @property
    def name(self) -> str:
        """See `Backend.name`; of what runs now."""
        return self._current.name

    @property
    def precision(self) -> str:
        """See `Backend.precision`."""
        return self._current.precision

    @property
    def provider(self) -> str:
        """See `Backend.provider`; says too that another is being built, or why it was not."""
        return self._current.provider + self._note

    def run(self, crops: np.ndarray) -> Solution:
        """See `Backend.run`."""
        return self._now().run(crops)

    def pictures(self, image: np.ndarray, crop: CropRect) -> Pictures | None:
        """See `TakesPictures.pictures`."""
        current = self._now()
        return current.pictures(image, crop) if isinstance(current, TakesPictures) else None

    def close(self) -> None:
        """See `Backend.close`; what is still being made is closed when it is."""
        self._made.close()
        self._current.close()
        with suppress(EndOfStream):
            if (made := self._made.take(0.0)) is not None:
                made.close()

    def _now(self) -> Backend:
        """Between two frames: the first one takes crops, so none of its frames is under way."""
        made = self._made.take(0.0) if self._note else None
        if made is not None:
            self._current.close()
            self._current, self._note = made, ""
        return self._current

    def _work(self) -> None:
        made = self._make()
        if not self._made.put(made):
            made.close()

    def _ended(self, error: LiveDoubleError | None) -> None:
        if error is not None:
            _log.warning("%s", error)
            self._note = f"{self._failed}: {error.reason}"

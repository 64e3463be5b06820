"""Pictures and movies of the window as it stands on the screen.

Rule: the window's thread only copies pixels that are already painted; encoding and writing are background jobs.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from time import perf_counter_ns

import cv2
import numpy as np
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QWidget

from app.jobs import Jobs
from engine.clock import NS_PER_MS, NS_PER_S
from engine.errors import LiveDoubleError, StorageError
from engine.movies import MovieWriter
from engine.statistics import Recent

_MOST_WAITING = 4  # pictures in memory before one is left out
_CRF = 20


def picture_of(window: QWidget) -> QImage:
    """[H, W] of the whole window, 32 bits a pixel, as it was last painted."""
    screen = window.screen()
    if screen is not None:
        # What is on the screen already, OpenGL and all: no widget paints again.
        shot = screen.grabWindow(window.winId())
        if not shot.isNull() and shot.size() == window.size() * shot.devicePixelRatio():
            return shot.toImage().convertToFormat(QImage.Format.Format_RGB32)
    # Wayland and others let nobody read the screen: paint once more, into a picture.
    return window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def save_screenshot(window: QWidget, path: Path) -> None:
    """Write what the window shows now.

    Raises:
        StorageError: The file cannot be written.
    """
    if not picture_of(window).save(str(path)):
        raise StorageError(
            f"The screenshot {path} could not be written.",
            "Give a name ending in .png in a folder that exists and has room.",
        )


def _pixels(image: QImage) -> np.ndarray:
    """[H, W, 3] uint8 blue-green-red with even sizes, its own memory."""
    bits = image.constBits()
    if bits is None:
        raise ValueError("the picture has no pixels")
    rows = np.frombuffer(bits.asarray(image.sizeInBytes()), np.uint8).reshape(image.height(), -1, 4)
    height, width = image.height() // 2 * 2, image.width() // 2 * 2
    return np.ascontiguousarray(rows[:height, :width, :3])


class Recording:
    """A movie of the window at a steady rate; where no picture came in time, the one before stays. The window's thread.

    Args:
        path: Where to.
        rate: Pictures a second.
        jobs: Encodes in the background, in order.
        failed: Told, on the window's thread, when the movie cannot be written.
    """

    def __init__(self, path: Path, rate: Fraction, jobs: Jobs, failed: Callable[[LiveDoubleError], None]) -> None:
        self._film, self._rate, self._jobs, self._failed = _Film(path, rate), rate, jobs, failed
        self._began_ns = 0
        self._num_due = 0  # pictures of the movie so far, repeats included
        self._num_waiting = 0
        self._is_open = True
        self.num_pictures = 0
        self.num_left_out = 0
        self.grab_ms = Recent()

    def add(self, window: QWidget) -> None:
        """Take the window as it is now, unless it is too early for another picture or the encoder is behind."""
        now_ns = perf_counter_ns()
        self._began_ns = self._began_ns or now_ns
        num_due = int((now_ns - self._began_ns) * self._rate / NS_PER_S) + 1
        if not self._is_open or num_due <= self._num_due:
            return
        if self._num_waiting >= _MOST_WAITING:
            self.num_left_out += 1
            return
        num_missing, self._num_due = num_due - self._num_due - 1, num_due
        image = picture_of(window)
        self.grab_ms.add((perf_counter_ns() - now_ns) / NS_PER_MS)
        self.num_pictures += 1
        self._num_waiting += 1
        self._jobs.submit(lambda: self._film.add(image, num_missing), self._encoded, self._broke)

    def close(self) -> None:
        """Take no more pictures and finish the movie behind those that wait."""
        if self._is_open:
            self._is_open = False
            self._jobs.submit(self._film.finish, lambda _: None, self._failed)

    def _encoded(self, _: None) -> None:
        self._num_waiting -= 1

    def _broke(self, error: LiveDoubleError) -> None:
        self._is_open = False
        self._failed(error)


class _Film:
    """The background's side of a recording; it fails once and is then deaf."""

    def __init__(self, path: Path, rate: Fraction) -> None:
        self._path, self._rate = path, rate
        self._writer: MovieWriter | None = None
        self._last: np.ndarray | None = None
        self._is_over = False

    def add(self, image: QImage, num_missing: int) -> None:
        """Append a picture, after as many repeats of the one before as are missing."""
        if self._is_over:
            return
        pixels = _pixels(image)
        try:
            if self._writer is None or self._last is None:
                height, width = pixels.shape[:2]
                self._writer = MovieWriter(
                    self._path, width, height, self._rate, crf=_CRF, preset="ultrafast", num_threads=1
                )
                self._last = pixels
            for _ in range(num_missing):
                self._writer.write(self._last)
            # The window may have been resized since: the movie keeps the size it began with.
            if pixels.shape != self._last.shape:
                size = (self._last.shape[1], self._last.shape[0])
                pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
            self._writer.write(pixels)
            self._last = pixels
        except StorageError:
            self._is_over = True
            raise

    def finish(self) -> None:
        """Write the movie's end."""
        if self._writer is not None and not self._is_over:
            self._is_over = True
            self._writer.close()

"""Recording a camera into a movie, while somebody looks at it.

Rule: every frame that comes while it records is written, JPEGs byte for byte as the camera sent them; what is shown or
watched may be dropped.
"""

import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Event

from engine.cameras import Camera, CameraFacts
from engine.clock import SYSTEM_CLOCK, Clock
from engine.errors import CameraError, LiveDoubleError, StorageError
from engine.frames import Frame
from engine.handoff import EndOfStream, Fifo, Latest
from engine.jpeg_movie import JpegMovieWriter
from engine.line import CaptureCounts, capture
from engine.movie_file import rescued
from engine.movies import MovieWriter
from engine.worker import Worker

_WAITING_FRAMES = 120  # four seconds that the encoder may be late
_TAKE_TIMEOUT_S = 0.5
_CAPTURE_JOIN_S, _WRITE_JOIN_S = 1.2, 20.0
_CRF = 14
_USUAL_RATE = Fraction(30)

_log = logging.getLogger(__name__)


class Recorder:
    """One recording; a new one is a new recorder.

    `frames` and `watched` hold the newest picture for one consumer each, on any thread. Nothing is written before
    `resume`. The movie is whole once `stop` has returned; before, a partial file lies beside it, which players of
    Matroska can read after a crash, but for the last second. What a crash has left there is put aside first.

    Args:
        camera: Not opened yet; the recorder opens and closes it.
        path: `.mkv`, `.mp4` or `.mov`.
        clock: Time.
    """

    def __init__(self, camera: Camera, path: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        self.frames: Latest[Frame] = Latest()
        self.watched: Latest[Frame] = Latest()
        self.path = path
        self._camera, self._clock = camera, clock
        self._stopping, self._recording = Event(), Event()
        self._counts = CaptureCounts()
        overrun = StorageError(
            "The recording cannot keep up with the camera.", "Choose a smaller picture, or a faster disk."
        )
        self._to_write: Fifo[Frame] = Fifo(_WAITING_FRAMES, overrun)
        self._num_written = 0
        self._error: LiveDoubleError | None = None
        self._capture = Worker("capture", self._run_capture, self._capture_ended)
        self._write = Worker("record", self._run_write, self._write_ended)

    @property
    def camera_facts(self) -> CameraFacts:
        """Of the camera; final after `start`. Any thread."""
        return self._camera.facts

    @property
    def error(self) -> LiveDoubleError | None:
        """What ended it, if something did. Any thread."""
        return self._error

    @property
    def num_written(self) -> int:
        """Frames in the movie. Any thread."""
        return self._num_written

    @property
    def num_lost(self) -> int:
        """Frames that the camera itself dropped. Any thread."""
        return self._counts.num_lost

    @property
    def is_recording(self) -> bool:
        """Whether frames are written now. Any thread."""
        return self._recording.is_set()

    @property
    def rate(self) -> Fraction:
        """Of the movie."""
        return self._camera.facts.rate or _USUAL_RATE

    def start(self) -> None:
        """Open the camera and show it. Once; any one thread.

        Raises:
            CameraError: The camera does not open.
            StorageError: What lies in the movie's place cannot be put aside.
        """
        aside = rescued(self.path)
        if aside is not None:
            _log.warning("%s holds what an earlier recording had written when it was cut off.", aside)
        try:
            self._camera.open()
        except LiveDoubleError:
            self._camera.close()
            raise
        self._write.start()
        self._capture.start()

    def resume(self) -> None:
        """Write what comes from now on. Any thread."""
        self._recording.set()

    def pause(self) -> None:
        """Write nothing more until `resume`. Any thread."""
        self._recording.clear()

    def stop(self) -> None:
        """End it, source first, and finish the movie; may be called again. The thread that started it."""
        self._stopping.set()
        if not self._capture.join(_CAPTURE_JOIN_S):
            name = self._camera.facts.name
            _log.warning("%s does not come back; it is left behind", name)
            self._capture_ended(CameraError(f"{name} does not come back.", "Replug the camera before using it again."))
        if not self._write.join(_WRITE_JOIN_S):
            self._write_ended(StorageError(f"{self.path} is not finished in time.", "Record on a faster disk."))

    def wait(self, timeout_s: float) -> bool:
        """Wait for it to end by itself; whether it has. Any thread."""
        return self._write.join(timeout_s)

    def _run_capture(self) -> None:
        outlets = (self.frames, self.watched, _Gate(self._recording, self._to_write))
        capture(self._camera, outlets, self._stopping, self._counts, self._clock)

    def _run_write(self) -> None:
        first = None
        while first is None:
            first = self._to_write.take(_TAKE_TIMEOUT_S)
        if first.jpeg is not None:
            size = first.width_px, first.height_px
            with JpegMovieWriter(self.path, *size, self.rate, timecode=first.timecode) as movie:
                overrun = self._write_all(first, lambda frame: movie.write(frame.jpeg or b""))
        else:
            overrun = self._encode(first)
        if overrun is not None:  # the movie is whole up to there
            raise overrun

    def _encode(self, first: Frame) -> LiveDoubleError | None:
        width, height = first.width_px // 2 * 2, first.height_px // 2 * 2
        is_gray = first.image.ndim == 2
        with MovieWriter(
            self.path, width, height, self.rate, crf=_CRF, is_gray=is_gray, timecode=first.timecode, num_threads=2
        ) as movie:
            return self._write_all(first, lambda frame: movie.write(frame.image[:height, :width]))

    def _write_all(self, first: Frame, write: Callable[[Frame], None]) -> LiveDoubleError | None:
        """Write until no more comes; returns what kept the rest from coming."""
        frame: Frame | None = first
        while True:
            if frame is not None:
                write(frame)
                self._num_written += 1
            try:
                frame = self._to_write.take(_TAKE_TIMEOUT_S)
            except EndOfStream:
                return None
            except LiveDoubleError as error:
                return error

    def _capture_ended(self, error: LiveDoubleError | None) -> None:
        self._error = self._error or error
        # The movie ends well whatever ended the camera: what was recorded is kept.
        self._to_write.close()
        self.frames.close(error)
        self.watched.close(error)

    def _write_ended(self, error: LiveDoubleError | None) -> None:
        self._error = self._error or error
        self._stopping.set()
        self._to_write.close(error)


class _Gate:
    """Lets frames through while recording."""

    def __init__(self, is_open: Event, behind: Fifo[Frame]) -> None:
        self._is_open, self._behind = is_open, behind

    def put(self, item: Frame) -> bool:
        return not self._is_open.is_set() or self._behind.put(item)

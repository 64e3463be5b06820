"""A movie as a camera: its pictures at the movie's own rate, with the true vertices where a shot knows them.

Rule: every picture is delivered. A decoder that is too slow delivers late, and the camera rate shows it. Motion JPEG
is handed on as it is stored, decoded for the network alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.cameras.camera import CameraFacts, Pace, timed_out
from engine.clock import SYSTEM_CLOCK, Clock
from engine.errors import CameraError
from engine.frames import Frame, frozen
from engine.jpeg import decode_gray, whole_jpeg
from engine.movies import MovieReader
from engine.shots import Shot
from engine.timecode import Timecode

_WHOLE = 0.98  # a movie's own count may be a little off where it is told by its duration


class MovieCamera:
    """Plays a movie file.

    Args:
        path: Anything FFmpeg opens that has a picture track.
        name: What to call it.
        is_looping: Start again at the end, for ever. Frame indices count on.
        truth: [N, V, 3] float32, cm: the exact vertices of picture n, where they are known.
        timecode: Of the first picture; the movie's own by default.
        as_gray: The movie is a monochrome camera's.
        clock: Time.

    Raises:
        CameraError: The file is missing, empty or not a movie.
    """

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        *,
        is_looping: bool = False,
        truth: np.ndarray | None = None,
        timecode: Timecode | None = None,
        as_gray: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        with MovieReader(path, as_gray=as_gray) as movie:
            facts = movie.facts
        self._path, self._truth, self._clock = path, truth, clock
        self._is_looping = is_looping
        self._timecode = timecode or facts.timecode
        self._facts = CameraFacts(
            name=name or path.name,
            width_px=facts.width_px,
            height_px=facts.height_px,
            rate=facts.rate,
            is_gray=facts.is_gray,
            num_frames=None if is_looping else facts.num_frames or None,
        )
        self._pace = Pace(facts.rate, clock)
        self._reader: MovieReader | None = None
        self._pictures: Iterator[_Decoded] = iter(())
        self._num_delivered = 0
        self._position = 0  # of the next picture in the movie
        self._decoded: _Decoded | None = None  # waits until it is due

    @property
    def facts(self) -> CameraFacts:
        """Known from the start."""
        return self._facts

    def open(self) -> None:
        """Open the file; the clock starts with the first read."""
        self._reader = MovieReader(self._path, as_gray=self._facts.is_gray)
        self._pictures = self._decode(self._reader)

    def read(self, timeout_s: float) -> Frame | None:
        """The next picture, when it is due; None after the last.

        Raises:
            CameraTimeout: It is not due yet.
            CameraError: The movie breaks off or is damaged.
        """
        if self._reader is None:
            raise ValueError("the camera is read before it is opened")
        # Decode first and wait then, so that decoding does not delay the picture.
        if self._decoded is None:
            self._decoded = self._next_picture(self._reader)
            if self._decoded is None:
                return None
        if not self._pace.wait_for(self._num_delivered, timeout_s):
            raise timed_out(self._facts.name, timeout_s)
        decoded, position = self._decoded, self._position
        self._decoded = None
        self._position += 1
        self._num_delivered += 1
        return Frame(
            image=decoded.image,
            index=self._num_delivered - 1,
            captured_ns=self._clock.now_ns(),
            timecode=self._timecode.plus(position) if self._timecode else None,
            truth=self._truth_of(position),
            jpeg=decoded.jpeg,
        )

    def close(self) -> None:
        """Release the file."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self._pictures, self._decoded = None, iter(()), None

    def _next_picture(self, reader: MovieReader) -> "_Decoded | None":
        picture = next(self._pictures, None)
        claimed = reader.facts.num_frames
        if picture is None and 0 < self._position < claimed * _WHOLE - 2:
            raise CameraError(
                f"The movie {self._path} breaks off: {self._position} of {claimed} pictures can be decoded.",
                "Copy it again, or cut the damaged part.",
            )
        if picture is None and self._position == 0:
            raise CameraError(f"The movie {self._path} holds no picture.", "Copy or record it again.")
        if picture is None and self._is_looping:
            reader.rewind()
            self._pictures, self._position = self._decode(reader), 0
            picture = next(self._pictures, None)
        return picture

    def _decode(self, reader: MovieReader) -> "Iterator[_Decoded]":
        if self._has_jpegs(reader):
            for packet in reader.packets():
                jpeg = whole_jpeg(packet)
                image = decode_gray(jpeg) if jpeg is not None else None
                if image is None:
                    told = f"picture {self._position} is no whole JPEG"
                    raise CameraError(f"The movie {self._path} is damaged ({told}).", "Copy it again.")
                yield _Decoded(image, jpeg)
        else:
            for image in reader:
                yield _Decoded(image)

    def _has_jpegs(self, reader: MovieReader) -> bool:
        """Whether each of its packets is one whole picture: of old Motion JPEG it may be half the lines of one."""
        if reader.facts.codec != "mjpeg":
            return False
        jpeg = whole_jpeg(next(reader.packets(), b""))
        reader.rewind()
        first = decode_gray(jpeg) if jpeg is not None else None
        return first is not None and first.shape == (reader.facts.height_px, reader.facts.width_px)

    def _truth_of(self, position: int) -> np.ndarray | None:
        if self._truth is None or position >= len(self._truth):
            return None
        return frozen(np.array(self._truth[position], np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    image: np.ndarray
    jpeg: bytes | None = None


def shot_camera(folder: Path, *, is_looping: bool = True, clock: Clock = SYSTEM_CLOCK) -> MovieCamera:
    """A shot's movie with the true vertices on every frame.

    Raises:
        ShotError: The folder is not a whole shot.
        CameraError: Its movie is not one.
    """
    shot = Shot.open(folder)
    return MovieCamera(
        shot.movie_path(),
        f"shot {shot.facts.name}",
        is_looping=is_looping,
        truth=shot.vertices(),
        timecode=shot.timecode if shot.facts.timecode else None,
        as_gray=shot.facts.is_gray,
        clock=clock,
    )

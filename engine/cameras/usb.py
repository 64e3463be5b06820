"""A camera that the operating system drives: USB cameras, capture cards.

Rule: the driver is called on a thread of its own, because it may not come back; a read never waits longer than asked.
A camera that sends JPEGs is asked for them as they are: the reader decodes the newest, the driver's thread none.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Protocol

import cv2
import numpy as np

from engine.cameras.camera import CameraFacts, timed_out
from engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from engine.errors import CameraError, LiveDoubleError
from engine.frames import Frame
from engine.handoff import EndOfStream, Latest
from engine.jpeg import decode_gray, is_gray_jpeg, whole_jpeg
from engine.worker import Worker

_CLOSE_TIMEOUT_S = 0.8
_JPEG_FORMATS = tuple(cv2.VideoWriter.fourcc(*name) for name in ("MJPG", "JPEG"))


class VideoDevice(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool:
        """Whether the driver accepted the device."""
        ...

    def read(self) -> tuple[bool, np.ndarray | None]:
        """Whether a picture came, and the picture."""
        ...

    def get(self, property_id: int) -> float:
        """A property; 0 where unknown."""
        ...

    def set(self, property_id: int, value: float) -> bool:
        """Ask for a property; whether it was taken."""
        ...

    def release(self) -> None:
        """Let go."""
        ...


def open_device(device: str) -> VideoDevice:
    """Ask OpenCV for a device by number or path; it says nothing on the terminal."""
    # The message the user gets is ours; OpenCV's warnings about every driver it tried are noise.
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        api = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
        return cv2.VideoCapture(int(device) if device.isdigit() else device, api)
    finally:
        cv2.utils.logging.setLogLevel(level)


class UsbCamera:
    """One device.

    Args:
        device: Its number, as in `0`, or its path, as in `/dev/video0`.
        clock: Time.
        open_device: How to reach the driver.
    """

    def __init__(
        self, device: str, clock: Clock = SYSTEM_CLOCK, open_device: Callable[[str], VideoDevice] = open_device
    ) -> None:
        self._device, self._clock, self._open_device = device, clock, open_device
        self._facts = CameraFacts(f"camera {device}", 0, 0, None, False, None)
        self._pictures: Latest[_Picture] = Latest()
        self._sends_jpegs = False
        self._closing = Event()
        self._worker: Worker | None = None

    @property
    def facts(self) -> CameraFacts:
        """Sizes and rate are 0 and None until the camera is open."""
        return self._facts

    def open(self) -> None:
        """Open the device and take one picture, so that its real size is known.

        Raises:
            CameraError: There is no such device, it is in use, or it gives no picture.
        """
        path = Path(f"/dev/video{self._device}" if self._device.isdigit() else self._device)
        if self._open_device is open_device and sys.platform.startswith("linux") and not path.is_char_device():
            raise CameraError(f"There is no camera {path}.", "Plug it in; `livedouble doctor` lists the cameras.")
        device = self._open_device(self._device)
        self._sends_jpegs = device.isOpened() and _gives_jpegs(device)
        has_picture, image = device.read() if device.isOpened() else (False, None)
        jpeg = _jpeg_in(image) if self._sends_jpegs and image is not None else None
        if self._sends_jpegs:
            image = decode_gray(jpeg) if jpeg is not None else None
        if not has_picture or image is None:
            device.release()
            raise CameraError(
                f"The camera {self._device} does not give a picture.", "Close other programs that use it, or replug it."
            )
        rate = device.get(cv2.CAP_PROP_FPS)
        self._facts = CameraFacts(
            name=f"camera {self._device}",
            width_px=int(image.shape[1]),
            height_px=int(image.shape[0]),
            rate=Fraction(rate).limit_denominator(1001) if rate > 0 else None,
            is_gray=is_gray_jpeg(jpeg) if jpeg is not None else image.ndim == 2,
            num_frames=None,
        )
        self._worker = Worker(f"camera {self._device}", lambda: self._drain(device), self._ended)
        self._worker.start()

    def read(self, timeout_s: float) -> Frame | None:
        """The newest picture the driver has delivered.

        Raises:
            CameraTimeout: None came in time.
            CameraError: The device stopped.
        """
        deadline_ns = self._clock.now_ns() + int(timeout_s * NS_PER_S)
        while True:
            try:
                picture = self._pictures.take(max(0, deadline_ns - self._clock.now_ns()) / NS_PER_S)
            except EndOfStream:
                return None
            if picture is None:
                raise timed_out(self._facts.name, timeout_s)
            frame = self._frame_of(picture)
            if frame is not None:  # a damaged JPEG leaves a gap in the index, as a picture that was not sent does
                return frame

    def close(self) -> None:
        """Let go of the device; a driver that does not come back is left behind."""
        self._closing.set()
        self._pictures.close()
        if self._worker is not None:
            self._worker.join(_CLOSE_TIMEOUT_S)

    def _drain(self, device: VideoDevice) -> None:
        index = 0
        try:
            while not self._closing.is_set():
                has_picture, image = device.read()
                if not has_picture or image is None:
                    raise CameraError(f"The camera {self._device} stopped.", "Check its cable, then start again.")
                # Pictures that nobody read leave a gap in the index, which the line counts as lost at the camera.
                self._pictures.put(_Picture(image, index, self._clock.now_ns()))
                index += 1
        finally:
            device.release()

    def _ended(self, error: LiveDoubleError | None) -> None:
        self._pictures.close(error)

    def _frame_of(self, picture: "_Picture") -> Frame | None:
        if not self._sends_jpegs:
            return Frame(picture.data, picture.index, picture.captured_ns)
        jpeg = _jpeg_in(picture.data)
        image = decode_gray(jpeg) if jpeg is not None else None
        if image is None or image.shape != (self._facts.height_px, self._facts.width_px):
            return None
        return Frame(image, picture.index, picture.captured_ns, jpeg=jpeg)


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """What the driver gave: an image, or the bytes of a JPEG."""

    data: np.ndarray
    index: int
    captured_ns: int


def _gives_jpegs(device: VideoDevice) -> bool:
    """Have a camera that sends JPEGs hand them over undecoded; whether it does."""
    if int(device.get(cv2.CAP_PROP_FOURCC)) not in _JPEG_FORMATS:
        return False
    if device.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        has_picture, data = device.read()
        if has_picture and data is not None and _jpeg_in(data) is not None:
            return True
    device.set(cv2.CAP_PROP_CONVERT_RGB, 1)
    return False


def _jpeg_in(data: np.ndarray) -> bytes | None:
    return whole_jpeg(data.tobytes())


def device_paths() -> list[str]:
    """The camera devices of this machine, where the system lists them (Linux)."""
    paths = (path for path in Path("/dev").glob("video*") if re.fullmatch(r"video\d+", path.name))
    return [str(path) for path in sorted(paths, key=lambda path: int(path.name.removeprefix("video")))]

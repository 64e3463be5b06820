"""JPEG pictures as cameras send them: gray at full size for networks, colour as small as eyes need it.

Rule: gray is never decoded at a reduced scale. That is another filter than training's exact area average (up to 10
levels off in the network's crop, 0.5 to 1.8 rms) and spares an eighth of the time: unpacking the bits is what costs.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from engine.frames import Frame

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def whole_jpeg(data: bytes) -> bytes | None:
    """The JPEG that `data` begins with, without what a driver's buffer holds behind it; None where it is not whole."""
    for marker, start, _ in _segments(data):
        if marker == _SCAN:
            end = data.find(_END, start)  # within a scan such a byte pair cannot occur
            return data[: end + len(_END)] if end >= 0 else None
    return None


def is_gray_jpeg(jpeg: bytes) -> bool:
    """Whether it has no colour: a monochrome camera's."""
    return any(marker in _FRAMES and jpeg[start + 9 : start + 10] == b"\x01" for marker, start, _ in _segments(jpeg))


def decode_gray(jpeg: bytes) -> np.ndarray | None:
    """[H, W] uint8 luma, which differs from that of the decoded colours by rounding at most; None of a damaged one."""
    return _decoded(jpeg, cv2.IMREAD_GRAYSCALE)


def colour_picture(frame: Frame, least_width_px: int | None = None) -> np.ndarray:
    """What the camera saw, for eyes and face trackers; decodes where the frame came as a JPEG.

    Args:
        frame: Of any camera.
        least_width_px: Columns that will do: a JPEG is decoded at an eighth, a quarter or half of its size where that
            leaves as many. None decodes all.

    Returns:
        [h, w, 3] uint8 blue-green-red, or [h, w] where the camera has no colour.
    """
    if frame.jpeg is None or is_gray_jpeg(frame.jpeg):
        return frame.image
    flag = cv2.IMREAD_COLOR
    if least_width_px is not None:
        fitting = (reduced for scale, reduced in _REDUCED if frame.width_px >= least_width_px * scale)
        flag = next(fitting, flag)
    picture = _decoded(frame.jpeg, flag)
    return frame.image if picture is None else picture


def _decoded(jpeg: bytes, flag: int) -> np.ndarray | None:
    # As the camera holds it, whatever it notes on being turned: its size has been told.
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of what stands before the picture's bits, a scan's header being the last."""
    if not data.startswith(_START):
        return
    start = len(_START)
    while start + 4 <= len(data) and data[start] == 0xFF:
        marker, end = data[start + 1], start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        yield marker, start, end
        if marker == _SCAN:
            return
        start = end

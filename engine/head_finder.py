"""A small network of one actor's own that finds the head in the crop: it learned from 68 points and needs them no more.

Rule: it sees the crop alone, every frame by itself, and always answers; what it says of a crop without a head is as
good as what the actor's network makes of it.
"""

import math

import numpy as np

from engine.crop import halved, halvings, resize_area
from engine.errors import ActorError
from engine.frames import CropRect
from engine.onnx_runtime import FAILURES, first_line, open_session, session_options
from engine.stabilise import HeadPose

SEEN_PX = (120, 160)  # width and height of what it sees of the crop
_LEAST_SCALE = 3.0  # of the second step: what straddles its borders is split by area, not by what it holds
INPUT_NAME, OUTPUT_NAME = "crop", "head"


class HeadFinder:
    """The `Finder` of an actor's own, run by ONNX Runtime on the caller's thread. One thread at a time.

    Args:
        network: An ONNX file's content: [1, 1, 160, 120] gray levels, float32, to [1, 3], see `pose_of`.

    Raises:
        ActorError: It does not load.
    """

    def __init__(self, network: bytes) -> None:
        try:
            self._session = open_session(network, session_options(num_threads=1))
            self._head_in(np.zeros(SEEN_PX[::-1], np.uint8))  # the first run takes longest; no frame is to wait for it
        except FAILURES as error:
            raise ActorError(
                f"The actor's own network that finds the head does not load ({first_line(error)}).",
                "Export the actor again.",
            ) from error

    def find(self, gray: np.ndarray, crop: CropRect) -> HeadPose:
        """See `Finder.find`."""
        crop = _snapped(crop)
        return pose_of(self._head_in(seen_of(gray, crop)), crop)

    def _head_in(self, seen: np.ndarray) -> np.ndarray:
        (heads,) = self._session.run([OUTPUT_NAME], {INPUT_NAME: seen.astype(np.float32)[None, None]})
        return np.asarray(heads[0])


def seen_of(gray: np.ndarray, crop: CropRect) -> np.ndarray:
    """[160, 120] uint8: the crop by area averaging, halved first where it is large: a quarter of the time."""
    window = gray[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    return resize_area(halved(window, halvings(crop, *SEEN_PX, _LEAST_SCALE)), *SEEN_PX)


def _snapped(crop: CropRect) -> CropRect:
    """Of sides that can be halved; what is found is told in the camera's picture all the same."""
    factor = 1 << halvings(crop, *SEEN_PX, _LEAST_SCALE)
    return CropRect(crop.x, crop.y, crop.width // factor * factor, crop.height // factor * factor)


def pose_of(head: np.ndarray, crop: CropRect) -> HeadPose:
    """A pose in the camera's picture from one in the crop.

    Args:
        head: [3] where midpoint of the eyes and height of the nose meet, in parts of the crop's width and height, and
            the roll in radians.
        crop: In the camera's picture.
    """
    x, y, roll = (float(value) for value in head)
    place = np.array([crop.x + x * crop.width, crop.y + y * crop.height]) - 0.5
    cosine, sine = math.cos(roll), math.sin(roll)
    return HeadPose(roll, float(cosine * place[0] + sine * place[1]), float(cosine * place[1] - sine * place[0]))


def head_of(pose: HeadPose, crop: CropRect) -> np.ndarray:
    """[3] float64, the reverse of `pose_of`."""
    cosine, sine = math.cos(pose.roll), math.sin(pose.roll)
    x, y = cosine * pose.eyes_x - sine * pose.nose_y, sine * pose.eyes_x + cosine * pose.nose_y
    return np.array([(x + 0.5 - crop.x) / crop.width, (y + 0.5 - crop.y) / crop.height, pose.roll])

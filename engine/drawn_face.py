"""A face drawn with a few ellipses, which detectors take for one: stabilising has work to do without an actor."""

import cv2
import numpy as np

from engine.frames import CropRect

_WIDTH_PX, _HEIGHT_PX = 240, 320
_FACE, _EYE_X, _EYE_Y = (120, 165), (82, 158), 140


def drawn_face() -> np.ndarray:
    """[320, 240] uint8."""
    face = np.full((_HEIGHT_PX, _WIDTH_PX), 60, np.uint8)
    _ellipse(face, _FACE, (88, 120), 175)
    for x in _EYE_X:
        _ellipse(face, (x, _EYE_Y), (22, 14), 130)
        _ellipse(face, (x, _EYE_Y + 2), (16, 6), 220)
        _ellipse(face, (x, _EYE_Y + 2), (6, 6), 30)
        cv2.ellipse(face, (x, 125), (24, 9), 0, 190, 350, 60, 5)  # brow
    for side in (-1, 1):
        cv2.line(face, (120 + 8 * side, 140), (120 + 14 * side, 190), 150, 4)
    cv2.ellipse(face, (120, 196), (18, 6), 0, 0, 180, 90, 4)  # nostrils
    _ellipse(face, (120, 230), (32, 9), 100)
    cv2.line(face, (88, 230), (152, 230), 50, 3)
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 2))


def draw_face(picture: np.ndarray, crop: CropRect) -> np.ndarray:
    """A copy of [H, W] or [H, W, 3] uint8 in which the face fills the crop."""
    face = cv2.resize(drawn_face(), (crop.width, crop.height), interpolation=cv2.INTER_CUBIC)
    drawn = picture.copy()
    drawn[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width] = face if picture.ndim == 2 else face[:, :, None]
    return drawn


def _ellipse(picture: np.ndarray, centre: tuple[int, int], axes: tuple[int, int], level: int) -> None:
    cv2.ellipse(picture, centre, axes, 0, 0, 360, level, -1)

"""What a shot's pictures say: light, sharpness, change and small copies of every frame, in one pass over the movie.

Rule: everything is measured on the crop the network sees, at the network's size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.crop import crop_for_network
from engine.frames import CropRect
from engine.shots import Shot

SMALL_WIDTH_PX, SMALL_HEIGHT_PX = 24, 32  # enough to tell when something moves, not what
_LOW, _HIGH = 0.05, 0.95
_TOLD_EVERY = 10  # frames between two words of progress


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Of the N frames that the movie really holds.

    Args:
        mean: [N] float32, gray levels of 255.
        low: [N] float32, the level that 5 % of the pixels stay below.
        high: [N] float32, the level that 5 % exceed.
        sharpness: [N] float32, standard deviation of the Laplacian over that of the picture.
        change: [N] float32, mean absolute difference to the frame before, gray levels; 0 at the first.
        small: [N, 32, 24] float32, each divided by its mean, so that flicker is not taken for motion.
        thumbnails: The crops [320, 240] uint8 of the chosen frames, by frame.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    sharpness: np.ndarray
    change: np.ndarray
    small: np.ndarray
    thumbnails: dict[int, np.ndarray]

    def __len__(self) -> int:
        return len(self.mean)


def read_pictures(
    shot: Shot, crop: CropRect, chosen: frozenset[int], camera: str, progress: Callable[[int], None]
) -> Pictures:
    """Decode one movie from end to end; a movie that is too short or too long is read as it is.

    Args:
        shot: Whose.
        crop: Of the data set's camera.
        chosen: Frames to keep as thumbnails.
        camera: Which movie.
        progress: Told how many more frames are done.
    """
    rows: list[tuple[float, float, float, float, float]] = []
    small: list[np.ndarray] = []
    thumbnails: dict[int, np.ndarray] = {}
    before: np.ndarray | None = None
    with shot.pictures(camera) as movie:
        for index, image in enumerate(movie):
            seen = crop_for_network(image, crop)
            change = 0.0 if before is None else float(cv2.norm(seen, before, cv2.NORM_L1)) / seen.size
            mean, low, high = _levels(seen)
            rows.append((mean, low, high, _sharpness(seen), change))
            tiny = cv2.resize(seen, (SMALL_WIDTH_PX, SMALL_HEIGHT_PX), interpolation=cv2.INTER_AREA)
            small.append(tiny.astype(np.float32) / max(mean, 1.0))
            if index in chosen:
                thumbnails[index] = seen
            before = seen
            if index % _TOLD_EVERY == _TOLD_EVERY - 1:
                progress(_TOLD_EVERY)
    progress(len(rows) % _TOLD_EVERY)
    columns = np.array(rows, np.float32).reshape(-1, 5).T
    pictures = np.array(small, np.float32).reshape(-1, SMALL_HEIGHT_PX, SMALL_WIDTH_PX)
    return Pictures(*columns, pictures, thumbnails)


def _levels(picture: np.ndarray) -> tuple[float, float, float]:
    """Mean, 5 and 95 % level, by counting: ten times faster than sorting."""
    counts = cv2.calcHist([picture], [0], None, [256], [0, 256]).ravel()
    below = np.cumsum(counts) / picture.size
    mean = float(counts @ np.arange(256, dtype=np.float32)) / picture.size
    return mean, float(np.searchsorted(below, _LOW)), float(np.searchsorted(below, _HIGH))


def _sharpness(picture: np.ndarray) -> float:
    """How much fine detail there is for the contrast there is; falls when the focus goes."""
    deviation = float(picture.std())
    return float(cv2.Laplacian(picture, cv2.CV_32F).std()) / max(deviation, 1.0)

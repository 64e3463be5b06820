"""One training picture made different: moved, turned, zoomed, brighter or darker, harder or softer.

Rule: what a frame becomes depends on (seed, epoch, frame, view) and the strength alone, so a resumed training sees the
same. `changes` says it in numbers; OpenCV carries them out here, torch in `training/device_batches.py`, and both make
the same picture.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import cv2
import numpy as np

from training.config import TrainConfig
from training.crops import MARGIN_PART

_NUM_DRAWS = 32  # more than there are kinds: a new kind does not change what the others draw


class Chance(IntEnum):
    """What each of a picture's random numbers decides: columns of `draws`."""

    RIGHT = 0
    DOWN = 1
    TURN = 2
    ZOOM = 3
    BRIGHTNESS = 4
    CONTRAST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What becomes of n grown pictures.

    Args:
        matrices: [n, 3, 3] float64, pixel (x, y, 1) of the crop to pixel of the grown picture, homogeneous.
        tables: [n, 256] uint8, gray level before to gray level after.
    """

    matrices: np.ndarray
    tables: np.ndarray


@lru_cache(maxsize=8)
def draws(seed: int, epoch: int, view: int, num_frames: int) -> np.ndarray:
    """[num_frames, 32] float64 in -1 to 1, read-only: each frame's random numbers of one epoch, by `Chance`."""
    drawn = np.random.default_rng([seed, epoch, view]).uniform(-1.0, 1.0, (num_frames, _NUM_DRAWS))
    drawn.flags.writeable = False
    return drawn


def changes(drawn: np.ndarray, config: TrainConfig, strength: float, gray_mean: float) -> Changes:
    """What random numbers mean.

    Args:
        drawn: [n, 32] rows of `draws`.
        config: Amounts and the crop's size.
        strength: 0 changes nothing, 1 the full amounts.
        gray_mean: Gray level that contrast turns about.
    """
    amounts = strength * drawn
    width_px, height_px = config.input_width_px, config.input_height_px
    shift = amounts[:, [Chance.RIGHT, Chance.DOWN]] * config.max_translation * width_px
    angle = np.deg2rad(amounts[:, Chance.TURN] * config.max_rotation_deg)
    scale = 1.0 + amounts[:, Chance.ZOOM] * config.max_zoom

    # Turning about the centres of both, the crop's and the grown picture's.
    matrices = np.zeros((len(drawn), 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = scale * np.cos(angle)
    matrices[:, 1, 0] = scale * np.sin(angle)
    matrices[:, 0, 1] = -matrices[:, 1, 0]
    to_centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
    margin = np.array([width_px // MARGIN_PART, height_px // MARGIN_PART])
    matrices[:, :2, 2] = to_centre + margin + shift - matrices[:, :2, :2] @ to_centre
    matrices[:, 2, 2] = 1.0

    brightness = amounts[:, Chance.BRIGHTNESS, None] * config.max_brightness
    contrast = 1.0 + amounts[:, Chance.CONTRAST, None] * config.max_contrast
    levels = (np.arange(256) - gray_mean) * contrast + gray_mean + brightness
    return Changes(matrices, np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def augment(grown: np.ndarray, config: TrainConfig, strength: float, drawn: np.ndarray, gray_mean: float) -> np.ndarray:
    """Cut the network's crop out of a grown picture, changed at random.

    Args:
        grown: [H, W] uint8, the crop with real pixels around it, at the network's scale.
        config: Amounts and the crop's size.
        strength: 0 gives the crop itself, 1 the full amounts.
        drawn: [32] row of `draws`.
        gray_mean: Gray level that contrast turns about.

    Returns:
        [input_height_px, input_width_px] uint8.
    """
    change = changes(drawn[None], config, strength, gray_mean)
    picture = cv2.warpAffine(
        grown,
        change.matrices[0, :2],
        (config.input_width_px, config.input_height_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.LUT(picture, change.tables[0]))

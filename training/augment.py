"""One training picture made different: moved, turned, zoomed, of other light; if asked for leaning or noisy too.

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
from training.variation import Amounts

_NUM_DRAWS = 32  # more than there are kinds: a new kind does not change what the others draw
_GRAIN_PX = 256  # places where a picture's noise may begin, each way
# Two takes of one frame differ as neighbouring frames of a face at rest do, and a little more.
_TAKE_SHIFT_PX = 0.5  # of the crop at the network's scale, each way
_TAKE_BRIGHTNESS = 1.5  # gray levels: lamps flicker
_TAKE_NOISE = 2.0  # gray levels, standard deviation of each take's own noise; a camera's is near 1


class Chance(IntEnum):
    """What each of a picture's random numbers decides: columns of `draws`."""

    RIGHT = 0
    DOWN = 1
    TURN = 2
    ZOOM = 3
    BRIGHTNESS = 4
    CONTRAST = 5
    GAMMA = 6
    LEAN_ACROSS = 7
    LEAN_DOWN = 8
    NOISE = 9
    NOISE_COLUMN = 10
    NOISE_ROW = 11
    TAKE_RIGHT = 12
    TAKE_DOWN = 13
    TAKE_BRIGHTNESS = 14
    TAKE_NOISE_COLUMN = 15
    TAKE_NOISE_ROW = 16


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What becomes of n grown pictures.

    Args:
        matrices: [n, 3, 3] float64, pixel (x, y, 1) of the crop to pixel of the grown picture, homogeneous.
        tables: [n, 256] uint8, gray level before to gray level after.
        noise: [n, 3] float32, gray levels of the noise added at last, and the column and row of `grain` where it
            begins; None where no noise is asked for.
    """

    matrices: np.ndarray
    tables: np.ndarray
    noise: np.ndarray | None


@lru_cache(maxsize=8)
def draws(seed: int, epoch: int, view: int, num_frames: int) -> np.ndarray:
    """[num_frames, 32] float64 in -1 to 1, read-only: each frame's random numbers of one epoch, by `Chance`."""
    drawn = np.random.default_rng([seed, epoch, view]).uniform(-1.0, 1.0, (num_frames, _NUM_DRAWS))
    drawn.flags.writeable = False
    return drawn


def changes(
    drawn: np.ndarray, config: TrainConfig, strength: float, gray_mean: float, takes: np.ndarray | None = None
) -> Changes:
    """What random numbers mean.

    Where the loss looks at steadiness, both takes of a frame are noisy, and the second is also moved by half a pixel at
    most and a little brighter or darker: differences that a face at rest shows from frame to frame.

    Args:
        drawn: [n, 32] rows of `draws`.
        config: Amounts, all of them known, and the crop's size.
        strength: 0 changes nothing, 1 the full amounts.
        gray_mean: Gray level that contrast turns about.
        takes: [n] which take of its frame each is, 0 or 1; none: the first.

    Raises:
        ValueError: An amount is still to be measured.
    """
    known = Amounts.of(config)
    if known is None:
        raise ValueError("amounts of augmentation are to be measured first")
    amounts = strength * drawn
    is_second = strength * (np.zeros(len(drawn)) if takes is None else takes)
    width_px, height_px = config.input_width_px, config.input_height_px
    shift = amounts[:, [Chance.RIGHT, Chance.DOWN]] * known.translation * width_px
    shift += is_second[:, None] * drawn[:, [Chance.TAKE_RIGHT, Chance.TAKE_DOWN]] * _TAKE_SHIFT_PX
    angle = np.deg2rad(amounts[:, Chance.TURN] * known.rotation_deg)
    scale = 1.0 + amounts[:, Chance.ZOOM] * known.zoom

    # Turning about the centres of both, the crop's and the grown picture's.
    matrices = np.zeros((len(drawn), 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = scale * np.cos(angle)
    matrices[:, 1, 0] = scale * np.sin(angle)
    matrices[:, 0, 1] = -matrices[:, 1, 0]
    to_centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
    margin = np.array([width_px // MARGIN_PART, height_px // MARGIN_PART])
    matrices[:, :2, 2] = to_centre + margin + shift - matrices[:, :2, :2] @ to_centre
    matrices[:, 2, 2] = 1.0
    if config.max_perspective:
        matrices = matrices @ _leaning(amounts, config)

    brightness = amounts[:, Chance.BRIGHTNESS, None] * known.brightness
    brightness += (is_second * drawn[:, Chance.TAKE_BRIGHTNESS] * _TAKE_BRIGHTNESS)[:, None]
    contrast = 1.0 + amounts[:, Chance.CONTRAST, None] * known.contrast
    exponent = 1.0 + amounts[:, Chance.GAMMA, None] * config.max_gamma
    levels = 255.0 * (np.arange(256) / 255.0) ** exponent
    levels = (levels - gray_mean) * contrast + gray_mean + brightness
    noise = _noise(drawn, config, strength, is_second > 0) if has_noise(config) else None
    return Changes(matrices, np.clip(np.rint(levels), 0, 255).astype(np.uint8), noise)


def has_noise(config: TrainConfig) -> bool:
    """Whether noise is added to pictures."""
    return bool(config.max_noise or config.steadiness_weight)


def _leaning(amounts: np.ndarray, config: TrainConfig) -> np.ndarray:
    """[n, 3, 3] that leave the crop's middle and carry the middles of its edges by up to the amount."""
    half = np.array([config.input_width_px, config.input_height_px]) / 2
    most = (
        config.max_perspective * config.input_width_px / half**2
    )  # a pixel `half` from the middle moves by the amount
    lean = amounts[:, [Chance.LEAN_ACROSS, Chance.LEAN_DOWN]] * most
    middle = np.array([(config.input_width_px - 1) / 2, (config.input_height_px - 1) / 2])
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2], back[:2, 2] = -middle, middle
    leaning = np.tile(np.eye(3), (len(amounts), 1, 1))
    leaning[:, 2, :2] = lean
    return np.asarray(back @ leaning @ to_middle)


def _noise(drawn: np.ndarray, config: TrainConfig, strength: float, is_second: np.ndarray) -> np.ndarray:
    levels = np.abs(drawn[:, Chance.NOISE]) * config.max_noise
    if config.steadiness_weight:
        levels = np.maximum(levels, _TAKE_NOISE)
    first, second = [Chance.NOISE_COLUMN, Chance.NOISE_ROW], [Chance.TAKE_NOISE_COLUMN, Chance.TAKE_NOISE_ROW]
    where = np.where(is_second[:, None], drawn[:, second], drawn[:, first])
    return np.column_stack([strength * levels, np.floor((where + 1.0) / 2.0 * (_GRAIN_PX - 1))]).astype(np.float32)


@lru_cache(maxsize=2)
def grain(width_px: int, height_px: int) -> np.ndarray:
    """[height_px + 255, width_px + 255] float32 of unit deviation, read-only: every picture's noise is cut out of it.

    Drawn once, so that processor and device add the same.
    """
    rows, columns = height_px + _GRAIN_PX - 1, width_px + _GRAIN_PX - 1
    noise = np.random.default_rng(1).standard_normal((rows, columns), np.float32)
    noise.flags.writeable = False
    return noise


def augment(
    grown: np.ndarray, config: TrainConfig, strength: float, drawn: np.ndarray, gray_mean: float, take: int = 0
) -> np.ndarray:
    """Cut the network's crop out of a grown picture, changed at random.

    Args:
        grown: [H, W] uint8, the crop with real pixels around it, at the network's scale.
        config: Amounts, all of them known, and the crop's size.
        strength: 0 gives the crop itself, 1 the full amounts.
        drawn: [32] row of `draws`.
        gray_mean: Gray level that contrast turns about.
        take: Of the frame, see `changes`.

    Returns:
        [input_height_px, input_width_px] uint8.
    """
    change = changes(drawn[None], config, strength, gray_mean, np.array([take]))
    matrix, size = change.matrices[0], (config.input_width_px, config.input_height_px)
    how, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    if config.max_perspective:
        picture = cv2.warpPerspective(grown, matrix, size, flags=how, borderMode=border)
    else:
        picture = cv2.warpAffine(grown, matrix[:2], size, flags=how, borderMode=border)
    picture = np.asarray(cv2.LUT(picture, change.tables[0]))
    if change.noise is None:
        return picture
    levels, column, row = change.noise[0]
    cut = grain(*size)[int(row) : int(row) + size[1], int(column) : int(column) + size[0]]
    return np.clip(np.rint(picture + levels * cut), 0, 255).astype(np.uint8)

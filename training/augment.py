"""One training picture made different: moved, turned, zoomed, brighter or darker, harder or softer.

Rule: what a frame becomes depends on (seed, epoch, frame) and the strength alone, so a resumed training sees the same.
"""

import cv2
import numpy as np

from training.config import TrainConfig


def augment(
    grown: np.ndarray, config: TrainConfig, strength: float, random: np.random.Generator, gray_mean: float
) -> np.ndarray:
    """Cut the network's crop out of a grown picture, changed at random.

    Args:
        grown: [H, W] uint8, the crop with real pixels around it, at the network's scale.
        config: Amounts and the crop's size.
        strength: 0 gives the crop itself, 1 the full amounts.
        random: Where chance comes from.
        gray_mean: Gray level that contrast turns about.

    Returns:
        [input_height_px, input_width_px] uint8.
    """
    amounts = strength * random.uniform(-1.0, 1.0, 6)
    width_px, height_px = config.input_width_px, config.input_height_px
    shift = amounts[:2] * config.max_translation * width_px
    angle = np.deg2rad(amounts[2] * config.max_rotation_deg)
    scale = 1.0 + amounts[3] * config.max_zoom
    brightness = amounts[4] * config.max_brightness
    contrast = 1.0 + amounts[5] * config.max_contrast

    # Output pixel to source pixel, turning about the centres of both.
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    to_centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
    from_centre = np.array([(grown.shape[1] - 1) / 2, (grown.shape[0] - 1) / 2])
    offset = from_centre + shift - linear @ to_centre
    picture = cv2.warpAffine(
        grown,
        np.column_stack([linear, offset]),
        (width_px, height_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    levels = (np.arange(256) - gray_mean) * contrast + gray_mean + brightness
    return np.asarray(cv2.LUT(picture, np.clip(np.rint(levels), 0, 255).astype(np.uint8)))

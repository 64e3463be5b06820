"""Camera picture to network input: crop, gray, exact area resize. The one definition, shared with training.

Rule: gray comes before the resize (three times cheaper, same result to one gray level).
"""

import math
from functools import lru_cache

import cv2
import numpy as np

from engine.errors import CameraError
from engine.frames import CropRect

NETWORK_WIDTH_PX = 240
NETWORK_HEIGHT_PX = 320


def to_gray(image: np.ndarray) -> np.ndarray:
    """[H, W] uint8 luma (ITU-R BT.601) of a gray or blue-green-red picture."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def resize_area(gray: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """Resize [H, W] uint8 by exact area averaging; where the picture must grow, bilinear."""
    is_shrinking = gray.shape[1] >= width_px and gray.shape[0] >= height_px
    interpolation = cv2.INTER_AREA if is_shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (width_px, height_px), interpolation=interpolation))


def halvings(crop: CropRect, width_px: int, height_px: int, least_scale: float) -> int:
    """How often a crop can be halved before it is made this small, so that `least_scale` is left to the last step."""
    scale = min(crop.width / width_px, crop.height / height_px)
    return max(0, math.floor(math.log2(scale / least_scale)))


def halved(gray: np.ndarray, times: int) -> np.ndarray:
    """[H, W] uint8 by 2x2 averages, nearly free; a last odd column or row is left out."""
    for _ in range(times):
        width, height = gray.shape[1] // 2, gray.shape[0] // 2
        gray = resize_area(gray[: 2 * height, : 2 * width], width, height)
    return gray


def crop_for_network(
    image: np.ndarray, crop: CropRect, width_px: int = NETWORK_WIDTH_PX, height_px: int = NETWORK_HEIGHT_PX
) -> np.ndarray:
    """What the network sees of `image`.

    Args:
        image: [H, W] or [H, W, 3] uint8.
        crop: Inside the image.
        width_px: Of the result.
        height_px: Of the result.

    Returns:
        [height_px, width_px] uint8.

    Raises:
        CameraError: The crop leaves the picture.
    """
    check_crop(crop, image.shape[1], image.shape[0])
    window = image[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    return resize_area(to_gray(window), width_px, height_px)


def check_crop(crop: CropRect, width_px: int, height_px: int) -> None:
    """Refuse a crop that leaves a picture of this size.

    Raises:
        CameraError: It does.
    """
    if not crop.is_inside(width_px, height_px):
        fitting = largest_crop(width_px, height_px)
        raise CameraError(
            f"The crop {crop} (x,y,width,height) leaves the {width_px}x{height_px} picture.",
            f"Give a crop inside it, for example {fitting}.",
        )


@lru_cache(maxsize=64)
def largest_crop(
    width_px: int, height_px: int, aspect_width: int = NETWORK_WIDTH_PX, aspect_height: int = NETWORK_HEIGHT_PX
) -> CropRect:
    """The largest centred crop of the network's shape (3:4) that a picture of this size holds."""
    scale = min(width_px / aspect_width, height_px / aspect_height)
    width, height = max(1, int(aspect_width * scale)), max(1, int(aspect_height * scale))
    return CropRect((width_px - width) // 2, (height_px - height) // 2, width, height)

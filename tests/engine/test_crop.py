import cv2
import numpy as np
import pytest

from engine.crop import crop_for_network, largest_crop, to_gray
from engine.errors import CameraError
from engine.frames import CropRect

RNG = np.random.default_rng(5)


def exact_area(gray: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """Area averaging in float64, written as two matrix products."""

    def weights(size: int, count: int) -> np.ndarray:
        edges = np.linspace(0, size, count + 1)
        pixels = np.arange(size)
        overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        return np.clip(overlap, 0, None) * count / size

    return weights(gray.shape[0], height_px) @ gray.astype(np.float64) @ weights(gray.shape[1], width_px).T


@pytest.mark.parametrize("size", [(900, 1200), (960, 1280), (601, 803), (240, 320)])
def test_the_resize_is_exact_area_averaging_to_one_gray_level(size: tuple[int, int]) -> None:
    width, height = size
    image = cv2.GaussianBlur(RNG.integers(0, 256, (height + 40, width + 60), dtype=np.uint8), (0, 0), 1.2)
    crop = CropRect(37, 21, width, height)
    seen = crop_for_network(image, crop)
    expected = exact_area(image[21 : 21 + height, 37 : 37 + width], 240, 320)
    assert seen.shape == (320, 240)
    assert np.abs(seen - expected).max() <= 1.0


def test_gray_before_the_resize_equals_gray_after_it_to_one_level() -> None:
    image = cv2.GaussianBlur(RNG.integers(0, 256, (1200, 900, 3), dtype=np.uint8), (0, 0), 2)
    seen = crop_for_network(image, CropRect(0, 0, 900, 1200))
    after = to_gray(cv2.resize(image, (240, 320), interpolation=cv2.INTER_AREA))
    assert np.abs(seen.astype(int) - after).max() <= 1


def test_a_small_picture_grows() -> None:
    image = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (120, 1))
    seen = crop_for_network(image, CropRect(0, 0, 90, 120))
    assert seen.shape == (320, 240)
    assert (np.diff(seen[160].astype(int)) >= 0).all()


@pytest.mark.parametrize("crop", [CropRect(-1, 0, 30, 40), CropRect(80, 0, 30, 40), CropRect(0, 70, 30, 40)])
def test_a_crop_that_leaves_the_picture_is_refused_with_one_that_fits(crop: CropRect) -> None:
    with pytest.raises(CameraError, match=r"leaves the 100x100 picture.*12,0,75,100"):
        crop_for_network(np.zeros((100, 100), np.uint8), crop)


@pytest.mark.parametrize(("width", "height"), [(1200, 1600), (1920, 1080), (360, 288), (5, 4)])
def test_the_largest_crop_is_centred_of_the_networks_shape_and_touches_the_border(width: int, height: int) -> None:
    crop = largest_crop(width, height)
    assert crop.is_inside(width, height)
    assert crop.width / crop.height == pytest.approx(0.75, abs=1 / crop.height)
    assert crop.width == width or crop.height == height
    assert abs((width - crop.width) - 2 * crop.x) <= 1

"""`preprocess.cu` as the C++ compiler builds it, the pictures to try it with, and what it should come to in float64."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from engine.frames import CropRect
from engine.gpu.kernel import kernel_source
from engine.gpu.parameters import NetworkInput, Parameters, Picture, PixelLayout, parameters
from engine.stabilise import Placement

# OpenCV names a Bayer pattern by the second row's second and third pixel.
BAYER_TO_GRAY = {
    PixelLayout.RGGB: cv2.COLOR_BayerBG2GRAY,
    PixelLayout.BGGR: cv2.COLOR_BayerRG2GRAY,
    PixelLayout.GRBG: cv2.COLOR_BayerGB2GRAY,
    PixelLayout.GBRG: cv2.COLOR_BayerGR2GRAY,
}
BAYER_TO_BGR = {
    PixelLayout.RGGB: cv2.COLOR_BayerBG2BGR,
    PixelLayout.BGGR: cv2.COLOR_BayerRG2BGR,
    PixelLayout.GRBG: cv2.COLOR_BayerGB2BGR,
    PixelLayout.GBRG: cv2.COLOR_BayerGR2BGR,
}
# Columns of the red pixel, rows of the red pixel.
RED_PLACE = {
    PixelLayout.RGGB: (0, 0),
    PixelLayout.BGGR: (1, 1),
    PixelLayout.GRBG: (1, 0),
    PixelLayout.GBRG: (0, 1),
}

_FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-shared", "-fPIC")


class HostKernel:
    """The loop in place of the CUDA kernel."""

    def __init__(self, folder: Path, compiler: str = "g++") -> None:
        source, library = folder / "preprocess.cpp", folder / "preprocess.so"
        source.write_text(kernel_source(), "utf-8")
        subprocess.run(
            [compiler, *_FLAGS, str(source), "-o", str(library)],
            check=True,
            timeout=120,
        )
        self._library = ctypes.CDLL(str(library))
        self.parameters_size = int(self._library.parameters_size())

    def prepare(
        self,
        image: np.ndarray,
        layout: PixelLayout,
        crop: CropRect,
        network: NetworkInput,
        placed: Placement | None = None,
    ) -> np.ndarray:
        """[height_px, width_px] of the network's number type; `image`'s rows may have gaps between them."""
        picture = Picture(image.shape[1], image.shape[0], layout, image.strides[0])
        out = np.empty((network.height_px, network.width_px), network.number_type.dtype)
        values: Parameters = parameters(picture, crop, network, placed)
        self._library.prepare_on_host(
            ctypes.byref(values), ctypes.c_void_p(image.ctypes.data), ctypes.c_void_p(out.ctypes.data)
        )
        return out


def _axis_by_area(size: int, count: int) -> np.ndarray:
    edges = np.linspace(0, size, count + 1)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.clip(overlap, 0, None) * count / size)


def _axis_between(size: int, count: int) -> np.ndarray:
    places = np.clip((np.arange(count) + 0.5) * size / count - 0.5, 0, size - 1)
    return np.asarray(np.clip(1 - np.abs(places[:, None] - np.arange(size)), 0, None))


def exact(luma: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """[height_px, width_px] float64: area averages of [H, W], or bilinear where it must grow; nothing is rounded."""
    is_shrinking = luma.shape[1] >= width_px and luma.shape[0] >= height_px
    axis = _axis_by_area if is_shrinking else _axis_between
    return np.asarray(axis(luma.shape[0], height_px) @ luma.astype(np.float64) @ axis(luma.shape[1], width_px).T)


def exact_turned(luma: np.ndarray, placed: Placement, width_px: int, height_px: int) -> np.ndarray:
    """[height_px, width_px] float64: what a placement comes to of [H, W]; nothing is rounded."""
    factor, samples = placed.factor, placed.samples
    height, width = luma.shape[0] // factor, luma.shape[1] // factor
    blocks = luma[: height * factor, : width * factor].astype(np.float64).reshape(height, factor, width, factor)
    smaller = blocks.mean(axis=(1, 3))
    rows, columns = np.mgrid[: samples * height_px, : samples * width_px]
    lines = placed.from_samples
    x = lines[0, 0] * columns + lines[0, 1] * rows + lines[0, 2]
    y = lines[1, 0] * columns + lines[1, 1] * rows + lines[1, 2]
    left, above = np.floor(x).astype(int), np.floor(y).astype(int)

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return np.asarray(smaller[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)])

    right, below = x - left, y - above
    upper = (1 - right) * at(above, left) + right * at(above, left + 1)
    lower = (1 - right) * at(above + 1, left) + right * at(above + 1, left + 1)
    drawn = (1 - below) * upper + below * lower
    return np.asarray(drawn.reshape(height_px, samples, width_px, samples).mean(axis=(1, 3)))


def exact_luma(image: np.ndarray, layout: PixelLayout) -> np.ndarray:
    """[H, W] float64 luma (ITU-R BT.601), unrounded; of a Bayer picture after a bilinear demosaic."""
    if layout is PixelLayout.MONO:
        return image.astype(np.float64)
    if layout is PixelLayout.BGR:
        return image.astype(np.float64) @ np.array([0.114, 0.587, 0.299])
    red_x, red_y = RED_PLACE[layout]
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    is_red = ((columns - red_x) % 2 == 0) & ((rows - red_y) % 2 == 0)
    is_blue = ((columns - red_x) % 2 == 1) & ((rows - red_y) % 2 == 1)
    luma = np.zeros(image.shape)
    near = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4.0
    for mask, weight, kernel in ((is_red, 0.299, near), (is_blue, 0.114, near), (~is_red & ~is_blue, 0.587, None)):
        here = np.where(mask, image, 0).astype(np.float64)
        if kernel is None:
            kernel = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4.0
        luma += weight * cv2.filter2D(here, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    # As OpenCV's demosaic: the outermost rows and columns repeat their inner neighbours.
    return np.pad(luma[1:-1, 1:-1], 1, mode="edge")


def natural(width_px: int, height_px: int, channels: int, seed: int = 3) -> np.ndarray:
    """A smooth textured picture, [H, W] or [H, W, 3] uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float64)
    smooth = 128 + 60 * np.sin(x / 37) * np.cos(y / 51) + 30 * np.sin(x * y / 9000)
    picture = np.stack([smooth * gain for gain in (0.9, 1.0, 1.1)[:channels]], axis=-1)
    grain = cv2.GaussianBlur(rng.normal(0, 30, (height_px, width_px, 3)), (0, 0), 1.2)[..., :channels]
    levels = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return levels if channels == 3 else np.ascontiguousarray(levels[..., 0])


def noise(width_px: int, height_px: int, channels: int, seed: int = 4) -> np.ndarray:
    """[H, W] or [H, W, 3] uint8, every level equally often."""
    shape = (height_px, width_px, 3) if channels == 3 else (height_px, width_px)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


PICTURES: dict[str, Callable[[int, int, int], np.ndarray]] = {"natural": natural, "noise": noise}

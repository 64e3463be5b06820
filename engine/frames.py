"""The values that travel down the line: camera frames in, mesh frames out.

Rule: values are immutable and their arrays read-only, so rooms and threads share them without lock or copy.
"""

from dataclasses import dataclass

import numpy as np

from engine.timecode import Timecode


def frozen(array: np.ndarray) -> np.ndarray:
    """A read-only view of `array`; the caller keeps no writable one."""
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, as a camera delivered it.

    Args:
        image: [H, W] gray or [H, W, 3] blue-green-red, uint8, in host memory; gray of a JPEG.
        index: Counts the camera's frames from 0; a gap means frames lost before delivery.
        captured_ns: `time.perf_counter_ns()` when the camera handed the frame over.
        timecode: The source's own label, where it has one.
        truth: [V, 3] float32, cm: the exact vertices, where the source knows them (a virtual actor's shot).
        jpeg: The picture as the camera sent it, where it sent a JPEG; `engine.jpeg.colour_picture` makes colours of it.
    """

    image: np.ndarray
    index: int
    captured_ns: int
    timecode: Timecode | None = None
    truth: np.ndarray | None = None
    jpeg: bytes | None = None

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise ValueError(f"a frame is [H, W] or [H, W, 3] uint8, got {list(image.shape)} {image.dtype}")
        object.__setattr__(self, "image", frozen(image))

    @property
    def width_px(self) -> int:
        """Columns of the image."""
        return int(self.image.shape[1])

    @property
    def height_px(self) -> int:
        """Rows of the image."""
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True)
class CropRect:
    """What the network sees of the camera's picture, in camera pixels; fixed for a shoot."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a crop needs a positive size, got {self.width}x{self.height}")

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"

    def is_inside(self, width_px: int, height_px: int) -> bool:
        """Whether the whole rectangle lies in a picture of this size."""
        return self.x >= 0 and self.y >= 0 and self.x + self.width <= width_px and self.y + self.height <= height_px


@dataclass(frozen=True, slots=True, eq=False)
class MeshFrame:
    """One solved frame.

    Args:
        frame: The picture it was solved from.
        crop: The rectangle of that picture the network saw.
        latent: [160] float32, the network's coefficients of the actor's basis.
        vertices: [V, 3] float32, cm, head-stabilised.
        solved_ns: `time.perf_counter_ns()` when the vertices were ready.
        errors_mm: [V] float32, mm, each vertex's expected distance to its true place; None where the network foretells
            none.
    """

    frame: Frame
    crop: CropRect
    latent: np.ndarray
    vertices: np.ndarray
    solved_ns: int
    errors_mm: np.ndarray | None = None

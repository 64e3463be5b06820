"""The values that `preprocess.cu` reads from device memory at every run.

Rule: fields, order and numbers are those of the `.cu` file.
"""

import ctypes
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from engine.crop import check_crop
from engine.frames import CropRect
from engine.stabilise import Placement

# Places in a crop are 32-bit whole numbers in units of 1 / input size: 16384 x 4096 leaves room.
_LARGEST_PICTURE_PX = 16384
_LARGEST_INPUT_PX = 4096
_SMALLEST_BAYER_PX = 3
_OF_A_PIXEL = 65536  # places of samples are told in: over 4096 of them roundings add up to a thirtieth of a pixel
_FURTHEST = 2**30  # of these; who finds a head that far outside finds none


class PixelLayout(IntEnum):
    """How a camera's pixels lie in memory; a Bayer pattern is named by its first two rows."""

    MONO = 0
    BGR = 1
    RGGB = 2
    BGGR = 3
    GRBG = 4
    GBRG = 5

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes from a pixel to its right neighbour."""
        return 3 if self is PixelLayout.BGR else 1

    @property
    def is_bayer(self) -> bool:
        """Whether a pixel's luma also takes its eight neighbours."""
        return self not in (PixelLayout.MONO, PixelLayout.BGR)


class NumberType(IntEnum):
    """Of the network's input."""

    UINT8 = 0
    FLOAT16 = 1
    FLOAT32 = 2

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The same type in numpy."""
        return np.dtype((np.uint8, np.float16, np.float32)[self])


@dataclass(frozen=True, slots=True)
class Whitening:
    """The one mean and deviation of an actor's training pictures, gray levels."""

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError(f"a deviation is positive, got {self.deviation}")


@dataclass(frozen=True, slots=True)
class Picture:
    """What the camera gives, and how it lies in a buffer.

    Args:
        width_px: Of the whole picture.
        height_px: Of the whole picture.
        layout: Of its pixels.
        pitch_bytes: From one row of the buffer to the next.
    """

    width_px: int
    height_px: int
    layout: PixelLayout
    pitch_bytes: int

    def __post_init__(self) -> None:
        least = _SMALLEST_BAYER_PX if self.layout.is_bayer else 1
        if not all(least <= size <= _LARGEST_PICTURE_PX for size in (self.width_px, self.height_px)):
            raise ValueError(
                f"a {self.layout.name} picture has {least} to {_LARGEST_PICTURE_PX} pixels a side, "
                f"got {self.width_px}x{self.height_px}"
            )
        if self.pitch_bytes < self.row_bytes:
            raise ValueError(f"a row has {self.row_bytes} bytes, got a pitch of {self.pitch_bytes}")

    @property
    def row_bytes(self) -> int:
        """Of one row without what follows it."""
        return self.width_px * self.layout.bytes_per_pixel

    def reach(self, placed: Placement, network: "NetworkInput") -> CropRect:
        """The pixels that a placement's samples are taken from, before a Bayer picture's neighbours."""
        ends = np.array([(x, y) for x in (0, placed.samples * network.width_px - 1)
                         for y in (0, placed.samples * network.height_px - 1)])  # fmt: skip
        lines = placed.from_samples
        places = ends @ lines[:, :2].T + lines[:, 2]  # of the smaller picture
        smaller = np.array([self.width_px, self.height_px]) // placed.factor
        first = np.clip(np.floor(places.min(axis=0)) - 1, 0, smaller - 1).astype(int) * placed.factor
        last = np.clip(np.ceil(places.max(axis=0)) + 1, 0, smaller - 1).astype(int) * placed.factor + placed.factor
        return CropRect(int(first[0]), int(first[1]), int(last[0] - first[0]), int(last[1] - first[1]))

    def needed(self, crop: CropRect) -> CropRect:
        """The pixels that the network's view of `crop` is made of: a Bayer picture's neighbours are among them."""
        margin = 1 if self.layout.is_bayer else 0
        # Results at a border repeat their inner neighbours, whose own neighbours lie one further in.
        left = min(max(crop.x - margin, 0), self.width_px - _SMALLEST_BAYER_PX if margin else crop.x)
        top = min(max(crop.y - margin, 0), self.height_px - _SMALLEST_BAYER_PX if margin else crop.y)
        right = max(min(crop.x + crop.width + margin, self.width_px), _SMALLEST_BAYER_PX if margin else 0)
        bottom = max(min(crop.y + crop.height + margin, self.height_px), _SMALLEST_BAYER_PX if margin else 0)
        return CropRect(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What the network takes: [height_px, width_px] of one number type.

    Args:
        width_px: Columns.
        height_px: Rows.
        number_type: `UINT8` is the level itself and has no whitening.
        whitening: None where the network's graph has its own, as our bundles' do.
    """

    width_px: int
    height_px: int
    number_type: NumberType = NumberType.UINT8
    whitening: Whitening | None = None

    def __post_init__(self) -> None:
        if not all(1 <= size <= _LARGEST_INPUT_PX for size in (self.width_px, self.height_px)):
            raise ValueError(
                f"an input has 1 to {_LARGEST_INPUT_PX} pixels a side, got {self.width_px}x{self.height_px}"
            )
        if self.whitening is not None and self.number_type is NumberType.UINT8:
            raise ValueError("whitened values do not fit into uint8")

    @property
    def num_bytes(self) -> int:
        """Of the whole input."""
        return self.width_px * self.height_px * self.number_type.dtype.itemsize


class Parameters(ctypes.Structure):
    """`struct Parameters` of `preprocess.cu`."""

    _fields_ = (
        ("crop_x", ctypes.c_int32),
        ("crop_y", ctypes.c_int32),
        ("crop_width", ctypes.c_int32),
        ("crop_height", ctypes.c_int32),
        ("picture_width", ctypes.c_int32),
        ("picture_height", ctypes.c_int32),
        ("pitch", ctypes.c_int32),
        ("layout", ctypes.c_int32),
        ("out_width", ctypes.c_int32),
        ("out_height", ctypes.c_int32),
        ("number_type", ctypes.c_int32),
        ("is_whitened", ctypes.c_int32),
        ("mean", ctypes.c_float),
        ("inverse_deviation", ctypes.c_float),
        ("is_turned", ctypes.c_int32),
        ("factor", ctypes.c_int32),
        ("samples", ctypes.c_int32),
        ("x_by_column", ctypes.c_int32),
        ("x_by_row", ctypes.c_int32),
        ("first_x", ctypes.c_int32),
        ("y_by_column", ctypes.c_int32),
        ("y_by_row", ctypes.c_int32),
        ("first_y", ctypes.c_int32),
    )


def parameters(picture: Picture, crop: CropRect, network: NetworkInput, placed: Placement | None = None) -> Parameters:
    """Put the values together.

    Args:
        picture: The camera's.
        crop: Where the network looks.
        network: What it takes.
        placed: Where a head that is held still lies; None is the plain crop.

    Raises:
        CameraError: The crop leaves the picture.
    """
    check_crop(crop, picture.width_px, picture.height_px)
    whitening = network.whitening
    factor, samples, lines = 1, 1, np.zeros((2, 3), int)
    if placed is not None:
        factor, samples = placed.factor, placed.samples
        lines = np.clip(np.round(placed.from_samples * _OF_A_PIXEL), -_FURTHEST, _FURTHEST).astype(int)
    return Parameters(
        crop.x,
        crop.y,
        crop.width,
        crop.height,
        picture.width_px,
        picture.height_px,
        picture.pitch_bytes,
        picture.layout,
        network.width_px,
        network.height_px,
        network.number_type,
        whitening is not None,
        0.0 if whitening is None else whitening.mean,
        1.0 if whitening is None else 1.0 / whitening.deviation,
        placed is not None,
        factor,
        samples,
        *(int(value) for value in lines.ravel()),
    )

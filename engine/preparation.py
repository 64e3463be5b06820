"""How a camera's picture becomes what a network sees: the one place that live line, movies and training ask."""

from enum import StrEnum
from typing import Protocol

import numpy as np

from engine.crop import crop_for_network
from engine.frames import CropRect
from engine.stabilise import Stabiliser


class Preparation(StrEnum):
    """What an actor's network was trained to see."""

    CROP = "crop"  # a fixed part of the camera's picture
    STABILISED = "stabilised"  # turned and moved by the face in it


class Prepare(Protocol):
    """Makes the network's picture. One thread at a time."""

    @property
    def num_unfound(self) -> int:
        """Frames so far in which a face was looked for and not found; any thread."""

    def prepare(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> np.ndarray:
        """[height_px, width_px] uint8 of an [H, W] or [H, W, 3] uint8 picture; depends on nothing else.

        Raises:
            CameraError: The crop leaves the picture.
        """


class PlainCrop:
    """`Preparation.CROP`."""

    num_unfound = 0

    def prepare(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> np.ndarray:
        """See `Prepare.prepare`."""
        return crop_for_network(image, crop, width_px, height_px)


def open_preparation(kind: Preparation) -> Prepare:
    """Get ready to prepare pictures.

    Raises:
        TrackerError: It needs dlib, which is not installed.
    """
    return Stabiliser() if kind is Preparation.STABILISED else PlainCrop()

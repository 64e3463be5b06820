"""How a camera's picture becomes what a network sees: the one place that live line, movies and training ask."""

from enum import StrEnum
from typing import Protocol

import numpy as np

from engine.crop import crop_for_network
from engine.frames import CropRect
from engine.stabilise import Placement, PointFinder, Stabiliser


class Preparation(StrEnum):
    """What an actor's network was trained to see."""

    CROP = "crop"  # a fixed part of the camera's picture
    STABILISED = "stabilised"  # turned and moved by 68 points of the face in it
    SELF_STABILISED = "self-stabilised"  # likewise, by a network of the actor's own


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

    def place(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> Placement | None:
        """How `prepare` would carry the picture there, for a GPU that does it; None for the plain crop.

        Raises:
            CameraError: The crop leaves the picture.
        """


class PlainCrop:
    """`Preparation.CROP`."""

    num_unfound = 0

    def prepare(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> np.ndarray:
        """See `Prepare.prepare`."""
        return crop_for_network(image, crop, width_px, height_px)

    def place(self, image: np.ndarray, crop: CropRect, width_px: int, height_px: int) -> None:
        """See `Prepare.place`."""


def open_preparation(kind: Preparation, stabiliser: bytes | None = None) -> Prepare:
    """Get ready to prepare pictures.

    Args:
        kind: Of preparation.
        stabiliser: The actor's own network that finds the head, an ONNX file; only for `SELF_STABILISED`.

    Raises:
        TrackerError: It needs dlib, which is not installed.
        ActorError: The actor's own network does not load.
    """
    if kind is Preparation.CROP:
        return PlainCrop()
    if kind is Preparation.STABILISED:
        return open_stabiliser(None)
    if stabiliser is None:
        raise ValueError("a self-stabilised picture needs the actor's own network")
    return open_stabiliser(stabiliser)


def open_stabiliser(network: bytes | None) -> Stabiliser:
    """Get ready to hold a head still.

    Args:
        network: The actor's own that finds the head, an ONNX file; None leaves it to dlib's points.

    Raises:
        TrackerError: It needs dlib, which is not installed.
        ActorError: The network does not load.
    """
    if network is None:
        return Stabiliser(PointFinder())
    from engine.head_finder import HeadFinder  # loads ONNX Runtime, which who only names a preparation does without

    return Stabiliser(HeadFinder(network))

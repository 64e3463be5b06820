"""What a face tracker is to us: a picture in; landmarks, and perhaps expression scores, out.

Rule: left and right are the actor's own, whatever a tracker calls them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from engine.errors import TrackerError
from engine.frames import frozen

__all__ = ["Reading", "Tracker", "TrackerError", "as_rgb"]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a tracker saw in one picture.

    Args:
        landmarks: [n, 2] float32, pixels of that picture, x to the right, y down; n and order are the tracker's.
        scores: Expressions in 0..1 by ARKit's names; empty where the tracker gives landmarks alone.
        num_faces: That the tracker saw, as far as it was asked for more than one; the largest is read.
    """

    landmarks: np.ndarray
    scores: Mapping[str, float] = field(default_factory=dict)
    num_faces: int = 1

    def __post_init__(self) -> None:
        if self.landmarks.ndim != 2 or self.landmarks.shape[1] != 2:
            raise ValueError(f"landmarks must be [n, 2], got {list(self.landmarks.shape)}")
        object.__setattr__(self, "landmarks", frozen(self.landmarks.astype(np.float32)))


class Tracker(Protocol):
    """Finds the face in single pictures; used on the thread that opened it."""

    @property
    def name(self) -> str:
        """One word, for people."""

    @property
    def identity(self) -> str:
        """Its name, and which model it reads with: the same for the same readings."""

    def find(self, picture: np.ndarray) -> Reading | None:
        """Read one picture by itself.

        Args:
            picture: [H, W] gray or [H, W, 3] blue-green-red, uint8.

        Returns:
            None where no face was found.
        """

    def close(self) -> None:
        """Give the model back."""


def as_rgb(picture: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8 red-green-blue, contiguous, as trackers want it."""
    code = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(picture, code))

"""A camera without lens errors, and what a small change of the head does to its picture.

Rule: the head stands before a camera at the origin that looks along -z, y up; pictures count pixels right and down.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True, slots=True)
class Pinhole:
    """The camera; the axis goes through the middle of the picture.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.
        focal_px: Focal length.
    """

    width_px: int
    height_px: int
    focal_px: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """[..., 2] pixels of points [..., 3] cm before the camera."""
        away = -points[..., 2]
        x = self.width_px / 2 + self.focal_px * points[..., 0] / away
        y = self.height_px / 2 - self.focal_px * points[..., 1] / away
        return np.stack([x, y], axis=-1)

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """[n, 2, 3] pixels a centimetre, at points [n, 3]."""
        away = -points[:, 2]
        slopes = np.zeros((len(points), 2, 3))
        slopes[:, 0, 0] = self.focal_px / away
        slopes[:, 0, 2] = self.focal_px * points[:, 0] / away**2
        slopes[:, 1, 1] = -self.focal_px / away
        slopes[:, 1, 2] = -self.focal_px * points[:, 1] / away**2
        return slopes


@dataclass(frozen=True, slots=True, eq=False)
class HeadPose:
    """Where a head-stabilised mesh is before the camera.

    Args:
        turn: [3, 3] rotation.
        shift_cm: [3].
    """

    turn: np.ndarray
    shift_cm: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """[n, 3] before the camera, of points [n, 3] on the head."""
        return np.asarray(points @ self.turn.T + self.shift_cm)

    def moved(self, step: np.ndarray) -> "HeadPose":
        """After a small turn (first three, a rotation vector about the head's origin) and shift (last three)."""
        return HeadPose(Rotation.from_rotvec(step[:3]).as_matrix() @ self.turn, self.shift_cm + step[3:6])

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """[n, 3, 6] by which `moved`'s numbers move points [n, 3] of the head."""
        x, y, z = (points @ self.turn.T).T
        none = np.zeros_like(x)
        turns = np.stack([none, z, -y, -z, none, x, y, -x, none], axis=1).reshape(-1, 3, 3)
        return np.concatenate([turns, np.broadcast_to(np.eye(3), (len(points), 3, 3))], axis=2)

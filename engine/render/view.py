"""Where the viewer stands: matrices for OpenGL, and an orbit around the head that the mouse turns.

Rule: lengths are centimetres; matrices are [4, 4] float32, acting on column vectors.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.mesh import Topology

_PITCH_LIMIT_DEG = 85.0
_HEAD_SET = "face"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A camera's two matrices.

    Args:
        world_to_camera: Rigid, camera looks along -z.
        projection: OpenGL clip space.
    """

    world_to_camera: np.ndarray
    projection: np.ndarray


def perspective(field_of_view_deg: float, aspect: float, near_cm: float = 5.0, far_cm: float = 400.0) -> np.ndarray:
    """[4, 4] OpenGL projection; `field_of_view_deg` is vertical, `aspect` width over height."""
    scale = 1.0 / math.tan(math.radians(field_of_view_deg) / 2)
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 0], matrix[1, 1] = scale / aspect, scale
    matrix[2, 2] = (far_cm + near_cm) / (near_cm - far_cm)
    matrix[2, 3] = 2 * far_cm * near_cm / (near_cm - far_cm)
    matrix[3, 2] = -1.0
    return matrix


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float = 0.0) -> np.ndarray:
    """[3, 3] float32: roll about z first, then pitch about x, then yaw about y."""
    y, x, z = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    about_z = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


@dataclass(frozen=True, slots=True)
class Orbit:
    """A viewer that circles a point.

    Args:
        yaw_deg: 0 looks the face in the eyes; positive shows its left side.
        pitch_deg: Positive looks from above.
        distance_cm: To the target.
        target: The point in the middle of the picture, cm.
        field_of_view_deg: Vertical.
    """

    yaw_deg: float
    pitch_deg: float
    distance_cm: float
    target: tuple[float, float, float]
    field_of_view_deg: float = 22.0

    @classmethod
    def framing(cls, topology: Topology) -> "Orbit":
        """The whole head from the front, slightly turned."""
        head = topology.neutral[topology.sets[_HEAD_SET]] if _HEAD_SET in topology.sets else topology.neutral
        low, high = head.min(0), head.max(0)
        centre = (low + high) / 2
        height = float(high[1] - low[1])
        orbit = cls(0.0, 0.0, 1.0, (float(centre[0]), float(centre[1]), float(centre[2])))
        distance = 0.72 * height / math.tan(math.radians(orbit.field_of_view_deg) / 2)
        return replace(orbit, yaw_deg=14.0, pitch_deg=2.0, distance_cm=distance)

    def turned(self, yaw_deg: float, pitch_deg: float) -> "Orbit":
        """Moved around the target by these angles."""
        pitch = min(_PITCH_LIMIT_DEG, max(-_PITCH_LIMIT_DEG, self.pitch_deg + pitch_deg))
        return replace(self, yaw_deg=(self.yaw_deg + yaw_deg + 180) % 360 - 180, pitch_deg=pitch)

    def zoomed(self, factor: float) -> "Orbit":
        """Nearer for factors above 1, within sensible limits."""
        return replace(self, distance_cm=min(250.0, max(15.0, self.distance_cm / factor)))

    def panned(self, right_cm: float, up_cm: float) -> "Orbit":
        """The picture's content moved right and up by this much at the target."""
        basis = rotation(self.yaw_deg, -self.pitch_deg)
        x, y, z = np.asarray(self.target) - basis[:, 0] * right_cm - basis[:, 1] * up_cm
        return replace(self, target=(float(x), float(y), float(z)))

    def view(self, width_px: int, height_px: int) -> View:
        """The matrices for a picture of this size."""
        basis = rotation(self.yaw_deg, -self.pitch_deg)  # columns: the camera's right, up and back
        eye = np.asarray(self.target, np.float32) + basis[:, 2] * self.distance_cm
        world_to_camera = np.eye(4, dtype=np.float32)
        world_to_camera[:3, :3] = basis.T
        world_to_camera[:3, 3] = -basis.T @ eye
        return View(world_to_camera, perspective(self.field_of_view_deg, width_px / max(1, height_px)))

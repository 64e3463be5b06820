"""Best rigid fits between meshes: for finding units and axes, and for seeing whether a head was held still."""

from dataclasses import dataclass

import numpy as np

_ROUNDS = 12
_STILL_SHARE = 0.4  # of the vertices: skull, ears and neck hardly follow the face


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """`scale * points @ rotation.T + shift` lies on the target.

    Args:
        scale: 1 where none was looked for.
        rotation: [3, 3]; its determinant is -1 where a mirror image fits.
        shift: [3].
        rms: Root of the mean squared distance left, in the target's unit.
    """

    scale: float
    rotation: np.ndarray
    shift: np.ndarray
    rms: float

    @property
    def angle_deg(self) -> float:
        """How far the rotation turns, about whatever axis."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1.0, 1.0))))


def fit(points: np.ndarray, target: np.ndarray, *, has_scale: bool = False, may_mirror: bool = False) -> Fit:
    """Least squares over all rows (Kabsch 1976; scale by Umeyama 1991).

    Args:
        points: [n, 3], n >= 3, not all on one line.
        target: [n, 3], same rows in the same order.
        has_scale: Look for the scale as well.
        may_mirror: Allow a mirror image.
    """
    points, target = points.astype(np.float64), target.astype(np.float64)
    middle, target_middle = points.mean(0), target.mean(0)
    centred, target_centred = points - middle, target - target_middle
    left, stretch, right = np.linalg.svd(target_centred.T @ centred)
    signs = np.ones(3)
    if not may_mirror:
        signs[2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * signs) @ right
    spread = float((centred**2).sum())
    scale = float((stretch * signs).sum()) / spread if has_scale and spread > 0 else 1.0
    shift = target_middle - scale * rotation @ middle
    left_over = scale * points @ rotation.T + shift - target
    return Fit(scale, rotation, shift, float(np.sqrt((left_over**2).sum(1).mean())))


def skull_fit(points: np.ndarray, target: np.ndarray) -> tuple[Fit, np.ndarray]:
    """The motion of what does not deform: fitted again and again to the vertices that it explains best.

    Returns:
        The fit, and the rows it rests on in the end.
    """
    num_kept = max(12, int(_STILL_SHARE * len(points)))
    rows = np.arange(len(points))
    for _ in range(_ROUNDS):
        best = fit(points[rows], target[rows])
        distances = np.linalg.norm(points @ best.rotation.T + best.shift - target, axis=1)
        nearest = np.argsort(distances, kind="stable")[:num_kept]
        if np.array_equal(np.sort(nearest), rows):
            break
        rows = np.sort(nearest)
    return best, rows

"""Shot stabilisation: one affine map a shot that takes out what its meshes have in common against the rest pose.

Rule: a map carries a shot onto the rest pose, never the reverse. Meshes of different shots were solved apart, so each
may lie and stretch by a millimetre or so in its own way, which no picture explains (Laine et al. 2017, appendix A).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import ShotError
from engine.mesh import MM_PER_CM

_PLANTED_SEED = 20170728
_NEAREST_SHARE = 0.5  # of a shot's frames; paper
_MAX_FRAMES = 128  # of a shot looked at, spread evenly; ours
_MAX_ROUNDS = 200
_SETTLED_CM = 1e-5  # the descent ends when a round moves no corner of the head further
_SOFT_CM = 1e-3  # distances are sqrt(d^2 + this^2): 10 micrometres, below any mesh's own noise


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """How one shot was carried onto the rest pose.

    Args:
        affine: [3, 4] float64: vertices @ affine[:, :3].T + affine[:, 3], cm.
        course_cm: Mean distance to the rest pose of the nearest half of the frames, at the start and after every round;
            it never rises.
        nearest: Frames of the shot that the map rests on, in order.
    """

    affine: np.ndarray
    course_cm: tuple[float, ...]
    nearest: np.ndarray


def align_shots(
    shots: Sequence[np.ndarray], rest: np.ndarray, rows: np.ndarray | None = None, max_frames: int = _MAX_FRAMES
) -> list[np.ndarray]:
    """The map of each shot; see `descend`.

    Whatever affine error a shot has goes entirely: with 1 to 3 mm planted, the result was within a micrometre of that
    of the same shot without it. The price is what a true performance has in common with an affine map. Measured over 24
    shots of 250 to 600 frames of two virtual actors, every fourth frame, with a true motion of 2.95 mm (root mean
    square over the animated vertices), meshes came to lie beside their true places by 0.013 mm (worst shot 0.03) where
    the mesh is a whole head, whose still skull holds the map, and by 0.25 mm (worst 0.39), with 2 % of the motion lost,
    where it is nothing but animated vertices. With `rows` on the vertices that never move it is a few micrometres, but
    then all rests on how well those were captured.

    Args:
        shots: [N, V, 3] float32 cm each, may be mapped, or whatever gives [V, 3] by the frame.
        rest: [V, 3] cm.
        rows: Vertices to rest on; all where none are given, as in the paper.
        max_frames: Of each shot looked at.

    Returns:
        [3, 4] float64 each, for `carried`.

    Raises:
        ShotError: A shot holds no whole mesh.
    """
    return [descend(shot, rest, rows, max_frames).affine for shot in shots]


def plant(num_shots: int, rest: np.ndarray, error_mm: float) -> list[np.ndarray]:
    """An error for each shot such as solvers make: a random affine map, the same whenever it is asked for.

    Args:
        num_shots: How many.
        rest: [V, 3] cm, which each map moves by `error_mm`, root mean square over its vertices.
        error_mm: Of each.

    Returns:
        [3, 4] float64 each, for `carried`.
    """
    rng = np.random.default_rng(_PLANTED_SEED)
    middle = rest.mean(axis=0, dtype=np.float64)
    reach_cm = float(np.abs(rest - middle).max())
    planted = []
    for _ in range(num_shots):
        stretch, shift = rng.normal(size=(3, 3)), reach_cm * rng.normal(size=3)
        moved = (rest - middle) @ stretch.T + shift
        size = error_mm / MM_PER_CM / float(np.sqrt(np.square(moved).sum(axis=1).mean()))
        affine = np.eye(3, 4)
        affine[:, :3] += size * stretch
        affine[:, 3] = size * (shift - stretch @ middle)
        planted.append(affine)
    return planted


def after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """[3, 4] that carries as `first` and then `second` do."""
    return np.column_stack([second[:, :3] @ first[:, :3], second[:, :3] @ first[:, 3] + second[:, 3]])


def carried(vertices: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """[..., V, 3] float32 cm under a map of `align_shots`."""
    return np.asarray(vertices @ affine[:, :3].T + affine[:, 3], np.float32)


def descend(
    shot: np.ndarray, rest: np.ndarray, rows: np.ndarray | None = None, max_frames: int = _MAX_FRAMES
) -> Descent:
    """Find the affine map that carries the half of the frames nearest the rest pose onto it, in the L1 sense.

    What is minimised is the sum of the vertices' distances (not of their squares, so that what an expression moves far
    weighs little) over that half of the frames for which it is smallest. Each round chooses the frames under the
    present map and then takes a step of iteratively reweighted least squares (Weiszfeld 1937); both can only lower the
    sum. Choosing frames anew keeps a shot's own error from deciding which frames are near.

    Args:
        shot: [N, V, 3] cm, may be mapped: only the frames looked at are read.
        rest: [V, 3] cm.
        rows: Vertices to rest on; all where none are given.
        max_frames: Looked at, spread evenly.

    Raises:
        ShotError: No mesh is whole.
    """
    picked = np.linspace(0, len(shot) - 1, min(len(shot), max_frames)).astype(int)
    looked_at = [np.asarray(shot[frame] if rows is None else shot[frame][rows], np.float32) for frame in picked]
    is_whole = [bool(np.isfinite(mesh).all()) for mesh in looked_at]
    if not any(is_whole):
        raise ShotError("A shot to be stabilised holds no whole mesh.", "Look for it on the contact sheet; remove it.")
    meshes = np.stack([mesh for mesh, is_good in zip(looked_at, is_whole, strict=True) if is_good])
    target = np.asarray(rest if rows is None else rest[rows], np.float64)
    middle = target.mean(axis=0)  # about it, moving and stretching hardly mix
    centred = _descend(_homogeneous(meshes - middle), target - middle)
    affine = centred.affine.copy()
    affine[:, 3] += middle - affine[:, :3] @ middle
    return Descent(affine, centred.course_cm, picked[is_whole][centred.nearest])


def _descend(points: np.ndarray, target: np.ndarray) -> Descent:
    """Of points [n, v, 4] onto a target [v, 3] whose mean is the origin; frames are rows of the points."""
    num_nearest = max(1, round(_NEAREST_SHARE * len(points)))
    reach = np.append(np.abs(target).max(axis=0), 1.0)
    affine = np.eye(3, 4)
    distances = _distances(points, affine, target)
    nearest = _nearest(distances, num_nearest)
    course_cm = [float(distances[nearest].mean())]
    for _ in range(_MAX_ROUNDS):
        before, affine = affine, _weighted_fit(points[nearest], target, 1.0 / distances[nearest])
        distances = _distances(points, affine, target)
        nearest = _nearest(distances, num_nearest)
        course_cm.append(float(distances[nearest].mean()))
        if (np.abs(affine - before) @ reach).max() < _SETTLED_CM:
            break
    return Descent(affine, tuple(course_cm), nearest)


def _homogeneous(points: np.ndarray) -> np.ndarray:
    """[..., 4] float64."""
    return np.concatenate([points, np.ones_like(points[..., :1])], axis=-1, dtype=np.float64)


def _distances(points: np.ndarray, affine: np.ndarray, target: np.ndarray) -> np.ndarray:
    """[n, v] cm, softened."""
    left = points @ affine.T - target
    return np.asarray(np.sqrt(np.einsum("nvi,nvi->nv", left, left) + _SOFT_CM**2))


def _nearest(distances: np.ndarray, count: int) -> np.ndarray:
    """The `count` rows whose sum is least, in order."""
    return np.sort(np.argsort(distances.sum(axis=1), kind="stable")[:count])


def _weighted_fit(points: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[3, 4] least squares of [n, v, 4] points onto [v, 3], each vertex of each frame weighted by [n, v]."""
    weighted = points * weights[..., None]
    spread = weighted.reshape(-1, 4).T @ points.reshape(-1, 4)  # [4, 4]
    across = target.T @ weighted.sum(axis=0)  # [3, 4]
    return np.asarray(np.linalg.solve(spread, across.T).T)

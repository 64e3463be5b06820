"""How far solved vertices lie from their true places, over all frames: overall, by region, by axis, after alignment.

Rule: sums grow with every shot and are small; nothing of a shot is kept.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import MM_PER_CM
from training.panel.face import Face
from training.panel.shot import SolvedShot

_BIN_MM, _NUM_BINS = 0.002, 50_000  # percentiles to 2 micrometres, of distances up to 10 cm


@dataclass(frozen=True, slots=True)
class Distances:
    """Over a set of vertices of all frames, mm.

    Args:
        rmse_mm: Root mean squared Euclidean distance (Laine et al. 2017, section 5).
        mean_mm: Mean distance.
        p95_mm: 95 % of the distances are below.
        max_mm: The worst vertex of the worst frame.
        image_plane_mm: The part of `rmse_mm` across the front camera's picture: x and y.
        depth_mm: The part along its line of sight: z. Their squares add up to that of `rmse_mm`.
    """

    rmse_mm: float
    mean_mm: float
    p95_mm: float
    max_mm: float
    image_plane_mm: float
    depth_mm: float


@dataclass(frozen=True, slots=True)
class Aligned:
    """What remains of `rmse_mm` over the animated vertices when every frame is first carried onto its truth, mm.

    Args:
        rigid_mm: By the best rotation and translation.
        affine_mm: By the best affine map.
    """

    rigid_mm: float
    affine_mm: float


class _Tally:
    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._squares_mm2 = np.zeros(3)
        self._sum_mm = self._max_mm = 0.0
        self._counts = np.zeros(_NUM_BINS, np.int64)

    def add(self, error_mm: np.ndarray) -> None:
        error = error_mm[:, self._rows]
        self._squares_mm2 += np.einsum("nvi,nvi->i", error, error, dtype=np.float64)
        distances = np.sqrt(np.einsum("nvi,nvi->nv", error, error))
        self._sum_mm += float(distances.sum(dtype=np.float64))
        self._max_mm = max(self._max_mm, float(distances.max(initial=0.0)))
        bins = np.minimum(distances.ravel() / _BIN_MM, _NUM_BINS - 1).astype(np.int32)
        self._counts += np.bincount(bins, minlength=_NUM_BINS)

    def result(self) -> Distances:
        num = int(self._counts.sum())
        x, y, z = self._squares_mm2 / num
        p95_bin = int(np.searchsorted(np.cumsum(self._counts), 0.95 * num))
        return Distances(
            rmse_mm=float(np.sqrt(x + y + z)),
            mean_mm=self._sum_mm / num,
            p95_mm=min(self._max_mm, (p95_bin + 0.5) * _BIN_MM),
            max_mm=self._max_mm,
            image_plane_mm=float(np.sqrt(x + y)),
            depth_mm=float(np.sqrt(z)),
        )


class DistanceTally:
    """Distances over everything a panel looks at.

    Args:
        face: Which vertices.
    """

    def __init__(self, face: Face) -> None:
        self._face = face
        self._animated = _Tally(face.animated)
        self._regions = [(name, rows, _Tally(rows)) for name, rows in face.regions]
        self._num_frames = 0
        self._rigid_mm2 = self._affine_mm2 = 0.0  # sums over frames of a frame's mean squared distance

    def add(self, shot: SolvedShot) -> None:
        """Measure a shot."""
        self._num_frames += shot.num_frames
        for part in shot.slices():
            truth, solved = np.asarray(shot.truth[part]), np.asarray(shot.solved[part])
            error_mm = (solved - truth) * MM_PER_CM
            for tally in (self._animated, *(tally for _, _, tally in self._regions)):
                tally.add(error_mm)
            rows = self._face.animated
            rigid, affine = aligned_squares_mm2(solved[:, rows], truth[:, rows])
            self._rigid_mm2 += float(rigid.sum())
            self._affine_mm2 += float(affine.sum())

    def overall(self) -> Distances:
        """Over the animated vertices."""
        return self._animated.result()

    def regions(self) -> list[tuple[str, int, Distances]]:
        """Name, number of vertices and distances of each region."""
        return [(name, len(rows), tally.result()) for name, rows, tally in self._regions]

    def aligned(self) -> Aligned:
        """After alignment, over the animated vertices."""
        return Aligned(
            float(np.sqrt(self._rigid_mm2 / self._num_frames)), float(np.sqrt(self._affine_mm2 / self._num_frames))
        )


def aligned_squares_mm2(solved: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[n], [n]: mean squared distance of each frame's vertices after rigid (Kabsch 1976) and after affine alignment.

    Args:
        solved: [n, V, 3] cm, carried onto the truth.
        truth: [n, V, 3] cm.
    """
    p = solved.astype(np.float64) - solved.mean(axis=1, keepdims=True, dtype=np.float64)
    q = truth.astype(np.float64) - truth.mean(axis=1, keepdims=True, dtype=np.float64)
    across = p.transpose(0, 2, 1) @ q  # [n, 3, 3]
    left, _, right = np.linalg.svd(across)
    flips = np.sign(np.linalg.det(left @ right))  # a reflection is never an answer
    left[:, :, 2] *= flips[:, None]
    rigid = p @ (left @ right) - q
    affine = p @ (np.linalg.pinv(p.transpose(0, 2, 1) @ p) @ across) - q
    rigid_mm2, affine_mm2 = (
        np.einsum("nvi,nvi->n", rest, rest) / truth.shape[1] * MM_PER_CM**2 for rest in (rigid, affine)
    )
    return rigid_mm2, affine_mm2

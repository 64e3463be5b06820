"""What a data set's performances reach: every unit's use, what goes together, and how richly the mesh moves.

Rule: meshes are streamed; what is kept grows with the vertices and the sketch, not with the frames.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

ACTIVE = 0.05  # a unit below this does nothing to be seen
REACHED = 0.9
# No face can do these: closed lips hide only so much jaw.
EXCLUSIVE_UNITS = ("mouthClose",)
_BLOCK_ROWS = 192


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """How a data set uses the expression units.

    Args:
        units: Names, in the order of the arrays.
        num_frames: Looked at.
        maximum: [52] the most of each unit.
        percentile_95: [52] what it exceeds in a twentieth of all frames.
        active_share: [52] share of the frames in which it is above `ACTIVE`.
        clipped_share: [52] share of the frames in which it is at its very end.
        together: [52, 52] share of the frames in which both are active.
    """

    units: tuple[str, ...]
    num_frames: int
    maximum: np.ndarray
    percentile_95: np.ndarray
    active_share: np.ndarray
    clipped_share: np.ndarray
    together: np.ndarray

    def unreached(self, wanted: float = REACHED) -> tuple[str, ...]:
        """Units that never come up to `wanted`, without those that no face can bring there."""
        return tuple(
            unit
            for unit, value in zip(self.units, self.maximum, strict=True)
            if value < wanted and unit not in EXCLUSIVE_UNITS
        )


def coverage_of(performances: Iterable[np.ndarray], units: tuple[str, ...]) -> Coverage:
    """Measure.

    Args:
        performances: [N, 52] weights of each shot.
        units: Their names.

    Raises:
        ValueError: There is no frame, or a shot has another number of units.
    """
    shots = [np.asarray(weights, np.float32) for weights in performances]
    if not shots or not sum(len(shot) for shot in shots):
        raise ValueError("there is no frame to look at")
    for shot in shots:
        if shot.ndim != 2 or shot.shape[1] != len(units):
            raise ValueError(f"expected weights [N, {len(units)}], got {shot.shape}")
    weights = np.concatenate(shots)
    is_active = (weights > ACTIVE).astype(np.float32)
    return Coverage(
        units,
        len(weights),
        maximum=weights.max(0),
        percentile_95=np.percentile(weights, 95, axis=0),
        active_share=is_active.mean(0),
        clipped_share=(weights >= 1.0).mean(0),
        together=is_active.T @ is_active / len(weights),
    )


class MeshMotion:
    """How far and in how many ways the meshes of a data set move; fed piece by piece.

    Args:
        neutral: [V, 3] cm, the resting mesh.
        rows: Vertices to look at; all where none are given.
        num_kept: Directions of motion to keep count of; the variance beyond them is known, its directions are not.
    """

    def __init__(self, neutral: np.ndarray, rows: np.ndarray | None = None, num_kept: int = 256) -> None:
        self._rows = np.arange(len(neutral)) if rows is None else np.asarray(rows)
        self._neutral = np.asarray(neutral, np.float32)[self._rows]
        self._num_kept = num_kept
        size = self._neutral.size
        self._sketch = np.zeros((0, size), np.float32)  # its rows' outer products sum up to those of all frames
        self._waiting: list[np.ndarray] = []
        self._sum = np.zeros(size)
        self._square_sum = 0.0
        self._furthest_cm = 0.0
        self.num_frames = 0

    def add(self, vertices: np.ndarray) -> None:
        """Take in [N, V, 3] meshes, cm."""
        offsets = np.asarray(vertices, np.float32)[:, self._rows] - self._neutral
        if not len(offsets):
            return
        self._furthest_cm = max(self._furthest_cm, float(np.sqrt((offsets**2).sum(2).max())))
        flat = offsets.reshape(len(offsets), -1)
        self._sum += flat.sum(0, dtype=np.float64)
        self._square_sum += float(np.einsum("ij,ij->", flat, flat, dtype=np.float64))
        self.num_frames += len(flat)
        self._waiting.append(flat)
        if sum(map(len, self._waiting)) >= _BLOCK_ROWS:
            self._fold()

    @property
    def furthest_cm(self) -> float:
        """The longest way of any vertex from its rest."""
        return self._furthest_cm

    @property
    def rms_cm(self) -> float:
        """Root mean square distance of a vertex from its mean place."""
        self._check()
        return float(np.sqrt(self._centred_square_sum() / self.num_frames / len(self._rows)))

    def num_components(self, share: float) -> int:
        """How many principal components explain this share (0..1) of the variance.

        Raises:
            ValueError: The kept directions do not reach that far.
        """
        self._check()
        self._fold()
        total = self._centred_square_sum()
        if total <= 0:
            return 0
        explained = np.cumsum(self._variances()) / total
        count = int(np.searchsorted(explained, share)) + 1
        if count > len(explained):
            raise ValueError(f"{self._num_kept} directions explain {explained[-1]:.5f} of the variance, not {share}")
        return count

    def _variances(self) -> np.ndarray:
        """Sums of squares along the principal components, largest first."""
        mean_row = (self._sum / np.sqrt(self.num_frames)).astype(np.float32)
        rows = np.vstack([self._sketch, mean_row])
        # Scatter about the mean is S'S - mm': one row counts negatively, in the small space of the rows themselves.
        signs = np.append(np.ones(len(self._sketch)), -1.0)
        gram = rows.astype(np.float64) @ rows.T.astype(np.float64)
        values, vectors = np.linalg.eigh(gram)
        values = np.clip(values, 0, None)
        root = (vectors * np.sqrt(values)) @ vectors.T
        return np.clip(np.linalg.eigvalsh(root * signs @ root)[::-1], 0, None)

    def _fold(self) -> None:
        """Take waiting frames into the sketch: the strongest directions of both together stay."""
        if not self._waiting:
            return
        rows = np.vstack([self._sketch, *self._waiting])
        self._waiting = []
        if len(rows) <= self._num_kept:
            self._sketch = rows
            return
        _, vectors = np.linalg.eigh(rows @ rows.T)
        self._sketch = vectors[:, -self._num_kept :].T @ rows

    def _centred_square_sum(self) -> float:
        return max(0.0, self._square_sum - float(self._sum @ self._sum) / self.num_frames)

    def _check(self) -> None:
        if not self.num_frames:
            raise ValueError("no mesh was looked at")

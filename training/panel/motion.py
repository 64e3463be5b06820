"""Motion: is it as large as the actor's? And how far would a face be off that never moves?

Rule: sums over frames for every coordinate, taken from the neutral face so that float64 loses nothing.
"""

import numpy as np

from engine.mesh import MM_PER_CM
from training.panel.face import Face
from training.panel.shot import SolvedShot

_LEAST_MM2 = 1e-6  # mean square motion of a set below which it stands still


class MotionTally:
    """Sums of true and solved motion.

    Args:
        face: Whose neutral mesh motion is taken from.
    """

    def __init__(self, face: Face) -> None:
        self._neutral = face.neutral
        self._num_frames = 0
        shape = self._neutral.shape
        self._x, self._y, self._xx, self._xy = (np.zeros(shape) for _ in range(4))

    def add(self, shot: SolvedShot) -> None:
        """Add a shot."""
        self._num_frames += shot.num_frames
        for part in shot.slices():
            x = (shot.truth[part] - self._neutral).astype(np.float64) * MM_PER_CM
            y = (shot.solved[part] - self._neutral).astype(np.float64) * MM_PER_CM
            self._x += x.sum(axis=0)
            self._y += y.sum(axis=0)
            self._xx += np.einsum("nvi,nvi->vi", x, x)
            self._xy += np.einsum("nvi,nvi->vi", x, y)

    def attenuation(self, rows: np.ndarray) -> float | None:
        """The slope of solved on true motion, each about its own mean over all frames, over a set of vertices.

        Sum over coordinates and frames of (x - mean x)(y - mean y), divided by that of (x - mean x) squared: 1 = full
        motion, 0 = none, and noise of the solved mesh does not change it. None where the set stands still.
        """
        xx = self._covariance(self._xx, self._x, rows)
        if xx / (self._num_frames * max(len(rows), 1)) < _LEAST_MM2:
            return None
        x, y = self._x[rows], self._y[rows]
        return float((self._xy[rows] - x * y / self._num_frames).sum()) / xx

    def mean_face_rmse_mm(self, rows: np.ndarray) -> float:
        """The error of the mean of all true frames shown in every frame: the best a face does that never moves."""
        return float(np.sqrt(max(0.0, self._covariance(self._xx, self._x, rows)) / (self._num_frames * len(rows))))

    def _covariance(self, squares: np.ndarray, sums: np.ndarray, rows: np.ndarray) -> float:
        return float((squares[rows] - sums[rows] ** 2 / self._num_frames).sum())

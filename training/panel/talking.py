"""The two figures by which talking faces are compared in the literature (Xing et al. 2023, "CodeTalker", section 4.2).

Rule: each is given as the paper words it, in mm, and as the authors' published program computes it, from squared
lengths, in mm2; figures of others are nearly always the latter.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import MM_PER_CM
from training.panel.curves import Curves
from training.panel.face import Face
from training.panel.shot import SolvedShot


@dataclass(frozen=True, slots=True)
class Talking:
    """Lip vertex error and upper-face dynamics deviation.

    Args:
        lip_vertex_error_mm: Mean over all frames of the largest distance of a lip vertex; None without lips.
        lip_vertex_error_mm2: The same of squared distances.
        upper_face_dynamics_mm: Mean over shots, and over the vertices of the upper face, of the standard deviation over
            time of the true motion's length minus that of the solved motion's; motion is from the neutral face.
            Positive: the solved face moves less. None without an upper face.
        upper_face_dynamics_mm2: The same of squared lengths.
    """

    lip_vertex_error_mm: float | None
    lip_vertex_error_mm2: float | None
    upper_face_dynamics_mm: float | None
    upper_face_dynamics_mm2: float | None


class UpperFaceTally:
    """Upper-face dynamics, shot by shot.

    Args:
        face: Which vertices.
    """

    def __init__(self, face: Face) -> None:
        self._rows, self._neutral = face.upper_face, face.neutral[face.upper_face]
        self._deviations: list[np.ndarray] = []  # of each shot: by length, mm, and by squared length, mm2

    def add(self, shot: SolvedShot) -> None:
        """Measure a shot."""
        if not self._rows.size or not shot.num_frames:
            return
        lengths = []
        for meshes in (shot.truth, shot.solved):
            parts = [
                np.linalg.norm(meshes[part][:, self._rows] - self._neutral, axis=2) * MM_PER_CM
                for part in shot.slices()
            ]
            lengths.append(np.concatenate(parts).astype(np.float64))  # [N, rows]
        truth, solved = lengths
        self._deviations.append(
            np.array([
                np.mean(truth.std(axis=0) - solved.std(axis=0)),
                np.mean((truth**2).std(axis=0) - (solved**2).std(axis=0)),
            ])
        )  # fmt: skip

    def result(self) -> tuple[float, float] | None:
        """By length, mm, and by squared length, mm2."""
        if not self._deviations:
            return None
        by_length, by_square = np.mean(self._deviations, axis=0)
        return float(by_length), float(by_square)


def talking(shots: list[Curves], upper_face: UpperFaceTally) -> Talking | None:
    """Both figures; None where the mesh has neither lips nor an upper face."""
    worst_mm = np.concatenate([shot.lip_worst_mm for shot in shots])
    dynamics = upper_face.result()
    if not worst_mm.size and dynamics is None:
        return None
    return Talking(
        lip_vertex_error_mm=float(worst_mm.mean()) if worst_mm.size else None,
        lip_vertex_error_mm2=float((worst_mm**2).mean()) if worst_mm.size else None,
        upper_face_dynamics_mm=dynamics[0] if dynamics else None,
        upper_face_dynamics_mm2=dynamics[1] if dynamics else None,
    )

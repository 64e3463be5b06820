"""A shot as curves: a few numbers for every frame, from which all measures of time and contact are made.

Rule: every mesh is read once here, in stretches; a curve is small, so an hour of them fits in memory.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from engine.mesh import MM_PER_CM
from training.panel.face import Face
from training.panel.shot import SolvedShot

_THIRD_DIFFERENCE = 3  # frames a jerk reaches back


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The curves of one performance, true or solved.

    Args:
        steps_mm: [N - 1] root mean square way of the animated vertices from one frame to the next, mm.
        jerks_mm: [N - 3] root mean square third difference of the animated vertices, mm per frame cubed.
        lip_gaps_mm: [N, pairs] distance of each pair of lip vertices, mm.
        lid_gaps_mm: Of the left and the right eye, [N, pairs] each, mm.
        brow_heights_mm: [N, 2] mean height of the left and the right brow, mm; zeros where the mesh has none.
    """

    steps_mm: np.ndarray
    jerks_mm: np.ndarray
    lip_gaps_mm: np.ndarray
    lid_gaps_mm: tuple[np.ndarray, np.ndarray]
    brow_heights_mm: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """One shot.

    Args:
        name: Of the shot.
        rate: Frames per second.
        first_frame: Of the shot, where the curves begin.
        rmse_mm: [N] over the animated vertices of each frame.
        worst_mm: [N] the animated vertex furthest from its place.
        lip_worst_mm: [N] the same over the lips; empty where the mesh has none.
        false_steps_mm: [N - 1] root mean square way of the error itself from one frame to the next, mm.
        truth: How the actor moved.
        solved: How the solved mesh moves.
    """

    name: str
    rate: Fraction
    first_frame: int
    rmse_mm: np.ndarray
    worst_mm: np.ndarray
    lip_worst_mm: np.ndarray
    false_steps_mm: np.ndarray
    truth: Motion
    solved: Motion

    @classmethod
    def of(cls, face: Face, shot: SolvedShot) -> "Curves":
        """Read a shot."""
        squares, false_steps, lip_worst = [], [], []
        for part in shot.slices():
            error = (shot.solved[part] - shot.truth[part]) * MM_PER_CM
            square = np.einsum("nvi,nvi->nv", error, error)
            squares.append(_columns(square[:, face.animated].mean(1, np.float64), square[:, face.animated].max(1)))
            if face.lips.size:
                lip_worst.append(square[:, face.lips].max(1))
        for part in shot.slices(overlap=1):
            error = shot.solved[part][:, face.animated] - shot.truth[part][:, face.animated]
            false_steps.append(_rms_mm(np.diff(error, axis=0)))
        roots = np.sqrt(np.concatenate(squares))
        return cls(
            name=shot.name,
            rate=shot.rate,
            first_frame=shot.first_frame,
            rmse_mm=roots[:, 0],
            worst_mm=roots[:, 1],
            lip_worst_mm=np.sqrt(np.concatenate(lip_worst)) if lip_worst else np.empty(0),
            false_steps_mm=np.concatenate(false_steps),
            truth=_motion(face, shot, shot.truth),
            solved=_motion(face, shot, shot.solved),
        )


def _motion(face: Face, shot: SolvedShot, meshes: np.ndarray) -> Motion:
    steps, jerks, heights = [], [], []
    gaps: tuple[list[np.ndarray], ...] = ([], [], [])
    all_pairs = (face.lip_pairs, *face.lid_pairs)
    for part in shot.slices(overlap=_THIRD_DIFFERENCE):
        read = np.asarray(meshes[part])
        fresh = read[_THIRD_DIFFERENCE if part.start else 0 :]
        animated = read[:, face.animated]
        steps.append(_rms_mm(np.diff(animated[_THIRD_DIFFERENCE - 1 if part.start else 0 :], axis=0)))
        jerks.append(_rms_mm(np.diff(animated, _THIRD_DIFFERENCE, axis=0)))
        for pairs, into in zip(all_pairs, gaps, strict=True):
            into.append(np.linalg.norm(fresh[:, pairs[:, 0]] - fresh[:, pairs[:, 1]], axis=2) * MM_PER_CM)
        heights.append(
            np.stack([fresh[:, rows, 1].sum(1) * MM_PER_CM / max(rows.size, 1) for rows in face.brows], axis=1)
        )
    lips, left, right = (np.concatenate(into) for into in gaps)
    return Motion(np.concatenate(steps), np.concatenate(jerks), lips, (left, right), np.concatenate(heights))


def _rms_mm(vectors_cm: np.ndarray) -> np.ndarray:
    """[n] of [n, V, 3]."""
    square = np.einsum("nvi,nvi->n", vectors_cm, vectors_cm, dtype=np.float64)
    return np.asarray(np.sqrt(square / vectors_cm.shape[1]) * MM_PER_CM)


def _columns(*columns: np.ndarray) -> np.ndarray:
    return np.stack([column.astype(np.float64) for column in columns], axis=1)

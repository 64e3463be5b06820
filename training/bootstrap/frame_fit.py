"""One frame: which head pose and which expression weights put the mesh's landmarks where the host saw them?

Bounded Gauss-Newton steps, each solved by SciPy (`lsq_linear`).
Rule: the host's scores say which expression it is, its landmarks how far it goes on this very head.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from training.bootstrap.pinhole import HeadPose, Pinhole
from training.bootstrap.rig_points import RigPoints

# How far a weight may be from the host's score. Looser, a smile becomes a dropped jaw, and a mouth at rest stands open.
_SCORE_DEVIATION = 0.05
_BROW_DEVIATION = 0.3  # of brows scores tell less than landmarks do
_MOST_STEPS = 60  # of the bounded solver; it takes a few


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What the host said of one frame, for the places on the mesh.

    Args:
        landmarks: [n, 2] pixels, by the places' order.
        unit_px: Between the outer corners of the eyes.
        scores: [52] 0..1 by the rig's order; negative holds the unit at zero.
        lip_seal: 0..1, how surely the lips touch all along.
    """

    landmarks: np.ndarray
    unit_px: float
    scores: np.ndarray
    lip_seal: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameFit:
    """A solved frame.

    Args:
        pose: Of the head.
        weights: [52] 0..1.
    """

    pose: HeadPose
    weights: np.ndarray


def errors_px(points: RigPoints, camera: Pinhole, sighting: Sighting, fit: FrameFit) -> np.ndarray:
    """[n, 2] seen minus solved."""
    solved = camera.project(fit.pose.place(points.at(fit.weights, sighting.lip_seal)))
    return np.asarray(sighting.landmarks - solved)


def first_guess(points: RigPoints, camera: Pinhole, sighting: Sighting, neutral: np.ndarray) -> FrameFit:
    """The face at rest, upright, as large and where it is seen.

    Args:
        points: Of the head.
        camera: That saw it.
        sighting: What was seen.
        neutral: [n, 3] the landmarks at rest.
    """
    size_cm = np.ptp(neutral[:, :2], axis=0).max()
    size_px = np.ptp(sighting.landmarks, axis=0).max()
    away = camera.focal_px * size_cm / size_px
    middle = (sighting.landmarks.mean(axis=0) - [camera.width_px / 2, camera.height_px / 2]) * away / camera.focal_px
    shift = np.array([middle[0], -middle[1], -away]) - neutral.mean(axis=0)
    return FrameFit(HeadPose(np.eye(3), shift), np.zeros(len(sighting.scores)))


def fit_frame(points: RigPoints, camera: Pinhole, sighting: Sighting, start: FrameFit, num_steps: int) -> FrameFit:
    """Improve a guess.

    Args:
        points: Of the head.
        camera: That saw it.
        sighting: What was seen.
        start: The guess, such as the frame before.
        num_steps: Each is a pose of the rig and a small bounded least-squares problem.
    """
    per_px = 1 / (sighting.unit_px * points.places.spread)
    num_units = len(sighting.scores)
    is_brow = np.char.startswith(points.rig.units, "brow")
    deviations = np.where(is_brow, _BROW_DEVIATION, _SCORE_DEVIATION)
    prior = np.concatenate([np.zeros((num_units, 6)), np.diag(1 / deviations)], axis=1)
    wanted, most = np.maximum(sighting.scores, 0), np.where(sighting.scores < 0, 1e-9, 1.0)
    fit = start
    for _ in range(num_steps):
        on_head = points.at(fit.weights, sighting.lip_seal)
        placed = fit.pose.place(on_head)
        off = (sighting.landmarks - camera.project(placed)) * per_px[:, None]
        by_place = camera.slopes(placed) * per_px[:, None, None]
        by_pose = by_place @ fit.pose.slopes(on_head)
        by_weights = by_place @ (fit.pose.turn @ points.slopes.transpose(1, 2, 0))
        slopes = np.concatenate([np.concatenate([by_pose, by_weights], axis=2).reshape(-1, 6 + num_units), prior])
        errors = np.concatenate([off.ravel(), (wanted - fit.weights) / deviations])
        step = _bounded_step(slopes, errors, fit.weights, most)
        fit = FrameFit(fit.pose.moved(step[:6]), np.clip(fit.weights + step[6:], 0, most))
    return fit


def _bounded_step(slopes: np.ndarray, errors: np.ndarray, weights: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Least squares of `slopes @ step = errors` with weights that stay in 0..most."""
    free = np.full(6, np.inf)
    low, high = np.concatenate([-free, -weights]), np.concatenate([free, np.maximum(most - weights, 1e-9 - weights)])
    root = np.linalg.cholesky(slopes.T @ slopes + 1e-9 * np.eye(len(low)))
    right = np.linalg.solve(root, slopes.T @ errors)
    return np.asarray(lsq_linear(root.T, right, (low, high), method="bvls", max_iter=_MOST_STEPS).x)

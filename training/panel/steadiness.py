"""Steadiness: what trembles while the face is still, and what is rougher than the actor moves.

Rule: both stand beside the truth's own, measured in the same frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.panel.contact import runs
from training.panel.curves import Curves

STILL_MM_PER_S = 0.6  # root mean square speed of the animated vertices below which a face is still: 0.02 mm a frame
_STILL_S = 0.1  # at least
_CALMEST_SHARE = 0.05  # of all steps, where no face is still
_CALM_S = 0.5  # about a step: a moving face that turns back stands still for one


@dataclass(frozen=True, slots=True)
class Jitter:
    """Motion from frame to frame of a still face.

    Args:
        solved_mm: Root mean square way of an animated vertex of the solved mesh, mm a frame.
        truth_mm: The truth's own.
        false_mm: Of the error: what remains without the truth's motion.
        num_steps: From one frame to the next, measured.
        is_still: Whether the face was still; otherwise these are the steps amid the calmest half seconds there were.
    """

    solved_mm: float
    truth_mm: float
    false_mm: float
    num_steps: int
    is_still: bool


def jitter(shots: Sequence[Curves]) -> Jitter | None:
    """Of the still stretches of all shots; None where no shot has two frames."""
    steps = np.concatenate([_steps(shot) for shot in shots]) if shots else np.empty((0, 3))
    if not len(steps):
        return None
    is_still = np.concatenate([still_steps(shot) for shot in shots])
    has_still = bool(is_still.any())
    if not has_still:
        motion = np.concatenate([_motion_around(shot) for shot in shots])
        is_still[np.argsort(motion, kind="stable")[: max(1, round(_CALMEST_SHARE * len(steps)))]] = True
    solved, truth, false = np.sqrt(np.mean(steps[is_still] ** 2, axis=0))
    return Jitter(float(solved), float(truth), float(false), int(is_still.sum()), has_still)


def still_steps(shot: Curves) -> np.ndarray:
    """[N - 1] bool: the steps of stretches of a tenth of a second or more in which the truth hardly moves."""
    is_slow = shot.truth.steps_mm * float(shot.rate) <= STILL_MM_PER_S
    is_still = np.zeros(len(is_slow), bool)
    for first, end in runs(is_slow):
        if end - first >= _STILL_S * float(shot.rate):
            is_still[first:end] = True
    return is_still


def _motion_around(shot: Curves) -> np.ndarray:
    """[N - 1] mean square of the truth's speed in the half second about each step, or what the shot has of it."""
    reach = max(1, round(_CALM_S * float(shot.rate) / 2))
    sums = np.concatenate([[0.0], np.cumsum((shot.truth.steps_mm * float(shot.rate)) ** 2)])
    steps = np.arange(len(sums) - 1)
    first, end = np.maximum(steps - reach, 0), np.minimum(steps + reach + 1, len(steps))
    return np.asarray((sums[end] - sums[first]) / (end - first))


def jerk_ratio(shots: Sequence[Curves]) -> float | None:
    """Root mean square jerk of the solved meshes over the truth's, all frames; 1 = as smooth as the actor.

    None where the truth never moves. Shots of different frame rates are weighed by their jerk a second.
    """
    solved = truth = 0.0
    for shot in shots:
        per_s3 = float(shot.rate) ** 3
        solved += float(((shot.solved.jerks_mm * per_s3) ** 2).sum())
        truth += float(((shot.truth.jerks_mm * per_s3) ** 2).sum())
    return float(np.sqrt(solved / truth)) if truth > 0 else None


def _steps(shot: Curves) -> np.ndarray:
    return np.stack([shot.solved.steps_mm, shot.truth.steps_mm, shot.false_steps_mm], axis=1)

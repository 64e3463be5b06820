"""Mends the sculpted lower lip, which has few columns and comes to a point in the middle.

Rule: places and units are smoothed along the lip's rings only; corners stay where they are.
"""

import numpy as np

from training.actor.anatomy import Anatomy
from training.actor.rings import mouth_rings

_STIFFNESS_CM3 = 0.05  # how strongly bends count against faithfulness
_FULLNESS = 0.7  # an opening's depth along the lip is (1 - t^2)^this: 0.5 would be an ellipse
_RINGS = (-5, 8)
_FADE_RINGS = 4


def round_lower_lip(anatomy: Anatomy, shape: np.ndarray, deltas: np.ndarray) -> None:
    """Round the lower lip and how units move it, in place.

    Args:
        anatomy: The base.
        shape: [V, 3] cm, the actor.
        deltas: [52, V, 3] cm.
    """
    rings = mouth_rings()
    left, right = rings.corners()
    columns = np.array([left, *rings.lower, right])
    moving = [index for index, unit in enumerate(anatomy.units) if unit.startswith(("mouth", "jaw"))]
    for number in range(_RINGS[0], _RINGS[1] + 1):
        rows = rings.ring(number)[columns]
        share = min(1.0, (_RINGS[1] + 1 - number) / _FADE_RINGS)
        change = share * _rounding(-anatomy.base[rows, 0])
        deltas[np.ix_(moving, rows)] += np.einsum("ij,ujk->uik", change, deltas[np.ix_(moving, rows)])
        opened = _oval(anatomy, deltas, rows, "jawOpen") * share
        deltas[anatomy.units.index("jawOpen"), rows, 1:] += opened
        deltas[anatomy.units.index("mouthClose"), rows, 1:] -= opened  # which undoes the opening
        if number > 0:  # the rings that touch keep the lips' line
            shape[rows] += change @ shape[rows]


def _oval(anatomy: Anatomy, deltas: np.ndarray, rows: np.ndarray, unit: str) -> np.ndarray:
    """[n, 2] what a unit lacks in y and z to open the lip as an oval rather than as a V."""
    sculpted = deltas[anatomy.units.index(unit), rows, 1:]
    x = anatomy.base[rows, 0]
    corner, middle = sculpted[[0, -1]].mean(0), sculpted[len(rows) // 2]
    depth = np.clip(1 - np.square(x / np.abs(x[[0, -1]]).mean()), 0, 1) ** _FULLNESS
    change = corner + depth[:, None] * (middle - corner) - sculpted
    change[[0, -1]] = 0
    return np.asarray(change)


def _rounding(x: np.ndarray) -> np.ndarray:
    """[n, n] what smoothing adds to values at increasing x: least second divided differences (Whittaker 1923)."""
    x = np.maximum.accumulate(x) + 1e-3 * np.arange(len(x))
    count = len(x)
    bends = np.zeros((count - 2, count))
    for i in range(1, count - 1):
        before, behind = x[i] - x[i - 1], x[i + 1] - x[i]
        width = np.sqrt((before + behind) / 2)
        bends[i - 1, i - 1 : i + 2] = np.array([1 / before, -1 / before - 1 / behind, 1 / behind]) / width
    spacing = np.gradient(x)
    faithful = np.diag(spacing)
    inner = np.s_[1:-1]
    system = faithful + _STIFFNESS_CM3 * bends.T @ bends
    change = np.zeros((count, count))
    # Corners are given: solve for what lies between.
    target = faithful[inner].copy()
    target[:, [0, -1]] -= system[inner][:, [0, -1]]
    change[inner] = np.linalg.solve(system[inner, inner], target)
    change[inner] -= np.eye(count)[inner]
    return change

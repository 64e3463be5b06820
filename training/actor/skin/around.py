"""Where a texel lies about an eye or the mouth: how far along the opening, and how many loops away from its edge.

Rule: both run smoothly over the mesh, so what is drawn in them has no blocks and moves with the lids and lips.
"""

from dataclasses import dataclass

import numpy as np

from training.actor.canvas import Canvas
from training.actor.rings import Rings

_NOWHERE = -99.0


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """Texels about one opening.

    Args:
        rows: [N] int64 rows of the canvas.
        ring: [N] float32, 0 at the edge, negative inside.
        along: [N] float32, 0 at the actor's left corner, 1 at the right one.
        is_upper: [N] bool.
    """

    rows: np.ndarray
    ring: np.ndarray
    along: np.ndarray
    is_upper: np.ndarray


def around(canvas: Canvas, rings: Rings, num_vertices: int) -> Around:
    """The canvas's texels among the loops of `rings`."""
    num_rings, count = rings.rows.shape
    has_corner_columns = len(rings.upper) + len(rings.lower) < count
    order = _in_order(rings, count)
    ring_of, position_of = (np.full(num_vertices, _NOWHERE, np.float32) for _ in range(2))
    ring_of[rings.rows] = (np.arange(num_rings) + rings.first)[:, None]
    position_of[rings.rows[:, order]] = np.arange(count)

    corners = canvas.faces[canvas.triangle]
    rows = np.flatnonzero((ring_of[corners] > _NOWHERE).all(axis=1))
    corners, weights = corners[rows], canvas.barycentric[rows]
    positions = position_of[corners]
    positions[(np.ptp(positions, axis=1) > count / 2)[:, None] & (positions < count / 2)] += count
    # A corner lies on a column of its own, or half-way between two.
    past = np.mod((positions * weights).sum(1) + (0.0 if has_corner_columns else 0.5), count)
    # A mouth has more columns above than below.
    num_upper = len(rings.upper) + has_corner_columns
    is_upper = past < num_upper
    along = np.where(is_upper, past / num_upper, (count - past) / (count - num_upper))
    return Around(rows, (ring_of[corners] * weights).sum(1), along.astype(np.float32), is_upper)


def outwards(rings: Rings, places: np.ndarray) -> np.ndarray:
    """[V, 3] unit vectors along the skin away from the opening, zero elsewhere.

    Args:
        rings: Its loops.
        places: [V, 3] cm.
    """
    steps = np.gradient(places[rings.rows], axis=0)
    directions = np.zeros_like(places)
    directions[rings.rows] = steps / np.maximum(np.linalg.norm(steps, axis=-1, keepdims=True), 1e-6)
    return directions


def _in_order(rings: Rings, count: int) -> np.ndarray:
    """[C] columns once around: left corner, upper half, right corner, lower half back."""
    upper, lower = rings.upper, rings.lower[::-1]
    if len(upper) + len(lower) == count:
        return np.concatenate([upper, lower])
    missing = np.setdiff1d(np.arange(count), np.concatenate([upper, lower]))
    left = missing[np.argmin(np.abs((missing - upper[0] + count // 2) % count - count // 2))]
    right = missing[missing != left]
    return np.concatenate([[left], upper, right, lower])

"""Flesh is supple: what the sculptor's targets crease where they add up is spread over the skin around.

Rule: fields of shifts are smoothed, never places, so that the average head keeps every detail.
"""

from functools import lru_cache

import numpy as np
from scipy import sparse

from training.actor.anatomy import Anatomy, load_anatomy
from training.actor.rings import eye_rings, mouth_rings

_STEPS, _SHARE = 12, 0.5
_UNIT_STEPS = 14
_FEWEST_BESIDE, _MOST_LIFT_CM = 8, 0.05  # vertices that a forehead's curve is read from, and what it may move
_BROW_UNITS = ("browDownLeft", "browDownRight", "browInnerUp")
# A pucker draws the corners in by a third of the mouth's width; the sculpted one by a fifth.
_PUCKER = np.array([1.65, 1.15, 1.05])


def ease_creases(anatomy: Anatomy, shape: np.ndarray) -> None:
    """Round, in place, what identity targets fold into an actor's cheeks, and the forehead's middle, which has an edge.

    Args:
        anatomy: The base.
        shape: [V, 3] cm, base and weighted targets.
    """
    offset = shape - anatomy.base
    shape += _smoothed(offset, _cheeks(anatomy), _STEPS) - offset
    _round_forehead(anatomy, shape)


def ease_units(anatomy: Anatomy, deltas: np.ndarray) -> None:
    """Frowning brows meet softly, and a pucker is a whole one; in place.

    Args:
        anatomy: The base.
        deltas: [52, V, 3] cm.
    """
    for name in _BROW_UNITS:
        unit = anatomy.units.index(name)
        deltas[unit] = _smoothed(deltas[unit], _between_brows(anatomy), _UNIT_STEPS)
    deltas[anatomy.units.index("mouthPucker")] *= _PUCKER


def _round_forehead(anatomy: Anatomy, shape: np.ndarray) -> None:
    """Lay the forehead's middle line on the curve of the columns beside it."""
    home = _home(anatomy)
    is_front = (home[:, 2] > 3) & (home[:, 1] > 3.2) & (home[:, 1] < 9.5)
    is_middle = np.abs(home[:, 0]) < 0.05
    places = shape.copy()
    for row in np.flatnonzero(is_front & is_middle):
        aside, above = np.abs(home - home[row])[:, :2].T
        near = np.flatnonzero(is_front & ~is_middle & (aside < 1.9) & (above < 0.7))
        if len(near) < _FEWEST_BESIDE:
            continue
        x, y, z = (places[near] - places[row]).T
        powers = np.stack([np.ones(len(near)), x, y, x**2, y**2], axis=1)
        lift = np.linalg.lstsq(powers, z, rcond=None)[0][0]
        shape[row, 2] += np.clip(lift, -_MOST_LIFT_CM, _MOST_LIFT_CM)


def _smoothed(field: np.ndarray, share: np.ndarray, steps: int) -> np.ndarray:
    average = _averaging()
    for _ in range(steps):
        field = field + (_SHARE * share)[:, None] * (average @ field - field)
    return field


def _home(anatomy: Anatomy) -> np.ndarray:
    ears = anatomy.base[anatomy.masks["ears"] > 0]
    return np.asarray(anatomy.base - (ears.max(0) + ears.min(0)) / 2)


def _cheeks(anatomy: Anatomy) -> np.ndarray:
    """[V] 0..1: the cheeks, without lids, lips and nose, fading out."""
    share = np.zeros(len(anatomy.base))
    home = _home(anatomy)
    aside, height = np.abs(home[:, 0]), home[:, 1]
    skin = anatomy.parts["skin"]
    near = (aside > 1.3) & (aside < 6.5) & (height < 0.6) & (height > -6.5) & (home[:, 2] > 2)
    share[skin] = near[skin]
    share[mouth_rings().span(mouth_rings().first, 4)] = 0
    # The nose's wings are narrow folds of their own.
    share[(aside < 1.7) & (height < -0.6) & (height > -3.2)] = 0
    for side in (0, 1):
        share[eye_rings(side).span(eye_rings(side).first, 8)] = 0
    for _ in range(2):
        share = np.minimum(share, _averaging() @ share)
    return share


def _between_brows(anatomy: Anatomy) -> np.ndarray:
    """[V] 0..1: the middle of the forehead and the nose's root."""
    home = _home(anatomy)
    aside = np.clip((2.4 - np.abs(home[:, 0])) / 1.2, 0, 1)
    height = np.clip((home[:, 1] - 2.0) / 0.8, 0, 1) * np.clip((11.0 - home[:, 1]) / 2.0, 0, 1)
    return np.where(home[:, 2] > 3, aside * height, 0.0)


@lru_cache(maxsize=1)
def _averaging() -> sparse.csr_matrix:
    """[V, V] the mean of each vertex's neighbours."""
    quads = load_anatomy().quads
    first, second = quads.ravel(), np.roll(quads, -1, axis=1).ravel()
    num_vertices = len(load_anatomy().base)
    links = sparse.coo_matrix((np.ones(first.size), (first, second)), shape=(num_vertices, num_vertices))
    links = ((links + links.T) > 0).astype(np.float64)
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(np.asarray(links.sum(1)).ravel(), 1)) @ links)

"""Where the head was cut off the body: its ragged edge hangs down as the hem of a shirt, below any picture."""

from functools import lru_cache

import numpy as np

from training.actor.anatomy import Anatomy

_HEM_CM = -27.0  # below the ears, for everybody
_CHEST_CM, _BACK_CM = 2.0, -0.5  # a chest comes forward as it goes down
_REACH_CM = 10.0  # the cut lies within this height of the mesh's lowest vertex


def drape(anatomy: Anatomy, shape: np.ndarray) -> None:
    """Let the cut edge of `shape` ([V, 3] cm, the origin between the ears) hang; in place."""
    rows = _cut_edge(anatomy)
    is_chest = shape[rows, 2] > shape[rows, 2].mean()
    shape[rows, 1] = _HEM_CM
    shape[rows, 2] += np.where(is_chest, _CHEST_CM, _BACK_CM)


@lru_cache(maxsize=1)
def _cut_edge(anatomy: Anatomy) -> np.ndarray:
    """Vertices on edges that only one quad has, at the bottom of the skin."""
    edges = np.sort(np.stack([anatomy.quads, np.roll(anatomy.quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, counts = np.unique(edges, axis=0, return_counts=True)
    rows = np.unique(edges[counts == 1])
    heights = anatomy.base[anatomy.parts["skin"], 1]
    return rows[np.isin(rows, anatomy.parts["skin"]) & (anatomy.base[rows, 1] < heights.min() + _REACH_CM)]
